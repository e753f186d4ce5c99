import { expect, test } from 'vitest';
import { CountTable } from './count-table.ts';
import { CountsWriter, decodeCounts } from './counts-blob.ts';

test('counts of one evidence and bucket are one row, whatever else is there', () => {
  const table = new CountTable();
  for (let round = 0; round < 3; round += 1) {
    for (let id = 5_000; id > 0; id -= 1) {
      table.add(id, 100, 1, 50 - round, 60 + round, false);
      table.add(id, 105, 2, 7, 7, round === 2);
    }
  }
  expect(table.size).toBe(10_000);
  const rows = Array.from(table.byId(), (row) => table.row(row));
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 10_000 }, (_, index) => Math.floor(index / 2) + 1));
  expect(rows.slice(0, 2)).toEqual([
    { id: 1, start: 100, count: 3, first: 48, last: 62, isEarly: false },
    { id: 1, start: 105, count: 6, first: 7, last: 7, isEarly: true },
  ]);
  expect(table.rowsOf(1).toReversed()).toEqual(rows.slice(0, 2));
  expect(table.rowsOf(5_001)).toEqual([]);
});

test('of thousands of buckets only the newest rows are looked through: an older one has another row, and nothing is lost', () => {
  const table = new CountTable();
  for (let start = 0; start < 3_000; start += 1) table.add(1, start, 1, 5, 5, false);
  table.add(1, 2_990, 1, 5, 5, false);
  expect(table.size).toBe(3_000);
  table.add(1, 0, 2, 5, 5, false);
  expect(table.size).toBe(3_001);
  const ofFirst = table.rowsOf(1).filter(({ start }) => start === 0);
  expect(ofFirst.map(({ count }) => count)).toEqual([2, 1]);
});

test('a table that was cleared begins anew', () => {
  const table = new CountTable();
  for (let id = 1; id <= 3_000; id += 1) table.add(id, 100, 1, 5, 5, true);
  table.clear();
  expect([...table.byId()]).toEqual([]);
  table.add(7, 100, 2, 9, 9, false);
  expect([table.size, table.row(0)]).toEqual([1, { id: 7, start: 100, count: 2, first: 9, last: 9, isEarly: false }]);
});

const ROWS: readonly [string, Parameters<CountTable['add']>][] = [
  ['nothing counted', [1, 0, 0, 0, 0, false]],
  ['one call of today', [127, 29_500_000, 1, 299_999, 299_999, true]],
  ['a start before the one before', [128, 29_499_995, 3, 0, 299_999, false]],
  ['numbers beyond 32 bits', [2 ** 33 - 1, 4_223_371_675, 2 ** 48 - 1, 1, 2, true]],
];

test.each(ROWS)('a table keeps %s', (_name, row) => {
  const table = new CountTable();
  table.add(...row);
  const [id, start, count, first, last, isEarly] = row;
  expect(table.row(0)).toEqual({ id, start, count, first, last, isEarly });
});

test('what is written is read', () => {
  const writer = new CountsWriter();
  for (const [, row] of ROWS) writer.add(...row);
  const first = writer.finish().slice();
  for (const [, row] of ROWS) writer.add(...row);
  const bytes = writer.finish();
  expect(bytes).toEqual(first);
  expect([...decodeCounts(bytes)]).toEqual(
    ROWS.map(([, [id, start, count, first, last, isEarly]]) => ({ id, start, count, first, last, isEarly })),
  );
  expect(() => [...decodeCounts(bytes.subarray(0, bytes.length - 1))]).toThrow('end too early');
});
