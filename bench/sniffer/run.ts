/** The sniffer alone, without the rest of the product; a mapper that is away unless an address is given. */
import { runSniffer } from '../../packages/sniffer/src/index.ts';

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await runSniffer({
  argv: ['--mapper-url', process.argv[2] ?? 'http://127.0.0.1:9', '--metrics-listen', '127.0.0.1:0', '--log-level', 'error'],
  env: {},
  cwd: process.cwd(),
  signal: stop.signal,
});
