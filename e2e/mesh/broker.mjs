// Prints the recorded log of a real broker over and over, its clients' addresses replaced by those of pods here.
// broker.mjs FILE RECORDED=NAME ...
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';

const [file, ...clients] = process.argv.slice(2);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
for (;;) {
  try {
    let log = lines;
    for (const client of clients) {
      const [recorded, name] = client.split('=');
      const { address } = await lookup(name, 4);
      log = log.map((line) => line.replace(`from host = ${recorded} `, `from host = ${address} `));
    }
    process.stdout.write(`${log.join('\n')}\n`);
  } catch (error) {
    process.stdout.write(`[2026-01-02 03:04:05,678] WARN no clients yet: ${error.message} (kafka.server.KafkaServer)\n`);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
