import type { schema } from '@nm/api';
import { toRfc3339 } from '@nm/core';
import type { Clock } from '@nm/core';
import type { Health } from '@nm/runtime';
import type { ClusterFacts } from '../cluster/cluster-facts.ts';
import type { IngestTotals } from '../ingest/ingest-totals.ts';
import type { ReporterBook, ReporterEntry } from '../ingest/reporter-book.ts';
import type { Store } from '../store/store.ts';

export interface StatusOptions {
  readonly version: string;
  readonly startedAt: number;
  readonly cluster: string;
  readonly maxEdges: number;
  readonly retentionMs: number;
}

/** Answers the query `status`. */
export function createStatusView(
  deps: {
    readonly store: Store;
    readonly health: Health;
    readonly facts: ClusterFacts;
    readonly reporters: ReporterBook;
    readonly totals: IngestTotals;
    readonly clock: Clock;
  },
  options: StatusOptions,
): () => Promise<schema.Status> {
  const { store, health, facts, reporters, totals, clock } = deps;
  return async () => {
    const [state, resetAt] = await Promise.all([store.status(), store.resetAt(options.cluster)]);
    const known = reporters.all();
    const active = new Set(
      reporters.active(clock.now()).flatMap(({ kind, node }) => (kind === 'sniffer' && node !== undefined ? [node] : [])),
    );
    return {
      version: options.version,
      startedAt: toRfc3339(options.startedAt),
      ready: health.ready().ready,
      cluster: options.cluster,
      clusterId: facts.clusterUid ?? null,
      store: state.backend,
      edges: state.edges,
      maxEdges: options.maxEdges,
      retentionMs: options.retentionMs,
      resetAt: resetAt === undefined ? null : toRfc3339(resetAt),
      waiting: state.waiting,
      reporters: known.map(toReporterStatus),
      dropped: totals.dropped(),
      unresolved: totals.unresolved(),
      losses: sumLosses(known),
      nodesWithoutSniffer: [...facts.nodes].filter((node) => !active.has(node)).toSorted(),
    };
  };
}

/** Our reporters have a dozen. They are labels of a metric, and whoever has a token names them. */
const MAX_REASONS = 100;
const OTHER_REASONS = 'other';

/** What reporters lost, by reason, over all of them; reasons beyond the bound are one. */
export function sumLosses(entries: readonly Pick<ReporterEntry, 'losses'>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { losses } of entries) {
    for (const [given, count] of Object.entries(losses)) {
      const reason = sums.has(given) || sums.size < MAX_REASONS ? given : OTHER_REASONS;
      sums.set(reason, (sums.get(reason) ?? 0) + count);
    }
  }
  return Object.fromEntries(sums);
}

function toReporterStatus(entry: ReporterEntry): schema.ReporterStatus {
  return {
    kind: entry.kind,
    node: entry.node ?? null,
    instance: entry.instance,
    version: entry.version,
    firstSeen: toRfc3339(entry.firstSeenAt),
    lastSeen: toRfc3339(entry.lastSeenAt),
    batches: entry.batches,
    observations: entry.observations,
    rejected: entry.rejected,
    clockOffsetMs: entry.clockOffsetMs ?? null,
    losses: entry.losses,
  };
}
