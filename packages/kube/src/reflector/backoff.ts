/** Waiting times between attempts: doubling, with full jitter, so that many clients do not come back together. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** How long to wait before attempt `attempt` (from 1). At least a tenth of the step; `random` gives 0 to 1. */
export function backoffMs(attempt: number, options: BackoffOptions, random: () => number): number {
  const step = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt - 1, 30));
  return step * (0.1 + 0.9 * random());
}

/** A slow, regular retry: half to one and a half times `ms`. */
export function jittered(ms: number, random: () => number): number {
  return ms * (0.5 + random());
}

/** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
