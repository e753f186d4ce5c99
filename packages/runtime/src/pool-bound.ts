import { setFlagsFromString } from 'node:v8';
import { anonymousMemory } from './anonymous-memory.ts';

/** Between two looks at the process's memory, which take some 20 µs. */
const LOOK_EVERY_MS = 250;

export interface PoolBound {
  /** To be called often while there is work. */
  look(): void;
}

/**
 * Has V8 give back what its collections free, from a bound on. By itself it keeps the pages that it emptied for later, 20 to
 * 60 MB of them under load, until it collects in order to save memory, which it does only where nothing else is to do.
 * Such collections take two to three times as long, so it is told to save only above the bound. The flag is read when a
 * collection begins.
 */
export function createPoolBound(
  boundBytes: number,
  deps: { readonly memoryBytes: () => number; readonly now: () => number; readonly setFlag: (flag: string) => void } = {
    memoryBytes: anonymousMemory,
    now: () => performance.now(),
    setFlag: setFlagsFromString,
  },
): PoolBound {
  let nextLookAt = Number.NEGATIVE_INFINITY;
  let isSaving = false;
  return {
    look() {
      const now = deps.now();
      if (now < nextLookAt) return;
      nextLookAt = now + LOOK_EVERY_MS;
      const saves = deps.memoryBytes() >= boundBytes;
      if (saves === isSaving) return;
      isSaving = saves;
      deps.setFlag(saves ? '--optimize-for-size' : '--no-optimize-for-size');
    },
  };
}
