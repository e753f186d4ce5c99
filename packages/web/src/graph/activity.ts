import type { MapLink } from './model.ts';

export interface ActivityPoint {
  /** Start, milliseconds since the Unix epoch. */
  readonly at: number;
  readonly count: number;
}

export interface ActivitySeries {
  readonly bucketMs: number;
  readonly points: readonly ActivityPoint[];
  /** Counts calls; `edges` when only first and last times are known and edges alive at that time are counted. */
  readonly unit: 'calls' | 'edges';
}

/**
 * Activity of a map that keeps no buckets (a file): how many edges were alive in each slice of time, between the
 * first and the last time that each was seen.
 */
export function edgesAlive(links: readonly MapLink[], since: number, until: number, buckets: number): ActivitySeries {
  const bucketMs = Math.max(1, Math.ceil((until - since) / Math.max(1, buckets)));
  const changes = Array.from({ length: buckets + 1 }, () => 0);
  for (const { firstSeenAt, lastSeenAt } of links) {
    if (lastSeenAt < since || firstSeenAt > until) continue;
    const from = clamp(Math.floor((firstSeenAt - since) / bucketMs), buckets);
    const to = clamp(Math.floor((lastSeenAt - since) / bucketMs), buckets);
    changes[from] = (changes[from] ?? 0) + 1;
    changes[to + 1] = (changes[to + 1] ?? 0) - 1;
  }
  let alive = 0;
  const points = Array.from({ length: buckets }, (_, index) => {
    alive += changes[index] ?? 0;
    return { at: since + index * bucketMs, count: alive };
  });
  return { bucketMs, points, unit: 'edges' };
}

function clamp(index: number, buckets: number): number {
  return Math.max(0, Math.min(buckets - 1, index));
}
