import type { Observation } from '@nm/core';
import { expect, it } from 'vitest';
import { createObservationOutbox } from './observation-outbox.ts';

const access = (topic: string): Observation => ({
  kind: 'kafka',
  vantage: 'server',
  source: { address: '10.0.0.1' },
  destination: { protocol: 'TCP', workload: { namespace: 'kafka', name: 'kafka-0', pod: true } },
  count: 1,
  firstSeenAt: 1,
  lastSeenAt: 1,
  kafka: { topic, operation: 'consume', allowed: false },
});

it('drops and counts what is too many, or too much text, until the sink has taken the rest', async () => {
  let isAway = true;
  const taken: Observation[] = [];
  const outbox = createObservationOutbox(
    {
      take: (observations) => {
        if (isAway) return Promise.reject(new Error('away'));
        taken.push(...observations);
        return Promise.resolve();
      },
    },
    { maxObservations: 40 },
  );
  const mebi = 'x'.repeat(1024 * 1024);
  outbox.add(Array.from({ length: 35 }, () => access(mebi)));
  expect([outbox.size, outbox.dropped]).toEqual([32, 3]);
  await expect(outbox.flush()).rejects.toThrow('away');
  outbox.add([access(mebi), ...Array.from({ length: 10 }, () => access(''))]);
  expect([outbox.size, outbox.dropped]).toEqual([40, 6]);
  isAway = false;
  await outbox.flush();
  expect([taken.length, outbox.size]).toEqual([40, 0]);
  outbox.add(Array.from({ length: 33 }, () => access(mebi)));
  expect([outbox.size, outbox.dropped]).toEqual([32, 7]);
});
