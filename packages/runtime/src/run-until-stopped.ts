import type { Startable } from './startable.ts';

/** Resolves when the signal aborts. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
}

/** Starts a part (several: `createLifecycle`), waits for the signal and stops it. A start that fails cleans up itself. */
export async function runUntilStopped(part: Startable, signal: AbortSignal, onReady: () => void): Promise<void> {
  await part.start(signal);
  onReady();
  await untilAborted(signal);
  await part.stop();
}
