import { silentLogger } from '@nm/core';
import { expect, test } from 'vitest';
import { createSparseLogger } from './sparse-logger.ts';

test('ten lines of a message a minute; then how many were left out', () => {
  const lines: string[] = [];
  let now = 1_000;
  const log = createSparseLogger(
    { now: () => now },
    { ...silentLogger, warn: (message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`) },
  );
  for (let attempt = 0; attempt < 1_000; attempt++) log.warn('refused', { attempt });
  log.warn('another');
  expect(lines).toEqual([...Array.from({ length: 10 }, (_, attempt) => `refused {"attempt":${attempt}}`), 'another undefined']);

  now += 60_000;
  lines.length = 0;
  log.warn('refused', { attempt: 1_000 });
  log.warn('refused');
  log.warn('another');
  expect(lines).toEqual(['refused {"attempt":1000,"leftOut":990}', 'refused undefined', 'another undefined']);

  now -= 3_600_000;
  lines.length = 0;
  for (let attempt = 0; attempt < 11; attempt++) log.warn('refused');
  expect(lines).toHaveLength(10);
});
