import type { Clock, DomainLimiter, Logger, Resolver } from '@nm/core';
import type { Startable } from '@nm/runtime';
import type { ResolvedWaiting } from '../store/batch.ts';
import type { Store } from '../store/store.ts';
import type { IngestTotals } from './ingest-totals.ts';

export interface WaitingOptions {
  readonly cluster: string;
  /** Between two looks at what waits. */
  readonly intervalMs: number;
}

/** Observations that one look takes; there is another look at once while there are more. */
const TAKEN_AT_ONCE = 1_000;
/** Others may take them when this process did not end or return them by then. */
const LEASE_MS = 60_000;

/**
 * Tries observations again that could not be resolved when they came, because the Kubernetes API was behind the
 * packets. The resolver says when waiting has no more sense; what is then still unknown is stored as such.
 */
export function createWaitingRetry(
  deps: {
    readonly store: Store;
    readonly resolver: Resolver;
    readonly limiter: DomainLimiter;
    readonly totals: IngestTotals;
    readonly clock: Clock;
    readonly log: Logger;
  },
  options: WaitingOptions,
): Startable & { readonly retryNow: () => Promise<number> } {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();

  async function retryOnce(): Promise<number> {
    if (deps.store.waiting() === 0) return 0;
    const taken = await deps.store.takeWaiting({ cluster: options.cluster, limit: TAKEN_AT_ONCE, leaseMs: LEASE_MS });
    const resolved: ResolvedWaiting[] = [];
    const postponed: number[] = [];
    const now = deps.clock.now();
    for (const { id, observation } of taken) {
      const resolution = deps.resolver.resolve(observation, now);
      if (resolution.waitFor !== undefined) {
        postponed.push(id);
        continue;
      }
      deps.totals.resolved(resolution);
      resolved.push({ id, updates: resolution.updates.map((update) => deps.limiter.limit(update)) });
    }
    if (resolved.length > 0) await deps.store.resolveWaiting(resolved);
    if (postponed.length > 0) await deps.store.postponeWaiting(postponed, now + options.intervalMs);
    return resolved.length;
  }

  async function retryAll(): Promise<number> {
    let total = 0;
    for (;;) {
      const ended = await retryOnce();
      total += ended;
      if (ended < TAKEN_AT_ONCE) return total;
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      running = retryAll()
        .catch((error: unknown) => deps.log.warn('waiting observations not retried', { error: (error as Error).message }))
        .finally(() => {
          if (timer !== undefined) schedule();
        });
    }, options.intervalMs);
  }

  return {
    retryNow: retryAll,
    start: () => {
      schedule();
      return Promise.resolve();
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}
