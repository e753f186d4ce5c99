/**
 * Other loggers print group ids too, and a group id may hold a line break and then a whole line that looks like the
 * authorizer's. Three things give such a line away: the event before it has no end yet, where the layout ends events with
 * the logger's name; its time does not lie between those of its neighbours; text follows it that belongs to nothing.
 * A client that knows the layout and the time to the minute can still write a line that nobody can tell from a real one.
 */
export interface ForgeryGuard {
  /** Notes a line that begins an event; answers whether it lies inside the event before it. */
  begin(line: string, isAudit: boolean): boolean;
  /** Notes a line that goes on with an event. */
  goOn(line: string): void;
  /** Takes back that the last line begun was the authorizer's. */
  wasForged(): void;
  /** Whether the event before the one that has just begun was another logger's. */
  readonly followsOther: boolean;
}

const TRAILER = /\([\w.$]+(?::\d+)?\)(?: \[[^\]]*\])?\s*$/;
/** Lines that decide whether the layout ends events with the logger's name, and by how many it is decided. */
const MAX_VOTES = 64;
const MIN_LEAD = 3;
/** As many lines fit into the longest names; a log that was cut off in the middle of an event hides no more than that. */
const MAX_INSIDE = 1024;

export function createForgeryGuard(): ForgeryGuard {
  let votes = 0;
  let lead = 0;
  let shape = '';
  let isOpen = false;
  let inside = 0;
  let wasOther = false;
  let followsOther = false;

  return {
    get followsOther(): boolean {
      return followsOther;
    },
    begin(line, isAudit): boolean {
      const isEnded = endsLikeTrailer(line);
      if (votes < MAX_VOTES) {
        votes += 1;
        lead += isEnded && TRAILER.test(line.slice(-200)) ? 1 : -1;
        if (lead === 1) shape = shapeOf(line);
      }
      if (isAudit && isOpen && lead >= MIN_LEAD && inside < MAX_INSIDE && shapeOf(line) === shape) {
        inside += 1;
        return true;
      }
      inside = 0;
      // Lines of another layout (the virtual machine's own log) say nothing about where events end.
      isOpen = !isAudit && !isEnded && shapeOf(line) === shape;
      followsOther = wasOther;
      wasOther = !isAudit;
      return false;
    },
    wasForged(): void {
      wasOther = true;
    },
    goOn(line): void {
      if (isOpen && endsLikeTrailer(line)) isOpen = false;
    },
  };
}

function endsLikeTrailer(line: string): boolean {
  let end = line.length;
  while (end > 0 && line.charCodeAt(end - 1) <= 0x20) end -= 1;
  const last = line.charCodeAt(end - 1);
  return last === 0x29 || last === 0x5d;
}

/** What the beginning of a line looks like: digits as 0. */
function shapeOf(line: string): string {
  return line.slice(0, 12).replace(/\d/g, '0');
}

/** `2024-01-02 03:04` of a line that begins with a time, `T` for the space too; empty for other forms. */
export function minuteOf(line: string): string {
  const first = line.charCodeAt(0);
  const at = first === 0x5b ? 1 : first >= 0x30 && first <= 0x39 ? 0 : -1;
  if (at < 0 || line.charCodeAt(at + 4) !== 0x2d || line.charCodeAt(at + 13) !== 0x3a) return '';
  return line.slice(at, at + 16);
}

const TOLERANCE_MINUTES = 2;

/**
 * Whether the time of an event cannot be true: neither between those of its neighbours nor next to one of them (as
 * after a change of the clock). `next` is empty at the end of a log.
 */
export function isOutOfTime(minute: string, previous: string, next: string): boolean {
  // Without an event before it there is nothing to compare with.
  if (minute === previous || minute === next || minute === '' || previous === '') return false;
  const at = toMinutes(minute);
  const before = toMinutes(previous);
  const after = next === '' ? Number.POSITIVE_INFINITY : toMinutes(next);
  if (Number.isNaN(at) || Number.isNaN(before) || Number.isNaN(after)) return false;
  if (before <= at + TOLERANCE_MINUTES && at <= after + TOLERANCE_MINUTES) return false;
  return Math.abs(at - before) > TOLERANCE_MINUTES && Math.abs(at - after) > TOLERANCE_MINUTES;
}

function toMinutes(minute: string): number {
  return Date.parse(`${minute.slice(0, 10)}T${minute.slice(11)}Z`) / 60_000;
}
