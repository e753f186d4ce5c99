import { defineMetrics } from '@nm/runtime';

/** Metrics of the Istio watcher. */
export const ISTIO_METRICS = defineMetrics({
  proxies: { type: 'gauge', name: 'network_mapper_istio_proxies', help: 'Proxies of the mesh that are read.' },
  reads: {
    type: 'counter',
    name: 'network_mapper_istio_reads_total',
    help: "Reads of a proxy's statistics, by outcome: ok, put-off (too slow before), or the code of the error.",
    labels: ['outcome'],
  },
  roundSeconds: {
    type: 'histogram',
    name: 'network_mapper_istio_round_seconds',
    help: 'Time to read all proxies once.',
    buckets: [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60],
  },
  series: { type: 'gauge', name: 'network_mapper_istio_series', help: 'Counters of proxies whose last value is remembered.' },
  refusedSeries: {
    type: 'counter',
    name: 'network_mapper_istio_refused_series_total',
    help: 'Counters not looked at because a proxy has more than the bound.',
  },
  badLines: { type: 'counter', name: 'network_mapper_istio_bad_lines_total', help: 'Lines of statistics that could not be read.' },
  calls: {
    type: 'counter',
    name: 'network_mapper_istio_calls_total',
    help: 'Counters that rose, by what is known of their ends: known, passthrough, service, blackHole, half, unknown.',
    labels: ['peers'],
  },
  collapsedPaths: {
    type: 'counter',
    name: 'network_mapper_istio_collapsed_paths_total',
    help: 'Paths booked with {id} or {path} because a pair of workloads has too many.',
  },
  waiting: { type: 'gauge', name: 'network_mapper_istio_waiting_observations', help: 'Observations that the mapper has not taken yet.' },
  dropped: {
    type: 'counter',
    name: 'network_mapper_istio_dropped_observations_total',
    help: 'Observations dropped because the mapper was away for too long.',
  },
});
