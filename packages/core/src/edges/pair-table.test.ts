import { expect, test } from 'vitest';
import { PairTable } from './pair-table.ts';

test('a pair has the value that it was given last, and the order of a pair matters', () => {
  const table = new PairTable();
  expect(table.get(1, 2)).toBe(-1);
  table.set(1, 2, 7);
  table.set(2, 1, 0);
  table.set(1, 2, 8);
  expect([table.get(1, 2), table.get(2, 1), table.get(2, 2), table.size]).toEqual([8, 0, -1, 2]);
});

test('it grows and keeps every pair', () => {
  const table = new PairTable();
  for (let i = 0; i < 50_000; i++) table.set(i % 300, i, i);
  let wrong = 0;
  for (let i = 0; i < 50_000; i++) if (table.get(i % 300, i) !== i) wrong += 1;
  expect([wrong, table.size, table.get(1, 0)]).toEqual([0, 50_000, -1]);
});
