/** The window that the user asks for. */
export type TimeRange =
  | { readonly type: 'all' }
  | { readonly type: 'last'; readonly ms: number }
  | { readonly type: 'range'; readonly since: number; readonly until: number };

/** Absent ends are open; instants are milliseconds since the Unix epoch. */
export interface TimeWindow {
  readonly since?: number;
  readonly until?: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const PRESETS = [
  { text: '15m', title: 'Last 15 minutes', ms: 15 * MINUTE_MS },
  { text: '1h', title: 'Last hour', ms: HOUR_MS },
  { text: '6h', title: 'Last 6 hours', ms: 6 * HOUR_MS },
  { text: '24h', title: 'Last 24 hours', ms: DAY_MS },
  { text: '7d', title: 'Last 7 days', ms: 7 * DAY_MS },
  { text: '30d', title: 'Last 30 days', ms: 30 * DAY_MS },
] as const;

const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** `all`, `15m`, `24h`, `7d`, or two RFC 3339 instants joined by `~`; undefined when it is none of them. */
export function parseTimeRange(text: string): TimeRange | undefined {
  if (text === 'all') return { type: 'all' };
  const last = /^(\d{1,5})([mhd])$/.exec(text);
  const unit = UNITS[last?.[2] ?? ''];
  if (last !== null && unit !== undefined && Number(last[1]) > 0) return { type: 'last', ms: Number(last[1]) * unit };
  const [since, until, ...rest] = text.split('~').map((part) => Date.parse(part));
  if (since === undefined || until === undefined || rest.length > 0) return undefined;
  // Nothing was seen before 1970, and the window before this one must be a date as well.
  return since >= 0 && since < until ? { type: 'range', since, until } : undefined;
}

export function formatTimeRange(range: TimeRange): string {
  if (range.type === 'all') return 'all';
  if (range.type === 'range') return `${new Date(range.since).toISOString()}~${new Date(range.until).toISOString()}`;
  const { ms } = range;
  if (ms % DAY_MS === 0 && ms > DAY_MS) return `${ms / DAY_MS}d`;
  return ms % HOUR_MS === 0 ? `${ms / HOUR_MS}h` : `${Math.round(ms / MINUTE_MS)}m`;
}

export function toWindow(range: TimeRange, now: number): TimeWindow {
  if (range.type === 'all') return {};
  return range.type === 'last' ? { since: now - range.ms } : { since: range.since, until: range.until };
}

/** The window of the same length just before, for comparing. */
export function previousRange(range: TimeRange, now: number): TimeRange | undefined {
  const { since, until = now } = toWindow(range, now);
  return since === undefined ? undefined : { type: 'range', since: since - (until - since), until: since };
}

export function describeRange(range: TimeRange): string {
  if (range.type === 'all') return 'All time';
  if (range.type === 'last') return PRESETS.find(({ ms }) => ms === range.ms)?.title ?? `Last ${formatTimeRange(range)}`;
  return `${formatInstant(range.since)} – ${formatInstant(range.until)}`;
}

/** The same within a sentence: "no call in …". */
export function rangePhrase(range: TimeRange): string {
  if (range.type === 'all') return 'the time that is kept';
  return range.type === 'last' ? `the ${describeRange(range).toLowerCase()}` : describeRange(range);
}

/** `2026-03-01 12:00` in the reader's time zone. */
export function formatInstant(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `3 min ago`; the future (clock differences) is `just now`. */
export function formatAge(ageMs: number): string {
  if (ageMs < MINUTE_MS) return 'just now';
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min ago`;
  if (ageMs < DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h ago`;
  const days = Math.floor(ageMs / DAY_MS);
  return days === 1 ? '1 day ago' : `${days} days ago`;
}
