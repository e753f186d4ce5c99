import { connect } from 'node:net';
import { silentLogger } from '@nm/core';
import { afterEach, expect, test } from 'vitest';
import { createHandover } from './handover.ts';
import type { Handover } from './handover.ts';

const started: Handover[] = [];
let names = 0;

afterEach(() => {
  for (const handover of started.splice(0)) handover.release(0);
});

function create(name: string, now = 10_000): Handover {
  const handover = createHandover({ clock: { now: () => now }, log: silentLogger }, { name, unreportedMs: 1_000 });
  started.push(handover);
  return handover;
}

const newName = (): string => `test-${process.pid}-${names++}`;

/** The turn of one that was started: resolves with the time from which it counts. */
function turnOf(handover: Handover): Promise<number | undefined> {
  return new Promise((resolve) => void handover.start(resolve));
}

test('the first one’s turn begins at once', async () => {
  const first = create(newName());
  expect(await turnOf(first)).toBeUndefined();
  expect(first.isWaiting).toBe(false);
});

test('the second waits, and counts from where the first stopped', async () => {
  const name = newName();
  const [first, second] = [create(name), create(name)];
  await turnOf(first);
  const turn = turnOf(second);
  expect(await first.untilSuccessor(10_000)).toBe(true);
  expect(second.isWaiting).toBe(true);
  first.release(9_500);
  expect(await turn).toBe(9_500);
  expect(second.isWaiting).toBe(false);
});

test('whoever took over hands over in its turn', async () => {
  const name = newName();
  const [first, second, third] = [create(name), create(name), create(name)];
  await turnOf(first);
  const turns = [turnOf(second)];
  await first.untilSuccessor(10_000);
  first.release(9_500);
  await turns[0];
  turns.push(turnOf(third));
  await second.untilSuccessor(10_000);
  second.release(9_900);
  expect(await Promise.all(turns)).toEqual([9_500, 9_900]);
});

test.each([
  ['without a word: what it may not have reported counts', '', 9_000],
  ['with a time to come', '99999999', 9_000],
  ['with nonsense', 'x'.repeat(100), 9_000],
])('a predecessor that ends %s', async (_, said, since) => {
  const name = newName();
  const other = create(name);
  await turnOf(other);
  const second = create(name);
  const turn = turnOf(second);
  await other.untilSuccessor(10_000);
  other.release(said as unknown as number);
  expect(await turn).toBe(since);
});

test('names keep apart, and strangers are no successors of anybody but the one they asked', async () => {
  const name = newName();
  const [ours, others] = [create(name), create(newName())];
  await Promise.all([turnOf(ours), turnOf(others)]);
  const stranger = connect(`\0network-mapper-sniffer/${name}`).on('error', () => undefined);
  stranger.write('anything');
  await ours.untilSuccessor(10_000);
  stranger.destroy();
  expect([ours.isWaiting, others.isWaiting]).toEqual([false, false]);
});

test('waiting for a successor ends without one', async () => {
  const first = create(newName());
  await turnOf(first);
  expect(await first.untilSuccessor(1)).toBe(false);
});
