import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

let collect: Collect | undefined;

/**
 * Gives memory that holds nothing back to the system. V8 keeps a heap at the size that it once needed, and a start
 * needs far more than what stays: reading 10,000 pods took 250 MiB, of which 106 MiB came back. Pauses for about
 * 100 ms, so it is for quiet moments.
 */
export function trimHeap(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'major', flavor: 'last-resort' });
}

export interface MemoryKeeper {
  /**
   * Trims the heap if the process's memory grew by more than allowed since it was last trimmed. Cheap otherwise; a trim
   * pauses for several hundred ms, so work in progress allows more (`growthBytes`) than quiet moments do.
   */
  look(growthBytes?: number): void;
}

/**
 * Keeps a process's memory near what lives in it. It looks at the resident memory and not at the heap, because V8
 * keeps pages for later that it counts nowhere: 200 MiB after going over 100,000 edges five times.
 */
export function createMemoryKeeper(
  maxGrowthBytes: number,
  deps: { readonly rssBytes: () => number; readonly trim: () => void } = { rssBytes: () => process.memoryUsage.rss(), trim: trimHeap },
): MemoryKeeper {
  // The first look finds what the start left behind.
  let trimmedTo = 0;
  return {
    look(growthBytes = maxGrowthBytes) {
      const now = deps.rssBytes();
      if (now - trimmedTo < growthBytes) {
        if (now < trimmedTo) trimmedTo = now;
        return;
      }
      deps.trim();
      trimmedTo = deps.rssBytes();
    },
  };
}

export interface HeapKeeper {
  /** Collects when the heap grew by more than allowed since the last time. Cheap otherwise. */
  look(): void;
}

/**
 * Keeps a heap near what lives in it, for work that goes over much more data than it keeps: V8 would rather let the
 * heap grow to several times that before it collects. A collection takes about 1 ms for each MB that lives.
 */
export function createHeapKeeper(maxGrowthBytes: number): HeapKeeper {
  let living = getHeapStatistics().used_heap_size;
  return {
    look() {
      if (getHeapStatistics().used_heap_size - living < maxGrowthBytes) return;
      trimHeap();
      living = getHeapStatistics().used_heap_size;
    },
  };
}
