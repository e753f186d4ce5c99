import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RING_OWN_WORD, RingTable } from './ring-table.ts';

const SEED = 12_345;

describe('RingTable', () => {
  test('grows to its bound, then loses the oldest first', () => {
    const table = new RingTable(1_024, 0, SEED);
    for (let key = 0; key < 3_000; key++) {
      const place = table.add(key, -key, key);
      table.words[place + RING_OWN_WORD] = key * 3;
    }
    expect([table.size, table.isFull, table.oldestTime()]).toEqual([1_024, true, 3_000 - 1_024]);
    expect(table.find(1_975, -1_975)).toBe(-1);
    const place = table.find(1_976, -1_976);
    expect([table.words[place + RING_OWN_WORD], table.timeAt(place)]).toEqual([1_976 * 3, 1_976]);
  });

  test('entry numbers hold while the table grows, and end with the entry', () => {
    const table = new RingTable(4_096, 1, SEED);
    const entry = table.entryAt(table.add(7, 8, 1));
    for (let key = 0; key < 2_000; key++) table.add(key, 1, 2);
    expect(table.placeOf(entry)).toBe(table.find(7, 8));
    table.expire(2);
    expect([table.placeOf(entry), table.find(7, 8)]).toEqual([-1, -1]);
  });

  test('gives room back when little of it is used: entries, numbers and order stay', () => {
    const table = new RingTable(4_096, 1, SEED);
    for (let key = 0; key < 4_096; key++) table.words[table.add(key, 9, key) + RING_OWN_WORD] = key;
    table.expire(4_000);
    const entry = table.entryAt(table.find(4_050, 9));
    for (let times = 0; times < 10; times++) table.shrink(512);
    expect([table.room, table.size, table.oldestTime()]).toEqual([512, 96, 4_000]);
    expect([table.placeOf(entry), table.words[table.find(4_050, 9) + RING_OWN_WORD]]).toEqual([table.find(4_050, 9), 4_050]);
    for (let key = 4_096; key < 5_000; key++) table.add(key, 9, key);
    expect([table.room, table.size, table.find(3_999, 9)]).toEqual([1_024, 1_000, -1]);
    for (let key = 4_000; key < 5_000; key++) expect(table.timeAt(table.find(key, 9))).toBe(key);
  });

  test('a key that was added twice is found as the newer one', () => {
    const table = new RingTable(256, 0, SEED);
    table.add(1, 2, 10);
    const newer = table.add(1, 2, 20);
    expect(table.find(1, 2)).toBe(newer);
  });

  test('entry numbers beyond the bits that a bucket keeps: what lives is found, what left is not', () => {
    const table = new RingTable(256, 0, SEED);
    const last = 2_500_000;
    for (let key = 0; key <= last; key++) table.add(key % 500, key, key);
    for (let key = last - 255; key <= last; key++) expect(table.timeAt(table.find(key % 500, key))).toBe(key);
    for (let key = last - 2_000; key <= last - 256; key++) expect(table.find(key % 500, key)).toBe(-1);
  });

  test('a bucket with more entries than its own words', () => {
    const table = new RingTable(256, 0, SEED);
    // Of one key, hence in one bucket: each is reached from the newer one.
    const places = Array.from({ length: 20 }, (_, at) => table.add(5, 6, at));
    const seen: number[] = [];
    for (let place = table.find(5, 6); place >= 0; place = table.findOlder(place)) seen.push(place);
    expect(seen).toEqual(places.toReversed());
  });

  test('cleared, it holds nothing, and numbers begin again', () => {
    const table = new RingTable(256, 0, SEED);
    const first = table.entryAt(table.add(1, 2, 3));
    for (let key = 0; key < 300; key++) table.add(key, 7, 3);
    table.clear();
    expect([table.size, table.find(299, 7), table.entryAt(table.add(1, 2, 3))]).toEqual([0, -1, first]);
  });

  test('whatever is added and expired: what lives is found, what left is not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.array(fc.tuple(fc.integer(), fc.nat(600)), { maxLength: 900 }), (seed, steps) => {
        const table = new RingTable(512, 0, seed);
        const living = new Map<number, number>();
        steps.forEach(([high, lifeTime], at) => {
          table.expire(at - lifeTime);
          for (const [key, addedAt] of living) if (addedAt < at - lifeTime) living.delete(key);
          if (living.has(high)) return;
          table.add(high, high ^ seed, at);
          living.set(high, at);
          if (living.size > 512) living.delete(living.keys().next().value ?? 0);
        });
        expect(table.size).toBe(living.size);
        for (const [high] of steps) {
          const place = table.find(high, high ^ seed);
          expect(place < 0 ? undefined : table.timeAt(place)).toBe(living.get(high));
        }
      }),
      { numRuns: 200 },
    );
  });
});
