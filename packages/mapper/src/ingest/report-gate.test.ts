import { expect, test } from 'vitest';
import { createReportGate } from './report-gate.ts';
import type { ReportGateOptions } from './report-gate.ts';

const KB = 1_000;
const NO_LINE = { maxWorkMs: 100, maxWaitMs: 100, firstMsPerByte: 0.005 };

/** A gate for which 1 KB takes 1 ms, as far as it was measured. */
async function measuredGate(clock: { now: number }, options: ReportGateOptions) {
  const gate = createReportGate({ now: () => clock.now }, options);
  await gate.enter(20 * KB);
  clock.now += 20;
  gate.leave(20 * KB);
  return gate;
}

test('lets the first in alone, then what can be stored in time, by what storing has cost so far', async () => {
  const clock = { now: 0 };
  const gate = createReportGate({ now: () => clock.now }, NO_LINE);
  expect(await gate.enter(20 * KB)).toBe(true);
  expect(await gate.enter(20 * KB), 'nobody knows yet how long the first takes').toBe(false);
  clock.now += 20;
  gate.leave(20 * KB);

  expect(await gate.enter(60 * KB)).toBe(true);
  expect(await gate.enter(30 * KB)).toBe(true);
  expect(await gate.enter(30 * KB), 'would make 120 ms').toBe(false);
  expect(gate.inWork).toBe(2);
  clock.now += 9;
  gate.leave(60 * KB);
  gate.leave(30 * KB);
  // It took a tenth of that, so several times as much may come.
  expect(await gate.enter(300 * KB)).toBe(true);
  expect(await gate.enter(500 * KB)).toBe(false);
});

test('always lets one in, however slow storing has become', async () => {
  let now = 0;
  const gate = createReportGate({ now: () => now }, NO_LINE);
  for (let round = 0; round < 20; round++) {
    expect(await gate.enter(20 * KB)).toBe(true);
    now += 5_000;
    gate.leave(20 * KB);
  }
  expect(await gate.enter(20 * KB)).toBe(true);
  expect(await gate.enter(1), 'a second one would wait for seconds').toBe(false);
});

test('keeps at the door what can still be stored in time, and lets it in in turn', async () => {
  const clock = { now: 0 };
  const gate = await measuredGate(clock, { ...NO_LINE, maxWaitMs: 160 });
  const letIn: string[] = [];
  const enter = (name: string, bytes: number): Promise<boolean> =>
    gate.enter(bytes).then((isIn) => {
      if (isIn) letIn.push(name);
      return isIn;
    });
  await enter('first', 80 * KB);
  const second = enter('second', 40 * KB);
  const third = enter('third', 10 * KB);
  expect(await enter('fourth', 40 * KB), 'would be stored after 170 ms').toBe(false);
  expect(gate.waiting).toBe(2);
  await Promise.resolve();
  expect(letIn, 'the third has room, but not its turn').toEqual(['first']);
  clock.now += 80;
  gate.leave(80 * KB);
  expect(await Promise.all([second, third])).toEqual([true, true]);
  expect(letIn).toEqual(['first', 'second', 'third']);
  expect([gate.inWork, gate.waiting]).toEqual([2, 0]);
});

test('time without work is not taken for cost, and dear times are forgotten', async () => {
  let now = 0;
  const gate = createReportGate({ now: () => now }, { ...NO_LINE, maxWorkMs: 110, maxWaitMs: 110 });
  const work = async (ms: number): Promise<void> => {
    await gate.enter(20 * KB);
    now += ms;
    gate.leave(20 * KB);
  };
  await work(1_000);
  for (let round = 0; round < 100; round++) {
    now += 60_000;
    await work(20);
  }
  const entered = await Promise.all(Array.from({ length: 10 }, () => gate.enter(20 * KB)));
  expect(entered.filter(Boolean)).toHaveLength(5);
});

test('spreads those who are told to come back, four for each time, and forgets what it told once the time is over', async () => {
  const clock = { now: 0 };
  const gate = await measuredGate(clock, NO_LINE);
  // 20 ms each, so there is time for fifty in a second.
  const told = Array.from({ length: 600 }, () => gate.comeBackAfter(20 * KB));
  expect([told[0], told[195], told[205], told[595]]).toEqual([1, 1, 2, 3]);
  clock.now += 60_000;
  expect(gate.comeBackAfter(20 * KB)).toBe(1);
  expect(Math.max(...Array.from({ length: 5_000 }, () => gate.comeBackAfter(20 * KB))), 'bounded').toBe(10);
});
