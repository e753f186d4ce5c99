import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FifoTable } from './fifo-table.ts';

/** Few distinct keys, so that they come again; more than there are places and first buckets. */
const key = fc.integer({ min: 0, max: 700 });

test('finds what was added, in whatever order and number; the oldest goes when it is full', () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 600, maxLength: 2_000 }), fc.integer(), (keys, seed) => {
      const table = new FifoTable(256, seed);
      const values = new Int32Array(table.capacity);
      /** In the order in which they were added. */
      const model = new Map<number, number>();
      let evicted = 0;
      for (const [index, low] of keys.entries()) {
        const high = low % 3;
        const known = table.find(high, low);
        expect(known < 0 ? undefined : values[known]).toBe(model.get(low));
        if (known >= 0) continue;
        const [oldest] = model.keys();
        if (model.size === table.capacity && oldest !== undefined) {
          model.delete(oldest);
          evicted += 1;
        }
        values[table.add(high, low)] = index;
        model.set(low, index);
      }
      expect(table.evictions).toBe(evicted);
    }),
    { numRuns: 50 },
  );
});
