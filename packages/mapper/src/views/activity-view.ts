import type { schema } from '@nm/api';
import { toRfc3339 } from '@nm/core';
import type { Clock } from '@nm/core';
import type { Store } from '../store/store.ts';
import { toStoreFilter, toWindow } from './edge-filter.ts';

const DEFAULT_POINTS = 60;
const MAX_POINTS = 500;
/** Activity is not kept finer than this (rule 23). */
const MIN_WIDTH_MS = 300_000;

/** Answers the query `activity`: points as wide as asked for, or as what is still kept is coarse. */
export async function readActivity(
  deps: { readonly store: Store; readonly clock: Clock },
  args: schema.QueryActivityArgs,
): Promise<schema.Activity> {
  const window = toWindow(args.since, args.until);
  const until = window.until ?? deps.clock.now();
  const since = window.since ?? (await deps.store.status()).firstSeenAt ?? until;
  const wanted = Math.min(Math.max(args.buckets ?? DEFAULT_POINTS, 1), MAX_POINTS);
  const widthMs = Math.max(MIN_WIDTH_MS, Math.ceil((until - since) / wanted / MIN_WIDTH_MS) * MIN_WIDTH_MS);
  const filter = args.edge == null ? toStoreFilter(args.filter) : { ids: [Number(args.edge)] };
  const points = await deps.store.activity({ filter, window: { since, until }, widthMs });
  const first = points[0];
  const last = points.at(-1);
  return {
    window: {
      since: toRfc3339(Math.min(since, first?.startAt ?? since)),
      until: toRfc3339(Math.max(until, last === undefined ? until : last.startAt + last.widthMs)),
    },
    bucketMs: points.reduce((widest, point) => Math.max(widest, point.widthMs), widthMs),
    points: points.map(({ startAt, count }) => ({ at: toRfc3339(startAt), count })),
  };
}
