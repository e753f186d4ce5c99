/** Counters of Istio's standard metrics that say who called whom (istio.io/latest/docs/reference/config/metrics). */
export type MeshMetric = 'requests' | 'connections';

/**
 * Names under which the counters appear, whatever stands before them (`envoy_istiocustom_`, `istiocustom.`, `x__`), with
 * or without `_total` behind: OpenMetrics names a family without, its samples with it.
 */
export const METRIC_NAMES: Readonly<Record<MeshMetric, string>> = {
  requests: 'istio_requests',
  connections: 'istio_tcp_connections_opened',
};
export const TOTAL = '_total';

export type MeshLabels = ReadonlyMap<string, string>;

/** One counter with its labels; `value` is what it adds: the increase since the last look, or all of it. */
export interface MeshSeries {
  readonly metric: MeshMetric;
  readonly labels: MeshLabels;
  readonly value: number;
}

/** The metric that a sample's name stands for, if it is one of ours. */
export function toMeshMetric(name: string): MeshMetric | undefined {
  const base = name.endsWith(TOTAL) ? name.slice(0, -TOTAL.length) : name;
  if (endsWithName(base, METRIC_NAMES.requests)) return 'requests';
  return endsWithName(base, METRIC_NAMES.connections) ? 'connections' : undefined;
}

function endsWithName(name: string, end: string): boolean {
  if (!name.endsWith(end)) return false;
  const before = name.charCodeAt(name.length - end.length - 1);
  // A separator or nothing: `myistio_requests_total` is somebody else's.
  return Number.isNaN(before) || before === 0x5f || before === 0x2e || before === 0x3a;
}
