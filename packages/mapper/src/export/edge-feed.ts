import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Edge, Logger } from '@nm/core';
import type { Store } from '../store/store.ts';
import type { ExportMetrics } from './export-metrics.ts';
import { GrowthBook } from './growth-book.ts';
import type { Growth } from './growth-book.ts';

/** Takes what an edge gained; the edge's own counts are those of the feed's window. */
export type TakeGrowth = (edge: Edge, grown: readonly Growth[]) => void;

export interface EdgeFeed {
  /** Notes what the map has at this time: only what comes later is told. */
  start(): Promise<void>;
  /** Reads what changed and tells it. A failure is logged and made up for by the next look. */
  poll(): Promise<void>;
  readonly followed: number;
}

const CHUNK = 500;
const APP_EDGES = { classes: ['app'] } as const;
/** Activity is kept in buckets of 5 minutes (rule 23): windows begin on their borders. */
const BUCKET_MS = 300_000;
/** What is stored this long after it was seen still counts: a mapper that was away for some minutes loses nothing. */
const LATE_MS = 900_000;

/** Follows the store's changes and tells how many connections each edge gained. Each caller polls at its own pace. */
export function createEdgeFeed(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ExportMetrics;
  readonly takers: readonly TakeGrowth[];
}): EdgeFeed {
  const { store, clock, log, metrics, takers } = deps;
  const book = new GrowthBook();
  let since = 0;
  let windowStart = 0;
  let isStarted = false;
  let running: Promise<void> = Promise.resolve();

  function bucketBefore(at: number): number {
    return Math.floor((at - LATE_MS) / BUCKET_MS) * BUCKET_MS;
  }

  async function begin(): Promise<void> {
    windowStart = bucketBefore(clock.now());
    since = (await store.status()).version;
    for await (const edges of store.exportEdges({ filter: APP_EDGES, window: { since: windowStart } })) {
      for (const { id, edge } of edges) book.grown(id, edge);
    }
    isStarted = true;
  }

  async function look(): Promise<void> {
    if (!isStarted) return begin();
    for (;;) {
      const found = await store.changes({ since, filter: APP_EDGES, window: { since: windowStart }, limit: CHUNK });
      for (const { id, edge } of found.edges) {
        const grown = book.grown(id, edge);
        if (grown === undefined) metrics.exportUntracked.inc();
        else if (grown.length > 0) for (const take of takers) take(edge, grown);
      }
      since = found.version;
      if (!found.more) break;
      await nextTurn();
    }
    const next = bucketBefore(clock.now());
    if (next <= windowStart) return;
    const leaving = { since: windowStart, until: next };
    windowStart = next;
    for await (const edges of store.exportEdges({ filter: APP_EDGES, window: leaving })) {
      for (const { id, edge } of edges) book.forget(id, edge);
    }
  }

  function poll(): Promise<void> {
    running = running.then(look).catch((error: unknown) => {
      metrics.exportFailures.inc();
      log.warn('the map could not be read for export', { error: (error as Error).message });
    });
    return running;
  }

  return {
    start: poll,
    poll,
    get followed() {
      return book.size;
    },
  };
}
