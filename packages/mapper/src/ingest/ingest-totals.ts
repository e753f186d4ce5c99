import type { Observation, Outcome } from '@nm/core';
import type { MapperMetrics } from '../mapper-metrics.ts';

/** Observations by kind: what is left to be said of them once they are resolved. */
export type Tally = ReadonlyMap<Observation['kind'], number>;

export function tallyOf(observations: readonly Observation[]): Tally {
  const kinds = new Map<Observation['kind'], number>();
  for (const { kind } of observations) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return kinds;
}

/** Counts of what became of observations, for metrics and for the status query. */
export interface IngestTotals {
  accepted(tally: Tally): void;
  acceptedCount(): number;
  resolved(outcome: Outcome): void;
  dropped(): Readonly<Record<string, number>>;
  unresolved(): Readonly<Record<string, number>>;
}

export function createIngestTotals(metrics: MapperMetrics): IngestTotals {
  // Reasons come from fixed lists, so neither map grows with the traffic.
  const dropped = new Map<string, number>();
  const unresolved = new Map<string, number>();
  let accepted = 0;
  return {
    accepted(tally) {
      for (const [kind, count] of tally) {
        accepted += count;
        metrics.observations.inc({ kind }, count);
      }
    },
    resolved(outcome) {
      if (outcome.dropped !== undefined) {
        increment(dropped, outcome.dropped);
        metrics.dropped.inc({ reason: outcome.dropped });
      }
      if (outcome.unknown === undefined) return;
      for (const { reason } of outcome.unknown) {
        increment(unresolved, reason);
        metrics.unresolved.inc({ reason });
      }
    },
    acceptedCount: () => accepted,
    dropped: () => Object.fromEntries(dropped),
    unresolved: () => Object.fromEntries(unresolved),
  };
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
