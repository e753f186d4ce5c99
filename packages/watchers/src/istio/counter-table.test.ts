import { expect, it } from 'vitest';
import { createCounterTable, NEVER_SEEN } from './counter-table.ts';

it('answers the last value, forgets what a whole look lacked, and keeps it after a broken one', () => {
  const table = createCounterTable(10);
  table.begin();
  expect([table.look(1, 5), table.look(2, 7)]).toEqual([NEVER_SEEN, NEVER_SEEN]);
  table.end(true);
  table.begin();
  expect(table.look(1, 6)).toBe(5);
  table.end(false);
  expect(table.size).toBe(2);
  table.begin();
  expect(table.look(1, 6)).toBe(6);
  table.end(true);
  table.begin();
  expect([table.look(1, 1), table.look(2, 1)]).toEqual([6, NEVER_SEEN]);
});

it('refuses series beyond its bound and counts them', () => {
  const table = createCounterTable(100);
  table.begin();
  for (let key = 1; key <= 150; key += 1) table.look(key * 4294967296 + 3, 1);
  expect([table.size, table.refused]).toEqual([100, 50]);
  expect(table.look(150 * 4294967296 + 3, 9)).toBe(9);
  expect(table.look(7 * 4294967296 + 3, 2)).toBe(1);
});
