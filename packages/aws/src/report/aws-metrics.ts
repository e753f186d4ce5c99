import { defineMetrics } from '@nm/runtime';

/** Metrics of AWS visibility. */
export const AWS_METRICS = defineMetrics({
  connections: {
    type: 'counter',
    name: 'network_mapper_aws_connections_total',
    help: 'Connections of pods, by outcome: read, other-host, distrusted, no-certificate, no-name, refused-by-client, upstream-failed, unreachable, too-many, displaced.',
    labels: ['outcome'],
  },
  requests: {
    type: 'counter',
    name: 'network_mapper_aws_requests_total',
    help: 'Requests that were read, by outcome: known, or unknown when no action could be told.',
    labels: ['outcome'],
  },
  readErrors: {
    type: 'counter',
    name: 'network_mapper_aws_read_errors_total',
    help: 'Requests that went through although reading them failed.',
  },
  waiting: { type: 'gauge', name: 'network_mapper_aws_waiting_observations', help: 'Observations that the mapper has not taken yet.' },
  dropped: {
    type: 'counter',
    name: 'network_mapper_aws_dropped_observations_total',
    help: 'Observations dropped because too many were different, a name was longer than any, or the mapper was away for too long.',
  },
  generalized: {
    type: 'counter',
    name: 'network_mapper_aws_generalized_calls_total',
    help: 'Calls on objects of a bucket that count for the bucket, because their client used too many of its objects, or a name is longer than any.',
  },
  dnsQueries: {
    type: 'counter',
    name: 'network_mapper_aws_dns_queries_total',
    help: 'Queries, by outcome: answered, forwarded, failed, dropped.',
    labels: ['outcome'],
  },
  admissions: {
    type: 'counter',
    name: 'network_mapper_aws_admissions_total',
    help: 'Pods that the webhook was asked about, by outcome: changed, unchanged, failed, too-many.',
    labels: ['outcome'],
  },
});
