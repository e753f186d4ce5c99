const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Everything that can be set about the store; defaults below. */
export interface StoreOptions {
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. */
  readonly url: string;
  /** Activity and edges older than this go. */
  readonly retentionMs: number;
  readonly maxEdges: number;
  /** How long activity stays in 5-minute and in 1-hour buckets (rule 23); beyond, in days. */
  readonly fineActivityMs: number;
  readonly hourlyActivityMs: number;
  /** How long ended address intervals are kept. */
  readonly intervalRetentionMs: number;
  readonly repeatMemoryMs: number;
  readonly maxRepeatKeys: number;
  /** Reporter instances whose sequence is remembered. */
  readonly maxReporters: number;
  /** Above it, applyBatch answers `store_busy`. */
  readonly maxWaiting: number;
  readonly maxQueuedUpdates: number;
  /** Updates that may share a transaction: bounds its length. */
  readonly maxTransactionUpdates: number;
  /** Edges whose identity is kept in memory. */
  readonly maxCachedEdges: number;
  readonly maxCachedPeers: number;
  /** Addresses kept per edge and side: a uniform sample, from which the true number is estimated when it is larger. */
  readonly maxAddressesPerEdge: number;
  /** Kafka topics, HTTP paths, names, actions: each kind, per edge. */
  readonly maxDetailsPerEdge: number;
  /** Changes of counts and evidence alone are made visible to `changes` this often. */
  readonly changeIntervalMs: number;
  /** SQLite: counts are booked so long after the last ones came, and at the latest so long after the first. */
  readonly bookAfterMs: number;
  readonly bookWithinMs: number;
  /** Counts booked in one transaction: bounds its length. */
  readonly bookingSlice: number;
  /** PostgreSQL connections. */
  readonly maxConnections: number;
}

export const STORE_DEFAULTS: Omit<StoreOptions, 'url'> = {
  retentionMs: 30 * DAY_MS,
  maxEdges: 1_000_000,
  fineActivityMs: 2 * DAY_MS,
  hourlyActivityMs: 30 * DAY_MS,
  intervalRetentionMs: DAY_MS,
  repeatMemoryMs: HOUR_MS,
  maxRepeatKeys: 1_000_000,
  maxReporters: 10_000,
  maxWaiting: 200_000,
  maxQueuedUpdates: 250_000,
  maxTransactionUpdates: 20_000,
  maxCachedEdges: 150_000,
  maxCachedPeers: 50_000,
  maxAddressesPerEdge: 256,
  maxDetailsPerEdge: 1_000,
  changeIntervalMs: 5_000,
  bookAfterMs: 1_000,
  bookWithinMs: 10_000,
  bookingSlice: 4_096,
  maxConnections: 4,
};
