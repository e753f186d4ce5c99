import { boolean, integer, list, option, optional, text } from '@nm/runtime';
import type { OptionValues } from '@nm/runtime';

/** The name that Tempo and the collector's service graph use, so that their dashboards find it. */
export const SERVICE_GRAPH_METRIC = 'traces_service_graph_request_total';

/** What leaves the mapper by itself: OpenTelemetry, edges as Prometheus metrics, usage telemetry. */
export const EXPORT_OPTIONS = {
  otelExport: optional({
    flag: 'otel-export',
    type: boolean(),
    help: 'Send the map’s connections by OTLP, as OTEL_EXPORTER_OTLP_* say. Without it: if one of them names an endpoint.',
    key: 'otel.export',
    oldEnv: ['OTTERIZE_ENABLE_OTEL_EXPORT'],
  }),
  otelMetricName: option({
    flag: 'otel-metric-name',
    type: text('a metric name'),
    default: SERVICE_GRAPH_METRIC,
    help: 'Name of the counter of connections that is sent by OTLP.',
    key: 'otel.metricName',
    oldEnv: ['OTTERIZE_OTEL_METRIC_NAME'],
  }),
  otelMaxSeries: option({
    flag: 'otel-max-series',
    type: integer({ min: 1, max: 200_000 }),
    default: 20_000,
    help: 'Series sent by OTLP. Beyond it connections count in one series with otel.metric.overflow=true.',
    key: 'otel.maxSeries',
  }),
  edgeMetrics: option({
    flag: 'edge-metrics',
    type: boolean(),
    default: false,
    help: 'Show edges on /metrics, a counter and a last-seen gauge for each edge, port and evidence.',
    key: 'edgeMetrics.enabled',
  }),
  edgeMetricsNamespaces: option({
    flag: 'edge-metrics-namespaces',
    type: list(text('a namespace')),
    default: [],
    help: 'Show only edges with an end in one of these namespaces.',
    key: 'edgeMetrics.namespaces',
  }),
  edgeMetricsMaxSeries: option({
    flag: 'edge-metrics-max-series',
    type: integer({ min: 1, max: 200_000 }),
    default: 10_000,
    help: 'Edge series on /metrics, per metric. Beyond it connections count in one series with client="(other)".',
    key: 'edgeMetrics.maxSeries',
  }),
  telemetryEnabled: option({
    flag: 'telemetry-enabled',
    type: boolean(),
    default: true,
    help: 'Send usage telemetry to --telemetry-endpoint; without one nothing is sent. DO_NOT_TRACK=1 switches it off too.',
    key: 'telemetry.enabled',
    oldEnv: ['OTTERIZE_TELEMETRY_ENABLED'],
  }),
  telemetryEndpoint: optional({
    flag: 'telemetry-endpoint',
    type: text('an http(s) URL'),
    help: 'Where usage telemetry goes, at most once an hour. Nowhere by default.',
    key: 'telemetry.endpoint',
  }),
};

export type ExportOptions = OptionValues<typeof EXPORT_OPTIONS>;
