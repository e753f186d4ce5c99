import { describe, expect, test } from 'vitest';
import { backoffMs, retry } from './retry.ts';

const FAST = { baseMs: 1, maxMs: 2, random: () => 0 };

test.each([
  [1, 100],
  [2, 200],
  [3, 400],
  [50, 1_000],
])('retry %d waits at most %d ms', (attempt, expected) => {
  expect(backoffMs(attempt, { baseMs: 100, maxMs: 1_000, random: () => 1 })).toBe(expected);
  expect(backoffMs(attempt, { baseMs: 100, maxMs: 1_000, random: () => 0 })).toBe(0);
});

describe('retry', () => {
  test('goes on until it works', async () => {
    const waits: number[] = [];
    const result = await retry((attempt) => (attempt < 3 ? Promise.reject(new Error('no')) : Promise.resolve(attempt)), {
      ...FAST,
      onRetry: (_, waitMs) => waits.push(waitMs),
    });
    expect([result, waits]).toEqual([3, [0, 0]]);
  });

  test('gives up after its attempts with the last error', async () => {
    await expect(retry((attempt) => Promise.reject(new Error(`try ${attempt}`)), { ...FAST, attempts: 2 })).rejects.toThrow('try 2');
  });

  test('gives up at once when told', async () => {
    await expect(retry((attempt) => Promise.reject(new Error(`try ${attempt}`)), { ...FAST, decide: () => false })).rejects.toThrow(
      'try 1',
    );
  });

  test('waits as long as the other side says', async () => {
    const waits: number[] = [];
    const work = (attempt: number): Promise<number> => (attempt < 2 ? Promise.reject(new Error('busy')) : Promise.resolve(attempt));
    await retry(work, { ...FAST, decide: () => ({ afterMs: 7 }), onRetry: (_, waitMs) => waits.push(waitMs) });
    expect(waits).toEqual([7]);
  });

  test('ends when aborted while it waits', async () => {
    const controller = new AbortController();
    const work = retry(() => Promise.reject(new Error('no')), {
      baseMs: 60_000,
      maxMs: 60_000,
      random: () => 1,
      signal: controller.signal,
      onRetry: () => controller.abort(),
    });
    await expect(work).rejects.toThrow(/aborted/);
  });
});
