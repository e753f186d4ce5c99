import { useEffect, useMemo, useState } from 'react';
import type { SessionSnapshot } from '../data/session.ts';
import type { UrlState } from '../data/url-state.ts';
import { createMapModel } from '../graph/model.ts';
import { asksForDetails, NO_FILTER } from '../graph/filter.ts';
import { pipelineSteps } from '../graph/pipeline.ts';
import type { MapView } from '../graph/pipeline.ts';
import { finish, finishInSlices } from '../graph/steps.ts';
import { nextTask } from '../render/next-task.ts';

/** Smaller maps are computed at once, within a frame or two; larger ones in slices, the old picture staying meanwhile. */
const AT_ONCE_LINKS = 3_000;

const NOTHING: MapView = finish(pipelineSteps({ model: createMapModel(), filter: NO_FILTER, opened: [], closed: [], now: 0 }));

/** The picture of what the session holds and the address asks for; `isPending` while one is computed. */
export function useMapView(snapshot: SessionSnapshot, url: UrlState, now: number): { readonly map: MapView; readonly isPending: boolean } {
  const { version, before, progress } = snapshot;
  const isFromAbove = url.view === 'graph' && url.focus === undefined && !asksForDetails(url.filter);
  const model = (isFromAbove ? snapshot.fromAbove : undefined) ?? snapshot.model;
  const isPartial = snapshot.fromAbove !== undefined || (progress !== undefined && progress.loaded < progress.total);
  const { focus, opened, closed, lines } = url;
  const { filter: asked } = url;
  const since = slidingSince(snapshot, url, now);
  const filter = useMemo(
    () => (since === undefined || (asked.seenSince ?? 0) >= since ? asked : { ...asked, seenSince: since }),
    [asked, since],
  );
  const isSmall = model.links.size + (before?.links.size ?? 0) <= AT_ONCE_LINKS;
  const input = useMemo(
    () => ({ model, before, filter, focus, opened, closed, isPartial, now, lines, version }),
    [model, before, filter, focus, opened, closed, isPartial, now, lines, version],
  );
  const atOnce = useMemo(() => (isSmall ? finish(pipelineSteps(input)) : undefined), [isSmall, input]);
  const [late, setLate] = useState<{ readonly map: MapView; readonly input: unknown }>({ map: NOTHING, input: undefined });
  useEffect(() => {
    if (isSmall) return;
    const stop = new AbortController();
    void finishInSlices(pipelineSteps(input), nextTask, () => performance.now(), stop.signal).then((map) => {
      if (map !== undefined) setLate({ map, input });
    });
    return () => stop.abort();
  }, [isSmall, input]);
  return { map: atOnce ?? late.map, isPending: atOnce === undefined && late.input !== input };
}

/** Activity is kept in buckets: what the mapper answered for a window may have been seen this long before it. */
const BUCKET_MS = { recent: 5 * 60_000, old: 60 * 60_000 };
const RECENT_MS = 48 * 60 * 60_000;

/** A window that ends now moves on with the clock: what was last seen before it leaves the picture. */
export function slidingSince(
  { source }: Pick<SessionSnapshot, 'source'>,
  { time }: Pick<UrlState, 'time'>,
  now: number,
): number | undefined {
  const range = time ?? source?.defaultTime;
  if (source?.kind !== 'live' || range?.type !== 'last') return undefined;
  return now - range.ms - (range.ms <= RECENT_MS ? BUCKET_MS.recent : BUCKET_MS.old);
}
