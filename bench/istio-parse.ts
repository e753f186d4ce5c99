import { mkdirSync, writeFileSync } from 'node:fs';
import { createCounterTable, createHashSeeds, createScrapeReader, increases } from '@nm/watchers';
import { answer } from './support/istio-statistics.ts';

/**
 * What reading a mesh costs: 500 proxies of 2,000 series each, every 30 s, one series in a hundred risen. Prints the
 * share of one core and the memory of the tables. Goals: 10 % and 64 MiB. The network is not part of it.
 */
const PROXIES = 500;
const INTERVAL_SECONDS = 30;
const REPEATS = 3;
const MEASURED_PROXIES = 100;
const CHUNK_BYTES = 64 * 1024;

const seeds = createHashSeeds();
global.gc?.();
const before = process.memoryUsage();
const tables = Array.from({ length: PROXIES }, () => createCounterTable(20_000));
const first = answer(0);

function look(table: ReturnType<typeof createCounterTable>, body: Buffer): number {
  let risen = 0;
  table.begin();
  const reader = createScrapeReader(
    increases(table, seeds, (_, read) => {
      if (read() !== undefined) risen += 1;
    }),
  );
  for (let from = 0; from < body.length; from += CHUNK_BYTES) reader.push(body.subarray(from, from + CHUNK_BYTES));
  reader.end();
  table.end(true);
  return risen;
}

for (const table of tables) look(table, first);
const after = process.memoryUsage();
const shares: number[] = [];
for (let repeat = 1; repeat <= REPEATS; repeat += 1) {
  const body = answer(repeat);
  const startedAt = process.cpuUsage();
  for (const table of tables.slice(0, MEASURED_PROXIES)) {
    if (look(table, body) === 0) throw new Error('nothing rose');
  }
  const used = process.cpuUsage(startedAt);
  shares.push((((used.user + used.system) / 1e6) * (PROXIES / MEASURED_PROXIES)) / INTERVAL_SECONDS);
}
shares.sort((a, b) => a - b);
const percent = (share: number | undefined): number => Math.round((share ?? 0) * 1000) / 10;
const result = {
  what: '500 proxies of 2,000 series every 30 s',
  bytesPerProxy: first.length,
  percentOfCore: { min: percent(shares[0]), median: percent(shares[REPEATS >> 1]), max: percent(shares.at(-1)) },
  tablesMiB: Math.round((after.arrayBuffers - before.arrayBuffers) / 1048576),
};
const folder = new URL('results/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('istio-parse.json', folder), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result));
