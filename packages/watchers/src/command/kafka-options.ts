import { boolean, duration, list, option, optional, text } from '@nm/runtime';
import { KAFKA_WATCHER_DEFAULTS } from '../kafka/kafka-watcher.ts';
import { WATCHER_OPTIONS } from './common-options.ts';

/** Options of `network-mapper kafka-watcher`; docs/reference/options.md is generated from this table. */
export const KAFKA_OPTIONS = {
  ...WATCHER_OPTIONS,
  servers: option<readonly string[]>({
    flag: 'servers',
    type: list(text('name.namespace or name.namespace:container')),
    default: [],
    help: 'Kafka servers: the name of their StatefulSet, StrimziPodSet, Strimzi cluster or pod and the namespace, with the container when it is not "kafka".',
    oldEnv: ['OTTERIZE_KAFKA_SERVERS'],
  }),
  file: optional({
    flag: 'file',
    type: text('a file'),
    help: 'Read this log instead of the logs of pods; - is standard input (with --once).',
  }),
  once: option({
    flag: 'once',
    type: boolean(),
    default: false,
    help: 'With --file: read it to its end and stop, instead of following it.',
  }),
  print: option({
    flag: 'print',
    type: boolean(),
    default: false,
    help: "With --file: print one JSON line for each of the authorizer's lines instead of reporting.",
  }),
  fromStart: option({ flag: 'from-start', type: boolean(), default: false, help: 'With --file: also what the file holds already.' }),
  pod: optional({
    flag: 'pod',
    type: text('a pod name'),
    help: 'With --file: the broker that writes it.',
    oldEnv: ['OTTERIZE_POD'],
  }),
  namespace: optional({
    flag: 'namespace',
    type: text('a namespace'),
    help: "With --file: the broker's namespace.",
    oldEnv: ['OTTERIZE_NAMESPACE'],
  }),
  reportInterval: option({
    flag: 'report-interval',
    type: duration({ minMs: 100, maxMs: 600_000 }),
    default: KAFKA_WATCHER_DEFAULTS.reportIntervalMs,
    help: 'How often accesses are reported.',
    oldEnv: ['OTTERIZE_KAFKA_REPORT_INTERVAL'],
  }),
  lookBack: option({
    flag: 'look-back',
    type: duration({ maxMs: 86_400_000 }),
    default: KAFKA_WATCHER_DEFAULTS.lookBackMs,
    help: 'How far back the logs of pods are read at the start.',
  }),
} as const;
