import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { collectProcessMetrics } from './process-metrics.ts';

test('what is told of a process is read at a scrape, and no timer measures its event loop', async () => {
  const register = new Registry();
  collectProcessMetrics(register);
  const names = register.getMetricsAsArray().map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_gc_duration_seconds']),
  );
  expect(names.filter((name) => name.startsWith('nodejs_eventloop'))).toEqual(['nodejs_eventloop_lag_seconds']);
  await register.metrics();
  // The lag is what passed between the scrape and the loop's next turn.
  await sleep(1);
  expect(await register.metrics()).toMatch(/^nodejs_eventloop_lag_seconds [0-9.e-]+$/m);
});
