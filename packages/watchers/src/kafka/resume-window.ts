/**
 * Which lines of a log were already taken. The log API resumes at a whole second, so after a reconnect the lines of the
 * last seconds come again; they are told by their time stamp and their text. Lines of the newest two seconds are
 * remembered, at most `maxLines` of them.
 */
export interface ResumeWindow {
  /** Time stamp of the newest line, as the API wrote it; undefined before the first. */
  readonly lastStamp: string | undefined;
  /** From where to resume: a whole second, RFC 3339. */
  readonly sinceTime: string | undefined;
  /** Lines forgotten early: a resume may count them twice. */
  readonly forgotten: number;
  /** Starts a replay: from here on, lines taken before are told. */
  resume(): void;
  /** Whether the last line taken has come again since `resume`. */
  readonly hasLast: boolean;
  /** Whether the line is one already taken; a repeat is told as often as the line was taken. */
  isRepeat(stamp: string, text: string): boolean;
  /** Remembers a line as taken. */
  take(stamp: string, text: string): void;
}

export const MAX_WINDOW_LINES = 200_000;

export function createResumeWindow(maxLines = MAX_WINDOW_LINES): ResumeWindow {
  const seconds = new Map<string, Map<number, number>>();
  let lines = 0;
  let newest = '';
  let lastStamp: string | undefined;
  let lastKey: number | undefined;
  let lastSecond: string | undefined;
  let forgotten = 0;
  let replayed = new Map<string, Map<number, number>>();
  let hasLast = true;
  let replaying = false;

  function prune(): void {
    const kept = [...seconds.keys()].sort().slice(-2);
    for (const [second, taken] of seconds) {
      if (kept.includes(second)) continue;
      for (const count of taken.values()) lines -= count;
      seconds.delete(second);
    }
  }

  return {
    get lastStamp(): string | undefined {
      return lastStamp;
    },
    get sinceTime(): string | undefined {
      const [oldest] = [...seconds.keys()].sort();
      return oldest === undefined || lastStamp === undefined ? undefined : oldest + zoneOf(lastStamp);
    },
    get forgotten(): number {
      return forgotten;
    },
    get hasLast(): boolean {
      return hasLast;
    },
    resume(): void {
      replayed = new Map();
      replaying = lastKey !== undefined;
      hasLast = lastKey === undefined;
    },
    isRepeat(stamp, text): boolean {
      if (!replaying) return false;
      const second = secondOf(stamp);
      // What is newer than everything taken ends the replay.
      if (second > newest) replaying = false;
      const taken = seconds.get(second);
      // Neither newer nor remembered: from before the window.
      if (taken === undefined) return replaying;
      const key = hashLine(stamp, text);
      const count = taken.get(key) ?? 0;
      let again = replayed.get(second);
      if (again === undefined) {
        again = new Map();
        replayed.set(second, again);
      }
      const seen = again.get(key) ?? 0;
      if (seen >= count) return false;
      again.set(key, seen + 1);
      if (key === lastKey && second === lastSecond) hasLast = true;
      return true;
    },
    take(stamp, text): void {
      const second = secondOf(stamp);
      let taken = seconds.get(second);
      if (taken === undefined) {
        taken = new Map();
        seconds.set(second, taken);
        if (second > newest) newest = second;
        prune();
      }
      const key = hashLine(stamp, text);
      taken.set(key, (taken.get(key) ?? 0) + 1);
      // A line taken during a replay is new; it must not be told as a repeat of itself.
      const again = replayed.get(second);
      again?.set(key, (again.get(key) ?? 0) + 1);
      lines += 1;
      lastStamp = stamp;
      lastKey = key;
      lastSecond = second;
      if (lines > maxLines) {
        forgotten += taken.size;
        for (const count of taken.values()) lines -= count;
        taken.clear();
        taken.set(key, 1);
        lines += 1;
      }
    },
  };
}

/** `Z` or the node's own zone (`+01:00`), in which its runtime writes stamps. */
function zoneOf(stamp: string): string {
  return /(?:Z|[+-]\d\d:\d\d)$/.exec(stamp)?.[0] ?? 'Z';
}

/** `2024-01-02T03:04:05.678901234Z` is `2024-01-02T03:04:05`. */
function secondOf(stamp: string): string {
  return stamp.slice(0, 19);
}

/** A 53-bit hash of a line (two rounds of FNV-1a over UTF-16 units): equal stamps with equal hashes are equal lines. */
function hashLine(stamp: string, text: string): number {
  let first = 0x811c9dc5;
  let second = 0x9dc5811c;
  for (let index = 19; index < stamp.length; index += 1) first = Math.imul(first ^ stamp.charCodeAt(index), 0x01000193);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x85ebca6b);
  }
  return (first >>> 0) * 2097152 + (second >>> 11);
}
