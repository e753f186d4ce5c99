import { expect, test } from 'vitest';
import { createReportGate } from './report-gate.ts';

const KB = 1_000;

test('lets in what can be stored in time, by what storing has cost so far', () => {
  let now = 0;
  const gate = createReportGate({ now: () => now }, { maxWorkMs: 100 });
  // 1 ms a KB until something was measured.
  expect(gate.enter(60 * KB)).toBe(true);
  expect(gate.enter(30 * KB)).toBe(true);
  expect(gate.enter(30 * KB), 'would make 120 ms').toBe(false);
  expect(gate.inWork).toBe(2);
  now = 9;
  gate.leave(60 * KB);
  gate.leave(30 * KB);
  // It took a tenth of that, so ten times as much may come.
  expect(gate.enter(900 * KB)).toBe(true);
  expect(gate.enter(90 * KB)).toBe(true);
  expect(gate.enter(90 * KB)).toBe(false);
});

test('always lets one in, however slow storing has become', () => {
  let now = 0;
  const gate = createReportGate({ now: () => now }, { maxWorkMs: 100 });
  for (let round = 0; round < 20; round++) {
    expect(gate.enter(20 * KB)).toBe(true);
    now += 5_000;
    gate.leave(20 * KB);
  }
  expect(gate.enter(20 * KB)).toBe(true);
  expect(gate.enter(1), 'a second one would wait for seconds').toBe(false);
});

test('time without work is not taken for cost, and dear times are forgotten', () => {
  let now = 0;
  const gate = createReportGate({ now: () => now }, { maxWorkMs: 110 });
  const work = (ms: number): void => {
    gate.enter(20 * KB);
    now += ms;
    gate.leave(20 * KB);
  };
  work(1_000);
  for (let round = 0; round < 100; round++) {
    now += 60_000;
    work(20);
  }
  const entered = Array.from({ length: 10 }, () => gate.enter(20 * KB)).filter(Boolean).length;
  expect(entered).toBe(5);
});

test('spreads those who are told to come back, and forgets what it told once the time is over', () => {
  let now = 0;
  const gate = createReportGate({ now: () => now }, { maxWorkMs: 100 });
  // 20 ms each, so about fifty in a second.
  const told = Array.from({ length: 150 }, () => gate.comeBackAfter(20 * KB));
  expect([told[0], told[45], told[55], told[145]]).toEqual([1, 1, 2, 3]);
  now = 60_000;
  expect(gate.comeBackAfter(20 * KB)).toBe(1);
  expect(Math.max(...Array.from({ length: 5_000 }, () => gate.comeBackAfter(20 * KB))), 'bounded').toBe(10);
});
