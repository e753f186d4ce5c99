import { expect, test } from 'vitest';
import { ReadSchedule } from './read-schedule.ts';

const MIN_GAP_MS = 900;
const COST_MS = 9;

function createSchedule(): ReadSchedule {
  const schedule = new ReadSchedule(MIN_GAP_MS);
  schedule.read(1, 3, 0, COST_MS, undefined, true);
  return schedule;
}

/** Connections came and went, always the same; read last at 10 s, with three connections open. */
function createFruitless(): ReadSchedule {
  const schedule = createSchedule();
  for (let second = 1; second <= 10; second++) schedule.read(1 + second, 3, second * 1_000, COST_MS, 'passing', false);
  return schedule;
}

test('connections at rest cost nothing', () => {
  const schedule = createSchedule();
  expect([1_000, 10_000, 100_000].map((now) => schedule.due(1, 3, now, false))).toEqual([undefined, undefined, undefined]);
});

test('one more connection in a quiet namespace is read about at the first look', () => {
  expect(createSchedule().due(2, 4, 1_000, false)).toBe('lasting');
});

test.each([
  ['come and go between two looks', (): number => 3],
  ['are open at every third look', (second: number): number => (second % 3 === 0 ? 4 : 3)],
  ['stay for two looks', (second: number): number => (second % 5 < 2 ? 4 : 3)],
])('connections that %s, and are always the same, are read about ever more seldom', (_name, open) => {
  const schedule = createSchedule();
  let reads = 0;
  for (let second = 1; second <= 300; second++) {
    const reason = schedule.due(1 + second, open(second), second * 1_000, false);
    if (reason === undefined) continue;
    schedule.read(1 + second, open(second), second * 1_000, COST_MS, reason, false);
    reads += 1;
  }
  expect(reads).toBeLessThan(24);
});

test('one that stays among them is read about at the second look', () => {
  const schedule = createFruitless();
  expect([schedule.due(20, 4, 11_000, false), schedule.due(20, 4, 12_000, false)]).toEqual([undefined, 'lasting']);
});

test('one that takes the place of another is told by fewer having been open in between', () => {
  const schedule = createFruitless();
  expect([schedule.due(20, 2, 11_000, false), schedule.due(21, 3, 12_000, false), schedule.due(21, 3, 13_000, false)]).toEqual([
    undefined,
    undefined,
    'lasting',
  ]);
});

test.each([
  ['at least every half minute, while closed connections are still in the table', false, 30],
  ['every other minute where attempts are seen as packets', true, 120],
])('what stays among them is read about %s', (_name, isSeen, seconds) => {
  const schedule = createSchedule();
  const readAt: number[] = [];
  for (let second = 1; second <= 1_200; second++) {
    const reason = schedule.due(1 + second, second % 9 < 4 ? 4 : 3, second * 1_000, isSeen);
    if (reason !== 'lasting') continue;
    schedule.read(1 + second, 4, second * 1_000, COST_MS, reason, false);
    readAt.push(second);
  }
  const gaps = readAt.slice(5).map((second, index) => second - (readAt[index + 4] ?? 0));
  // Those that stay are told apart from those that merely come at every ninth look.
  expect(Math.max(...gaps)).toBeLessThanOrEqual(seconds + 9);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(seconds);
});

test('between two reads for what stays there are those for what comes and goes', () => {
  const schedule = createSchedule();
  for (let second = 1; second <= 100; second++) {
    const reason = schedule.due(1 + second, 4 + second, second * 1_000, true);
    if (reason === 'lasting') schedule.read(1 + second, 4 + second, second * 1_000, COST_MS, reason, false);
  }
  expect(schedule.due(200, 300, 101_000, true)).toBe('passing');
});

test('what was found makes the next look prompt again', () => {
  const schedule = createFruitless();
  schedule.read(20, 4, 12_000, COST_MS, 'lasting', true);
  expect(schedule.due(21, 5, 13_000, false)).toBe('lasting');
});

test('a minute of rest makes it prompt again', () => {
  const schedule = createFruitless();
  for (let now = 11_000; now < 80_000; now += 1_000) schedule.due(11, 3, now, false);
  expect(schedule.due(20, 4, 80_000, false)).toBe('lasting');
});

test('a large table waits for a multiple of what it costs', () => {
  const schedule = new ReadSchedule(MIN_GAP_MS);
  schedule.read(1, 3, 0, 300, undefined, true);
  expect([schedule.due(2, 9, 8_000, false), schedule.due(3, 9, 13_000, false)]).toEqual([undefined, 'lasting']);
});
