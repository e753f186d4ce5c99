/**
 * Process under test: `node write-forever.ts URL INSTANCE` stores batches of its own reporter, one after the other
 * from where that reporter stopped, and prints the number of each one that was acknowledged, until it is killed.
 */
import { silentLogger } from '@nm/core';
import { createStore } from '../create-store.ts';
import { batchOf } from './numbered-batches.ts';

const [url = '', instance = ''] = process.argv.slice(2);
// Booked all the time and a few at once, so that a kill also comes between two slices.
const store = createStore(
  { clock: { now: () => Date.now() }, log: silentLogger },
  { url, changeIntervalMs: 5, bookAfterMs: 0, bookWithinMs: 0, bookingSlice: 3 },
);
await store.start();
let sequence = (await store.reporter(instance))?.sequence ?? 0;
for (;;) {
  // Two in flight, so that a kill also meets a transaction of several batches.
  const batches = [batchOf(instance, sequence + 1), batchOf(instance, sequence + 2)];
  await Promise.all(batches.map((batch) => store.applyBatch(batch)));
  sequence += batches.length;
  process.stdout.write(`${sequence}\n`);
}
