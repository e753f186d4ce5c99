import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** First wait at most, milliseconds; doubles up to `maxMs`. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Tries in all; forever when absent. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
  /** Whether to try again, and after how long if the other side said so; false gives up. */
  readonly decide?: (error: unknown) => boolean | { readonly afterMs: number };
  readonly onRetry?: (error: unknown, waitMs: number, attempt: number) => void;
  /** Between 0 and 1; for tests. */
  readonly random?: () => number;
}

/**
 * Wait before try number `attempt` (the first retry is 1), milliseconds: exponential with full jitter, so that many
 * that failed together do not come back together.
 */
export function backoffMs(attempt: number, options: Pick<RetryOptions, 'baseMs' | 'maxMs' | 'random'>): number {
  const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt - 1, 30));
  return ceiling * (options.random ?? Math.random)();
}

/** Runs `work` until it succeeds, gives up by `decide` or `attempts`, or is aborted; throws the last error then. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      const decision = options.signal?.aborted === true ? false : (options.decide?.(error) ?? true);
      if (decision === false || attempt >= (options.attempts ?? Infinity)) throw error;
      const waitMs = decision === true ? backoffMs(attempt, options) : decision.afterMs + backoffMs(1, options);
      options.onRetry?.(error, waitMs, attempt);
      await sleep(waitMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}
