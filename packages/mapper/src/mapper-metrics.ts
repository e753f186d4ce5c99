import { createMetrics, defineMetrics } from '@nm/runtime';
import type { Metrics } from '@nm/runtime';
import type { Registry } from 'prom-client';
import { EXPORT_METRICS } from './export/export-metrics.ts';

/** The mapper's metrics (docs/reference/metrics.md is written from it). */
export const MAPPER_METRICS = defineMetrics({
  batches: {
    type: 'counter',
    name: 'network_mapper_report_batches_total',
    help: 'Batches of our own reporters by result: stored, repeat, busy, invalid, failed.',
    labels: ['result'],
  },
  observations: {
    type: 'counter',
    name: 'network_mapper_observations_total',
    help: 'Observations accepted, by evidence. Stored when their batch was answered.',
    labels: ['kind'],
  },
  rejected: {
    type: 'counter',
    name: 'network_mapper_observations_rejected_total',
    help: 'Observations refused one by one because they are malformed, by reason. A fault of the reporter.',
    labels: ['reason'],
  },
  dropped: {
    type: 'counter',
    name: 'network_mapper_observations_dropped_total',
    help: 'Observations that make no edge on purpose, by reason.',
    labels: ['reason'],
  },
  unresolved: {
    type: 'counter',
    name: 'network_mapper_observations_unresolved_total',
    help: 'Observations with an end that nobody owned at that time, by reason.',
    labels: ['reason'],
  },
  repeats: { type: 'counter', name: 'network_mapper_observations_repeated_total', help: 'Observations that had been stored before.' },
  beforeReset: {
    type: 'counter',
    name: 'network_mapper_observations_before_reset_total',
    help: 'Updates refused because they were seen before the last reset.',
  },
  collapsedNames: {
    type: 'gauge',
    name: 'network_mapper_domains_collapsed',
    help: 'Names that were replaced by the wildcard of their domain since the start.',
  },
  waiting: {
    type: 'gauge',
    name: 'network_mapper_observations_waiting',
    help: 'Observations that wait for the Kubernetes API to catch up.',
  },
  reportSeconds: {
    type: 'histogram',
    name: 'network_mapper_report_seconds',
    help: 'Time from a decoded batch to its answer, stored.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5],
  },
  clockOffset: {
    type: 'gauge',
    name: 'network_mapper_reporter_clock_offset_seconds',
    help: 'Clock of the reporters of a node minus the mapper’s; times are corrected by it.',
    labels: ['node'],
  },
  reporters: {
    type: 'gauge',
    name: 'network_mapper_reporters',
    help: 'Reporters heard of in the last two minutes, by kind.',
    labels: ['kind'],
  },
  watchLists: {
    type: 'counter',
    name: 'network_mapper_watch_lists_total',
    help: 'Kubernetes lists read, by resource and reason: first, expired (the server forgot the version), broken.',
    labels: ['resource', 'reason'],
  },
  watchListSeconds: {
    type: 'gauge',
    name: 'network_mapper_watch_list_seconds',
    help: 'Time that the last list of a resource took.',
    labels: ['resource'],
  },
  watchEvents: {
    type: 'counter',
    name: 'network_mapper_watch_events_total',
    help: 'Kubernetes watch events taken in, by resource.',
    labels: ['resource'],
  },
  watchFailures: {
    type: 'counter',
    name: 'network_mapper_watch_failures_total',
    help: 'Kubernetes lists and watches that failed and are tried again, by resource and error code.',
    labels: ['resource', 'code'],
  },
  watchSkipped: {
    type: 'counter',
    name: 'network_mapper_watch_objects_skipped_total',
    help: 'Kubernetes objects that were not understood and left out, by resource and reason.',
    labels: ['resource', 'reason'],
  },
  reporterLosses: {
    type: 'gauge',
    name: 'network_mapper_reporter_losses',
    help: 'What reporters say they lost since they started, by reason.',
    labels: ['reason'],
  },
  edges: { type: 'gauge', name: 'network_mapper_edges', help: 'Edges in the map.' },
  queuedUpdates: { type: 'gauge', name: 'network_mapper_store_queued_updates', help: 'Updates accepted and not stored yet.' },
  storedUpdates: { type: 'gauge', name: 'network_mapper_store_updates', help: 'Updates stored since the start.' },
  droppedEdges: {
    type: 'gauge',
    name: 'network_mapper_store_edges_dropped',
    help: 'Edges dropped because the map was full, since the start.',
  },
  droppedDetails: {
    type: 'gauge',
    name: 'network_mapper_store_details_dropped',
    help: 'Topics, paths, names and actions beyond the bound of their edge, since the start.',
  },
  transactionSeconds: {
    type: 'gauge',
    name: 'network_mapper_store_longest_transaction_seconds',
    help: 'Longest transaction since the last scrape.',
  },
  knownPods: { type: 'gauge', name: 'network_mapper_cluster_pods', help: 'Pods in the cluster view, those that are gone included.' },
  clusterChanges: {
    type: 'counter',
    name: 'network_mapper_cluster_changes_total',
    help: 'Changes of the cluster that were taken in, by type.',
    labels: ['type'],
  },
  refusedConnections: {
    type: 'counter',
    name: 'network_mapper_refused_connections_total',
    help: 'Connections to the listeners of queries that were closed at once: their address has 512, or all have 4,096.',
    labels: ['reason'],
  },
  requests: {
    type: 'counter',
    name: 'network_mapper_http_requests_total',
    help: 'Requests to /query by HTTP status.',
    labels: ['status'],
  },
  requestSeconds: {
    type: 'histogram',
    name: 'network_mapper_http_request_seconds',
    help: 'Time of requests to /query, subscriptions left out.',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
  pendingBytes: { type: 'gauge', name: 'network_mapper_http_pending_bytes', help: 'Request bodies that are in work.' },
  subscriptions: { type: 'gauge', name: 'network_mapper_subscriptions', help: 'Clients that follow changes.' },
  tokenReviews: {
    type: 'counter',
    name: 'network_mapper_token_reviews_total',
    help: 'Tokens that were checked, by result: cached, accepted, refused, failed.',
    labels: ['result'],
  },

  trafficReported: { type: 'counter', name: 'network_mapper_traffic_levels_total', help: 'Items of compatible traffic reports stored.' },
  trafficRefused: {
    type: 'counter',
    name: 'network_mapper_traffic_levels_refused_total',
    help: 'Items of compatible traffic reports refused.',
  },

  ...EXPORT_METRICS,

  // Names that existing dashboards read (reference: Prometheus metrics of the existing mapper).
  oldSocketReported: { type: 'counter', name: 'socketscan_reported_connections', help: 'Compatible: connections of socket scans.' },
  oldDnsReported: { type: 'counter', name: 'dns_reported_connections', help: 'Compatible: connections seen by DNS.' },
  oldTcpReported: { type: 'counter', name: 'tcp_reported_connections', help: 'Compatible: connections seen by TCP attempts.' },
  oldKafkaReported: { type: 'counter', name: 'kafka_reported_topics', help: 'Compatible: Kafka topics.' },
  oldIstioReported: { type: 'counter', name: 'istio_reported_connections', help: 'Compatible: connections of the Istio watcher.' },
  oldSocketDropped: { type: 'counter', name: 'socketscan_dropped_connections', help: 'Compatible: connections of socket scans refused.' },
  oldDnsDropped: { type: 'counter', name: 'dns_dropped_connections', help: 'Compatible: connections seen by DNS refused.' },
  oldTcpDropped: { type: 'counter', name: 'tcp_dropped_connections', help: 'Compatible: connections seen by TCP refused.' },
  oldKafkaDropped: { type: 'counter', name: 'kafka_dropped_topics', help: 'Compatible: Kafka topics refused.' },
  oldIstioDropped: { type: 'counter', name: 'istio_dropped_connections', help: 'Compatible: connections of the Istio watcher refused.' },
  oldAwsReports: { type: 'counter', name: 'aws_reports', help: 'Compatible: AWS operations.' },
  oldAwsDropped: { type: 'counter', name: 'aws_dropped_reports', help: 'Compatible: AWS operations refused.' },
  oldGcpReports: { type: 'counter', name: 'gcp_reports', help: 'Compatible: GCP operations.' },
  oldGcpDropped: { type: 'counter', name: 'gcp_dropped_reports', help: 'Compatible: GCP operations refused.' },
  oldAzureReports: { type: 'counter', name: 'azure_reports', help: 'Compatible: Azure operations.' },
  oldAzureDropped: { type: 'counter', name: 'azure_dropped_reports', help: 'Compatible: Azure operations refused.' },
});

export type MapperMetrics = Metrics<typeof MAPPER_METRICS>;

export function createMapperMetrics(register: Registry): MapperMetrics {
  return createMetrics(MAPPER_METRICS, register);
}
