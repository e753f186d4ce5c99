import { defineMetrics } from '@nm/runtime';
import type { Metrics } from '@nm/runtime';

export const EXPORT_METRICS = defineMetrics({
  otelExports: {
    type: 'counter',
    name: 'network_mapper_otel_exports_total',
    help: 'Requests of OTLP export by result: sent, failed.',
    labels: ['result'],
  },
  otelRejectedPoints: {
    type: 'counter',
    name: 'network_mapper_otel_rejected_points_total',
    help: 'Counters that an OTLP receiver did not take of requests that it accepted.',
  },
  exportSeries: {
    type: 'gauge',
    name: 'network_mapper_export_series',
    help: 'Series of edges that are kept for an export (otel, prometheus).',
    labels: ['export'],
  },
  exportOverflow: {
    type: 'counter',
    name: 'network_mapper_export_overflow_total',
    help: 'Connections that went to the overflow series because an export was full.',
    labels: ['export'],
  },
  exportUntracked: {
    type: 'counter',
    name: 'network_mapper_export_untracked_total',
    help: 'Changed edges that exports left out because more were active at once than they follow.',
  },
  exportFailures: {
    type: 'counter',
    name: 'network_mapper_export_reads_failed_total',
    help: 'Readings of the map for exports that failed.',
  },
  nodesWithoutSniffer: {
    type: 'gauge',
    name: 'network_mapper_nodes_without_sniffer',
    help: 'Nodes of the cluster whose sniffer was not heard of in the last two minutes.',
  },
  telemetrySends: {
    type: 'counter',
    name: 'network_mapper_telemetry_sends_total',
    help: 'Usage telemetry by result: sent, failed. Absent where it is off.',
    labels: ['result'],
  },
});

export type ExportMetrics = Metrics<typeof EXPORT_METRICS>;
