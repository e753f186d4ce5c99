import type { IntentEdge } from '@nm/core';
import type { BatchOutcome, ReporterState, ResolvedWaiting, StoreBatch, WaitingObservation } from './batch.ts';
import type { MaintenanceOutcome } from './maintain/outcome.ts';
import type {
  ActivityPoint,
  ActivityQuery,
  ClusterSummary,
  EdgeChanges,
  EdgeFilter,
  EdgeOutline,
  EdgePage,
  EdgeQuery,
  NamespaceSummary,
  StoredEdge,
  StoreStatus,
  Window,
  WorkloadPage,
  WorkloadQuery,
} from './query.ts';

/**
 * The mapper's memory. One contract, two databases (SQLite, PostgreSQL), one test suite.
 *
 * - What a resolved promise acknowledged survives a kill of the process.
 * - Updates commute: any order and any partition into batches gives the same edges, so several replicas may write
 *   the same edges at the same time.
 * - Instants are milliseconds since the Unix epoch; fractions are rounded.
 * - Clusters are known by name here; several mappers' clusters may share one PostgreSQL.
 * - Every method rejects with a StoreError (codes in store-error.ts) for what an operator or caller can act on.
 */
export interface Store {
  /** Connects, migrates the schema, reads what it needs. @throws StoreError `store_newer_schema`, `store_unavailable` … */
  start(signal?: AbortSignal): Promise<void>;
  /** Finishes what was accepted, then closes. */
  stop(): Promise<void>;

  /**
   * Stores a batch in one transaction; several queued batches may share one. Resolves when stored.
   * @throws StoreError `store_busy` (queue full, or too many observations wait: answer "not now"),
   * `store_value_invalid` (a count or instant that is no safe integer; nothing of the batch was stored).
   */
  applyBatch(batch: StoreBatch): Promise<BatchOutcome>;
  /** Last stored state of a reporter instance. */
  reporter(instance: string): Promise<ReporterState | undefined>;
  reporters(cluster: string): Promise<readonly ReporterState[]>;

  /** Observations not taken by anybody, oldest first; they come back to others when the lease ends. */
  takeWaiting(query: { cluster: string; limit: number; leaseMs: number }): Promise<readonly WaitingObservation[]>;
  /** Ends them: stores their updates as their rows go, in one transaction; a row somebody else ended adds nothing. */
  resolveWaiting(resolved: readonly ResolvedWaiting[]): Promise<{ readonly resolved: number }>;
  /** Gives them back, not to be taken before `notBefore`. */
  postponeWaiting(ids: readonly number[], notBefore: number): Promise<void>;

  /** Edges by client namespace, client name, then server; stable under writes. @throws StoreError `cursor_invalid` */
  edges(query: EdgeQuery): Promise<EdgePage>;
  countEdges(query: { filter?: EdgeFilter; window?: Window }): Promise<number>;
  /**
   * All edges in the same order, in chunks, without holding them all; writes go on meanwhile. `counts: false` leaves
   * the activity unread: evidence then says first and last time with count 0 (cheaper). `labels: false` leaves out the
   * labels of workloads.
   */
  exportEdges(query: {
    filter?: EdgeFilter;
    window?: Window;
    counts?: boolean;
    labels?: boolean;
    signal?: AbortSignal;
  }): AsyncIterable<readonly StoredEdge[]>;
  /** The same in half the time, with no more than intents need; over all time. */
  exportForIntents(query: { filter?: EdgeFilter; labels?: boolean; signal?: AbortSignal }): AsyncIterable<readonly IntentEdge[]>;
  /** All edges in few words, in chunks of no order; the window is the one really used. */
  outlineEdges(query: { filter?: EdgeFilter; window?: Window; signal?: AbortSignal }): {
    readonly window: Window;
    readonly chunks: AsyncIterable<readonly EdgeOutline[]>;
  };
  /** Edges that changed after `since` (a version); polled. Changes of counts alone appear within seconds. */
  changes(query: { since: number; filter?: EdgeFilter; window?: Window; limit: number }): Promise<EdgeChanges>;
  workloads(query: WorkloadQuery): Promise<WorkloadPage>;
  namespaces(clusters?: readonly string[]): Promise<readonly NamespaceSummary[]>;
  clusters(): Promise<readonly ClusterSummary[]>;
  /** Calls per bar, empty bars left out. */
  activity(query: ActivityQuery): Promise<readonly ActivityPoint[]>;
  status(): Promise<StoreStatus>;

  /**
   * Makes the cluster known: its UID (of the namespace kube-system) is its identity, the name a label, so a new name
   * renames it. @throws StoreError `cluster_name_taken` when another UID holds the name.
   */
  registerCluster(cluster: { readonly uid?: string; readonly name: string }): Promise<void>;
  /** Sets the environment of namespaces (none: removes it), so that filters and other clusters' mappers know it. */
  saveNamespaces(
    namespaces: readonly { readonly cluster: string; readonly namespace: string; readonly environment?: string }[],
  ): Promise<void>;

  /** Inserts or replaces by (cluster, kind, uid); an end once known stays. */
  saveIntervals(cluster: string, intervals: readonly AddressInterval[]): Promise<void>;
  /** Those that had not ended before `since`, in chunks. */
  loadIntervals(cluster: string, since: number): AsyncIterable<readonly AddressInterval[]>;

  /**
   * Forgets the cluster's edges, names, activity and waiting observations; observations from before `at` that arrive
   * later are refused, by every replica. Reporters' sequences and address intervals stay.
   */
  reset(reset: { readonly cluster: string; readonly at: number }): Promise<{ readonly edges: number }>;
  /** The cluster's last reset. */
  resetAt(cluster: string): Promise<number | undefined>;

  /**
   * Compaction, retention and bounds; call it every minute or so. Replicas agree by a lease who does it; work is cut
   * into short transactions. `dropped` says what the bounds took.
   */
  maintain(signal?: AbortSignal): Promise<MaintenanceOutcome>;
  /** True if this process now holds the named job for `leaseMs` (a holder may renew). */
  lease(job: string, leaseMs: number): Promise<boolean>;
  release(job: string): Promise<void>;

  /** Writes a consistent copy while running. SQLite only. @throws StoreError `backup_unsupported` */
  backup(path: string): Promise<void>;
  /** Gauges and counters, cheap, for metrics. Asking begins the next stretch of `longestTransactionMs`. */
  stats(): StoreStats;
  /** Observations that wait to be resolved, and updates that wait to be stored: for who asks at each report. */
  waiting(): number;
  queuedUpdates(): number;
}

/** Who had which addresses when: a pod, or anything else whose past the resolver needs after a restart. */
export interface AddressInterval {
  /** `pod`, `service`, `node` … */
  readonly kind: string;
  readonly uid: string;
  readonly namespace?: string;
  readonly name: string;
  readonly workload?: { readonly namespace: string; readonly name: string; readonly kind: string };
  readonly addresses: readonly string[];
  readonly node?: string;
  readonly from: number;
  /** Absent: still there. */
  readonly to?: number;
  /** What else the resolver wants back (labels, ports): JSON text of at most 64 KiB. */
  readonly extra?: string;
}

export interface StoreStats {
  /** Batches accepted and not stored yet, and the updates in them. */
  readonly queuedBatches: number;
  readonly queuedUpdates: number;
  readonly waiting: number;
  readonly cachedEdges: number;
  readonly cachedPeers: number;
  readonly storedBatches: number;
  readonly storedUpdates: number;
  readonly transactions: number;
  readonly retriedTransactions: number;
  readonly busy: number;
  readonly droppedEdges: number;
  readonly droppedDetails: number;
  /** Longest single transaction since the last call of stats(), ms. */
  readonly longestTransactionMs: number;
}
