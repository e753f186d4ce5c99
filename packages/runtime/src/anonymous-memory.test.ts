import { expect, test } from 'vitest';
import { anonymousMemory } from './anonymous-memory.ts';

test('grows with what the process makes, and is part of what it has in memory', () => {
  const before = anonymousMemory();
  const block = Buffer.alloc(64 * 1_048_576, 1);
  const after = anonymousMemory();
  expect(after - before).toBeGreaterThan(block.length / 2);
  expect(after).toBeLessThanOrEqual(process.memoryUsage.rss());
  expect(block[0]).toBe(1);
});
