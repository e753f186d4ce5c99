import type { Window } from '../query.ts';
import { bucketOf, DAY_MINUTES, FINE_MINUTES, HOUR_MINUTES, minutesToMs } from '../schema/buckets.ts';
import type { StoreOptions } from '../store-options.ts';

/**
 * The window that a query really uses: its ends moved outward to the buckets that are kept at that age (rule 23).
 */
export function usedWindow(window: Window, now: number, options: Pick<StoreOptions, 'fineActivityMs' | 'hourlyActivityMs'>): Window {
  const floor = (at: number): number => minutesToMs(bucketOf(at, widthAt(at, now, options)));
  const used: { since?: number; until?: number } = {};
  if (window.since !== undefined) used.since = floor(window.since);
  if (window.until !== undefined) {
    const start = floor(window.until);
    used.until = start === window.until ? start : start + minutesToMs(widthAt(window.until, now, options));
  }
  return used;
}

function widthAt(at: number, now: number, options: Pick<StoreOptions, 'fineActivityMs' | 'hourlyActivityMs'>): number {
  const { hourlyBefore, dailyBefore } = compactionLimits(now, options);
  if (at >= minutesToMs(hourlyBefore)) return FINE_MINUTES;
  return at >= minutesToMs(dailyBefore) ? HOUR_MINUTES : DAY_MINUTES;
}

/** Activity before these starts (minutes, on the wider bucket's border) is kept in wider buckets. */
export function compactionLimits(
  now: number,
  options: Pick<StoreOptions, 'fineActivityMs' | 'hourlyActivityMs'>,
): { readonly hourlyBefore: number; readonly dailyBefore: number } {
  return {
    hourlyBefore: bucketOf(now - options.fineActivityMs, HOUR_MINUTES),
    dailyBefore: bucketOf(now - options.hourlyActivityMs, DAY_MINUTES),
  };
}
