/** Observations a second that are reported without making the interval longer. */
const ROWS_PER_SECOND = 1_000;
const MAX_LOADED_INTERVAL_MS = 10_000;
/** While the mapper is away nobody waits: longer intervals, so that what is repeated takes room in the spool once. */
const AWAY_INTERVAL_MS = 20_000;

/** What the last report was like. */
export interface LastReport {
  readonly rows: number;
  /** Whether the mapper does not answer. */
  readonly isAway: boolean;
  /** How often counts are to be reported. */
  readonly intervalMs: number;
}

/**
 * When to report: with a look at processes and sockets, because each time that the process wakes costs more than what
 * it does then. Counts of what is known go with the interval; something new with the next look, unless the last report
 * was a large one.
 */
export class ReportSchedule {
  private readonly lookEveryMs: number;
  /** Looks until the next report, and until one of something new may follow. */
  private looksLeft = 0;
  private newsLooksLeft = 0;

  /** @param lookEveryMs how often `isDue` is asked */
  constructor(lookEveryMs: number) {
    this.lookEveryMs = lookEveryMs;
  }

  /** Whether it is time to report, at a look. */
  isDue(hasNews: boolean): boolean {
    this.looksLeft -= 1;
    this.newsLooksLeft -= 1;
    return this.looksLeft === 0 || (this.newsLooksLeft <= 0 && hasNews);
  }

  /** @returns after how many milliseconds to report again where that is sooner than the next look */
  reported({ rows, isAway, intervalMs }: LastReport): number | undefined {
    // Every lookup of a busy node is in a row again and again: fewer, larger reports cost less on both sides.
    const loadedMs = Math.min(MAX_LOADED_INTERVAL_MS, (rows * 1_000) / ROWS_PER_SECOND);
    const leastMs = Math.max(loadedMs, isAway ? AWAY_INTERVAL_MS : 0);
    const afterMs = Math.max(intervalMs, leastMs);
    this.looksLeft = Math.round(afterMs / this.lookEveryMs);
    this.newsLooksLeft = Math.round(leastMs / this.lookEveryMs);
    return this.looksLeft === 0 ? afterMs : undefined;
  }
}
