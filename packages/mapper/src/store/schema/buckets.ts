const MINUTE_MS = 60_000;

/** Widths of activity buckets, minutes (rule 23). */
export const FINE_MINUTES = 5;
export const HOUR_MINUTES = 60;
export const DAY_MINUTES = 1_440;

/** Start of the bucket that holds the instant, in minutes since the epoch. */
export function bucketOf(atMs: number, widthMinutes: number = FINE_MINUTES): number {
  return Math.floor(atMs / (widthMinutes * MINUTE_MS)) * widthMinutes;
}

export function minutesToMs(minutes: number): number {
  return minutes * MINUTE_MS;
}
