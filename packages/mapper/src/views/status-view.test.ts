import { expect, test } from 'vitest';
import { sumLosses } from './status-view.ts';

test('losses are summed by reason', () => {
  const entries = [{ losses: { ring: 2, spool: 1 } }, { losses: { ring: 3 } }];
  expect(sumLosses(entries)).toEqual({ ring: 5, spool: 1 });
});

test('reporters that name ever new reasons make no more than a hundred, and lose no count', () => {
  const entries = Array.from({ length: 50 }, (_, reporter) => ({
    losses: Object.fromEntries(Array.from({ length: 64 }, (__, index) => [`r${reporter}-${index}`, 1])),
  }));
  const sums = sumLosses(entries);
  expect(Object.keys(sums)).toHaveLength(101);
  expect(Object.values(sums).reduce((sum, count) => sum + count, 0)).toBe(50 * 64);
});
