import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createAuditReader, createLineSplitter } from '@nm/watchers';

/** Lines of a Kafka authorizer's log parsed per second on one core: bytes in, events out. Goal: 300,000. */
const LINES = 300_000;
const REPEATS = 5;
const CHUNK_BYTES = 64 * 1024;

const folder = new URL('.', import.meta.url);
const log = readFileSync(new URL('../packages/watchers/src/kafka/fixtures/kafka-4.3.1-kraft.log', folder), 'utf8');
const audit = log.split('\n').filter((line) => line.includes('Principal = '));
const text = Array.from({ length: LINES }, (_, index) => audit[index % audit.length]).join('\n');
const bytes = Buffer.from(`${text}\n`);

function measure(): number {
  let events = 0;
  const reader = createAuditReader(() => (events += 1));
  const splitter = createLineSplitter((line) => reader.push(line));
  const startedAt = process.cpuUsage();
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) splitter.push(bytes.subarray(from, from + CHUNK_BYTES));
  splitter.end();
  reader.flush();
  const { user, system } = process.cpuUsage(startedAt);
  // Time of the processor, so that neighbours on the machine do not count.
  const seconds = (user + system) / 1e6;
  if (events !== LINES) throw new Error(`${events} events of ${LINES}`);
  return Math.round(LINES / seconds);
}

const rates = Array.from({ length: REPEATS }, measure).sort((a, b) => a - b);
const result = {
  what: 'Kafka log lines per second',
  lines: LINES,
  bytes: bytes.length,
  min: rates[0],
  median: rates[REPEATS >> 1],
  max: rates.at(-1),
};
mkdirSync(new URL('results/', folder), { recursive: true });
writeFileSync(new URL('results/kafka-parse.json', folder), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result));
