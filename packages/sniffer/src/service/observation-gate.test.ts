import type { Observation } from '@nm/core';
import { expect, test } from 'vitest';
import { createObservationGate, HELD_MS, MAX_HELD } from './observation-gate.ts';
import type { ObservationGate } from './observation-gate.ts';

function create(): { gate: ObservationGate; handed: number[]; clock: { now: number } } {
  const handed: number[] = [];
  const clock = { now: 100_000 };
  const gate = createObservationGate({ now: () => clock.now }, ({ lastSeenAt }) => handed.push(lastSeenAt));
  return { gate, handed, clock };
}

const at = (lastSeenAt: number): Observation => ({
  kind: 'tcp',
  vantage: 'client',
  node: 'node-1',
  source: { address: '10.0.0.1' },
  destination: { address: '10.0.0.2', port: 80, protocol: 'TCP' },
  count: 1,
  firstSeenAt: lastSeenAt,
  lastSeenAt,
});

test('open from the start: everything goes through', () => {
  const { gate, handed } = create();
  gate.add(at(1));
  gate.add(at(2));
  expect(handed).toEqual([1, 2]);
});

test('held while it is another’s turn; what the other saw is left out, then and later', () => {
  const { gate, handed } = create();
  gate.hold();
  for (const time of [99_000, 99_400, 99_600]) gate.add(at(time));
  expect(handed).toEqual([]);
  gate.open(99_400);
  // Attempts settle late: one of before the turn still comes.
  for (const time of [99_399, 99_700]) gate.add(at(time));
  expect(handed).toEqual([99_600, 99_700]);
});

test('nobody was there: everything that was held is one’s own', () => {
  const { gate, handed } = create();
  gate.hold();
  gate.add(at(99_000));
  gate.open(undefined);
  expect(handed).toEqual([99_000]);
});

test('what is held is bounded by age and by number', () => {
  const { gate, handed, clock } = create();
  gate.hold();
  for (let i = 0; i < 1_000; i++) gate.add(at(clock.now));
  clock.now += HELD_MS + 1;
  for (let i = 0; i < 1_001; i++) gate.add(at(clock.now));
  gate.open(undefined);
  expect(handed).toHaveLength(1_001);

  gate.hold();
  for (let i = 0; i < 2 * MAX_HELD + 10; i++) gate.add(at(clock.now));
  handed.length = 0;
  gate.open(undefined);
  expect(handed).toHaveLength(MAX_HELD + 10);
});
