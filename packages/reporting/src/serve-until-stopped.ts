import type { Logger } from '@nm/core';
import { createHealth, createHttpListener, createMetricsHandler, runUntilStopped } from '@nm/runtime';
import type { HealthCheck, ListenAddress, Startable } from '@nm/runtime';
import type { Registry } from 'prom-client';

/** A reporter as long as it runs, with what /readyz tells of it. */
export type CheckedPart = Startable & { readonly checks: Readonly<Record<string, () => HealthCheck>> };

/** Serves metrics and health around a part until the signal aborts. */
export async function serveUntilStopped(
  signal: AbortSignal,
  deps: { readonly log: Logger; readonly register: Registry; readonly metricsListen: ListenAddress },
  part: CheckedPart,
): Promise<void> {
  const health = createHealth();
  for (const [name, check] of Object.entries(part.checks)) health.addCheck(name, check);
  const listener = createHttpListener(
    { handler: createMetricsHandler({ register: deps.register, health, log: deps.log }), log: deps.log },
    { name: 'metrics', listen: deps.metricsListen },
  );
  await listener.start();
  try {
    await runUntilStopped(part, signal, () => deps.log.info('ready', { metrics: listener.address() }));
  } finally {
    await listener.stop();
  }
}
