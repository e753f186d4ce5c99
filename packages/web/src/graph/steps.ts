/** A computation that can pause: each step is short, the value comes last. */
export type Steps<Value> = Generator<undefined, Value, undefined>;

/** Links handled in one step: a millisecond or two. */
export const STEP_SIZE = 1_000;

/** Runs all steps at once. */
export function finish<Value>(steps: Steps<Value>): Value {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Runs steps for a few milliseconds at a time and lets the page breathe in between; undefined when aborted. */
export async function finishInSlices<Value>(
  steps: Steps<Value>,
  pause: () => Promise<void>,
  now: () => number,
  signal: AbortSignal,
  sliceMs = 10,
): Promise<Value | undefined> {
  let end = now() + sliceMs;
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (now() < end) continue;
    await pause();
    if (signal.aborted) return undefined;
    end = now() + sliceMs;
  }
}
