/** Bounds of one batch. A batch beyond them is refused whole, a row with a value beyond them by its index. */
export interface ReportLimits {
  /** Rows of one batch. */
  readonly maxRows: number;
  /** Entries of the string table. */
  readonly maxStrings: number;
  /** UTF-16 units of one string. */
  readonly maxStringLength: number;
  /** Oldest and newest time of a row, milliseconds before and after `sentAt`. */
  readonly maxAgeMs: number;
  readonly maxAheadMs: number;
  readonly maxCount: number;
  /** Entries of `reporter.addresses` and `reporter.listeners` each. */
  readonly maxReporterEntries: number;
  /**
   * What the reporter proved to be able to see; anything where it is absent. `packets`: rows that name workloads, topics,
   * paths or resources are refused. `names`: rows of lookups, packets and sockets are.
   */
  readonly sees?: 'packets' | 'names';
}

const DAY_MS = 86_400_000;

export const REPORT_LIMITS: ReportLimits = {
  maxRows: 10_000,
  maxStrings: 80_000,
  maxStringLength: 16_384,
  maxAgeMs: 30 * DAY_MS,
  maxAheadMs: 60_000,
  maxCount: 1_000_000_000,
  maxReporterEntries: 4_096,
};
