process.stderr.write('network-mapper: no commands yet\n');
process.exitCode = 2;
