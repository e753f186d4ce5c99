import { defineMetrics } from '@nm/runtime';

/** Metrics of the Kafka watcher. */
export const KAFKA_METRICS = defineMetrics({
  lines: {
    type: 'counter',
    name: 'network_mapper_kafka_log_lines_total',
    help: 'Lines read from the logs of Kafka brokers.',
    labels: ['broker'],
  },
  events: {
    type: 'counter',
    name: 'network_mapper_kafka_authorizer_events_total',
    help: 'Events of the authorizer in those lines, by what became of them: used, pseudo, no-name, loopback, bad-address, malformed, forged.',
    labels: ['outcome'],
  },
  brokers: { type: 'gauge', name: 'network_mapper_kafka_brokers', help: 'Brokers whose log is followed.' },
  reconnects: {
    type: 'counter',
    name: 'network_mapper_kafka_log_reconnects_total',
    help: 'Connections to a log made again.',
    labels: ['broker'],
  },
  gaps: {
    type: 'counter',
    name: 'network_mapper_kafka_log_gaps_total',
    help: 'Times that lines were lost because a log was rotated while it was not read.',
    labels: ['broker'],
  },
  gapSeconds: {
    type: 'counter',
    name: 'network_mapper_kafka_log_gap_seconds_total',
    help: 'Length of those gaps.',
    labels: ['broker'],
  },
  lastEvent: {
    type: 'gauge',
    name: 'network_mapper_kafka_last_authorizer_event_timestamp_seconds',
    help: 'When an event of the authorizer was last read, seconds since the Unix epoch.',
  },
  waiting: { type: 'gauge', name: 'network_mapper_kafka_waiting_observations', help: 'Observations that the mapper has not taken yet.' },
  dropped: {
    type: 'counter',
    name: 'network_mapper_kafka_dropped_observations_total',
    help: 'Observations dropped because the mapper was away for too long.',
  },
});
