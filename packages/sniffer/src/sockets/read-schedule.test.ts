import { expect, test } from 'vitest';
import { ReadSchedule } from './read-schedule.ts';

const MIN_GAP_MS = 900;
const COST_MS = 9;

/** A table that was read again and again without anything new in it, last at 10 s, with three connections open. */
function createFruitless(): ReadSchedule {
  const schedule = new ReadSchedule(MIN_GAP_MS);
  for (let second = 0; second < 10; second++) schedule.read(1, 3, second * 1_000, COST_MS, false);
  schedule.read(2, 3, 10_000, COST_MS, false);
  return schedule;
}

test('a connection at rest costs nothing', () => {
  const schedule = new ReadSchedule(MIN_GAP_MS);
  schedule.read(1, 3, 0, COST_MS, true);
  expect([1_000, 10_000, 100_000].map((now) => schedule.isDue(1, 3, now))).toEqual([false, false, false]);
});

test('one more connection in a quiet namespace is read about at the first look', () => {
  const schedule = new ReadSchedule(MIN_GAP_MS);
  schedule.read(1, 3, 0, COST_MS, true);
  expect(schedule.isDue(2, 4, 1_000)).toBe(true);
});

test('connections that come and go, and are always the same, are read about ever more seldom', () => {
  const schedule = new ReadSchedule(MIN_GAP_MS);
  let reads = 0;
  for (let second = 0; second < 300; second++) {
    if (!schedule.isDue(second, 0, second * 1_000)) continue;
    schedule.read(second, 0, second * 1_000, COST_MS, false);
    reads += 1;
  }
  expect(reads).toBeLessThan(18);
});

test('one that stays among them is read about at the second look', () => {
  const schedule = createFruitless();
  expect([schedule.isDue(3, 4, 11_000), schedule.isDue(3, 4, 12_000)]).toEqual([false, true]);
});

test('one that takes the place of another is told by fewer having been open in between', () => {
  const schedule = createFruitless();
  expect([schedule.isDue(3, 2, 11_000), schedule.isDue(4, 3, 12_000), schedule.isDue(4, 3, 13_000)]).toEqual([false, false, true]);
});

test('what was found makes the next look prompt again', () => {
  const schedule = createFruitless();
  schedule.read(3, 4, 12_000, COST_MS, true);
  expect([schedule.isFruitless, schedule.isDue(4, 5, 13_000)]).toEqual([false, true]);
});

test('a minute of rest makes it prompt again', () => {
  const schedule = createFruitless();
  for (let now = 11_000; now < 80_000; now += 1_000) schedule.isDue(2, 3, now);
  expect(schedule.isDue(3, 4, 80_000)).toBe(true);
});

test('a large table waits for a multiple of what it costs', () => {
  const schedule = new ReadSchedule(MIN_GAP_MS);
  schedule.read(1, 3, 0, 300, true);
  expect([schedule.isDue(2, 9, 8_000), schedule.isDue(3, 9, 13_000)]).toEqual([false, true]);
});
