import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (
  options:
    | { readonly type: 'major'; readonly flavor: 'last-resort' }
    | { readonly type: 'major'; readonly execution: 'sync' }
    | { readonly type: 'minor' },
) => void;

let collect: Collect | undefined;

function loadCollect(): Collect {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  return collect;
}

/**
 * Gives memory that holds nothing back to the system. V8 keeps a heap at the size that it once needed, and a start
 * needs far more than what stays: reading 10,000 pods took 250 MiB, of which 106 MiB came back. Pauses for about
 * 100 ms, so it is for quiet moments.
 */
export function trimHeap(): void {
  loadCollect()({ type: 'major', flavor: 'last-resort' });
}

/** Trims the heap where it holds more pages than what lives, and may yet come, by more than this. Cheap otherwise. */
export function trimSlack(maxSlackBytes: number): void {
  const { total_physical_size: held, used_heap_size: used } = getHeapStatistics();
  if (held - used > maxSlackBytes) trimHeap();
}

/** Collects once, for about 1 ms for each MB that lives; keeps compiled code, and pages for what comes next. */
export function collectHeap(): void {
  loadCollect()({ type: 'major', execution: 'sync' });
}

export interface YoungKeeper {
  /** Counts bytes that came in buffers of their own. */
  add(bytes: number): void;
}

/**
 * Frees buffers that only passed through, after each `everyBytes` of them. V8 counts their memory and, every 64 MB, collects the
 * whole heap for it: at a heap of 100 MB that took two thirds of the time of passing 800 MB on; collecting the young alone
 * takes a fraction of a millisecond.
 */
export function createYoungKeeper(everyBytes: number): YoungKeeper {
  const gc = loadCollect();
  let passed = 0;
  return {
    add(bytes) {
      passed += bytes;
      if (passed < everyBytes) return;
      passed = 0;
      gc({ type: 'minor' });
    },
  };
}

export interface MemoryKeeper {
  /**
   * Trims the heap if the process's memory grew by more than allowed since it was last trimmed. Cheap otherwise; a trim
   * pauses for several hundred ms, so it is for quiet moments.
   */
  look(): void;
}

export interface MemoryKeeperOptions {
  /** Memory below this is left alone, bytes. */
  readonly enoughBytes?: number;
  /** Where much lives in memory, it may grow by this share of it, so that collecting stays cheap beside the work. */
  readonly growthShare?: number;
}

/**
 * Keeps a process's memory near what lives in it. It looks at the resident memory and not at the heap, because V8
 * keeps pages for later that it counts nowhere: 200 MiB after going over 100,000 edges five times.
 */
export function createMemoryKeeper(
  maxGrowthBytes: number,
  deps: { readonly rssBytes: () => number; readonly trim: () => void } = { rssBytes: () => process.memoryUsage.rss(), trim: trimHeap },
  { enoughBytes = 0, growthShare = 0 }: MemoryKeeperOptions = {},
): MemoryKeeper {
  // The first look finds what the start left behind.
  let trimmedTo = 0;
  return {
    look() {
      const now = deps.rssBytes();
      if (now < enoughBytes || now - trimmedTo < Math.max(maxGrowthBytes, trimmedTo * growthShare)) {
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
 * @param collect trimHeap, which gives most back, or collectHeap, which costs a third.
 */
export function createHeapKeeper(maxGrowthBytes: number, collect: () => void = trimHeap): HeapKeeper {
  let living = getHeapStatistics().used_heap_size;
  return {
    look() {
      if (getHeapStatistics().used_heap_size - living < maxGrowthBytes) return;
      collect();
      living = getHeapStatistics().used_heap_size;
    },
  };
}

export interface HeapBound {
  /** To be called often while there is work: between two calls the young generation may double. */
  look(): void;
}

/**
 * Makes V8 collect early instead of growing, for a long-running process under load, in which trims would be pauses. By
 * itself V8 lets the old generation grow to several times what lives and the young one to 128 MiB, which a mapper at
 * its highest load takes for 300 MiB more than it needs. Both flags are read at each collection, so they can be set
 * after the start; `--max-semi-space-size`, which can not, does the same for the young generation where given.
 */
export function createHeapBound(options: { readonly growthPercent?: number; readonly maxYoungBytes: number }): HeapBound {
  if (options.growthPercent !== undefined) setFlagsFromString(`--heap-growing-percent=${options.growthPercent}`);
  let mayGrow = true;
  return {
    look() {
      const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? 0;
      if (young < options.maxYoungBytes === mayGrow) return;
      mayGrow = !mayGrow;
      setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
    },
  };
}
