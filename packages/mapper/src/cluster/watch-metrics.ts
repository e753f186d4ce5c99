import type { ReflectorMetrics } from '@nm/kube';
import type { MapperMetrics } from '../mapper-metrics.ts';

/** What the watches of the cluster do, as metrics. */
export function createWatchMetrics(metrics: MapperMetrics): ReflectorMetrics {
  return {
    listed: (resource, seconds) => metrics.watchListSeconds.set({ resource }, seconds),
    relisted: (resource, reason) => metrics.watchLists.inc({ resource, reason }),
    events: (resource, count) => metrics.watchEvents.inc({ resource }, count),
    failed: (resource, code) => metrics.watchFailures.inc({ resource, code }),
    skipped: (resource, reason) => metrics.watchSkipped.inc({ resource, reason }),
  };
}
