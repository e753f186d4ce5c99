import { AppError } from '@nm/core';
import type { Logger } from '@nm/core';
import type { Startable } from './startable.ts';

export const LIFECYCLE_ERRORS = {
  stop_timeout: 'A part did not stop in time. The message names it; what it held is released by the end of the process.',
} as const;

/** Several parts as one: started in order, stopped in reverse. */
export interface Lifecycle extends Startable {
  /** Returns the part, to be written in one line with its creation. */
  add<T extends Startable>(name: string, part: T): T;
}

/**
 * `stop` gives all parts together `stopTimeoutMs`; a part that fails to stop does not keep the others from stopping.
 * A failed start stops what had started before.
 */
export function createLifecycle(deps: { readonly log: Logger }, options: { readonly stopTimeoutMs: number }): Lifecycle {
  const parts: { name: string; part: Startable }[] = [];
  let started: { name: string; part: Startable }[] = [];

  async function stopAll(): Promise<void> {
    const deadline = Date.now() + options.stopTimeoutMs;
    let failure: Error | undefined;
    for (const { name, part } of started.toReversed()) {
      try {
        await withDeadline(part.stop(), deadline, name);
      } catch (error) {
        deps.log.error('part did not stop', { name, error: (error as Error).message });
        failure ??= error as Error;
      }
    }
    started = [];
    if (failure !== undefined) throw failure;
  }

  return {
    add(name, part) {
      parts.push({ name, part });
      return part;
    },
    async start(signal) {
      for (const entry of parts) {
        try {
          signal?.throwIfAborted();
          await entry.part.start(signal);
          started.push(entry);
        } catch (error) {
          // The reason of the failed start matters more than a failure to clean up after it, which is logged.
          await stopAll().catch(() => undefined);
          throw error;
        }
      }
    },
    stop: stopAll,
  };
}

async function withDeadline(work: Promise<void>, deadline: number, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = (): AppError => new AppError('stop_timeout', `${name} did not stop in time`);
    timer = setTimeout(() => reject(error()), Math.max(0, deadline - Date.now()));
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
