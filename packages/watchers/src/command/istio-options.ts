import { boolean, bytes, choice, duration, integer, option, optional, text } from '@nm/runtime';
import { ISTIO_WATCHER_DEFAULTS } from '../istio/istio-watcher.ts';
import { WATCHER_OPTIONS } from './common-options.ts';

/** Options of `network-mapper istio-watcher`; docs/reference/options.md is generated from this table. */
export const ISTIO_OPTIONS = {
  ...WATCHER_OPTIONS,
  file: optional({ flag: 'file', type: text('a file'), help: 'Saved statistics (Prometheus text or JSON) to print; - is standard input.' }),
  previous: optional({
    flag: 'previous',
    type: text('a file'),
    help: 'With --file: earlier statistics; only what has risen since is printed.',
  }),
  print: option({ flag: 'print', type: boolean(), default: false, help: 'With --file: print one JSON line for each HTTP edge.' }),
  namespace: optional({
    flag: 'namespace',
    type: text('a namespace'),
    help: 'Read only the proxies of this namespace.',
    oldEnv: ['OTTERIZE_ISTIO_RESTRICT_COLLECTION_TO_NAMESPACE'],
  }),
  interval: option({
    flag: 'interval',
    type: duration({ minMs: 1_000, maxMs: 3_600_000 }),
    default: ISTIO_WATCHER_DEFAULTS.intervalMs,
    help: 'How often every proxy is read.',
    oldEnv: ['OTTERIZE_ISTIO_COOLDOWN_INTERVAL'],
  }),
  timeout: option({
    flag: 'timeout',
    type: duration({ minMs: 100, maxMs: 60_000 }),
    default: 10_000,
    help: 'Time for one proxy to answer in full.',
    oldEnv: ['OTTERIZE_ISTIO_METRIC_FETCH_TIMEOUT'],
  }),
  parallel: option({
    flag: 'parallel',
    type: integer({ min: 1, max: 100 }),
    default: ISTIO_WATCHER_DEFAULTS.parallel,
    help: 'Proxies read at a time.',
  }),
  readBy: option({
    flag: 'read-by',
    type: choice(['network', 'exec']),
    default: 'network',
    help: 'How proxies are read: over the pod network, or by a command in their container (needs the right to pods/exec).',
  }),
  proxyTls: option({
    flag: 'proxy-tls',
    type: choice(['off', 'on', 'insecure']),
    default: 'off',
    help: 'Ask the ports of statistics by TLS: on checks who signed their certificates, insecure does not.',
  }),
  proxyCaFile: optional({
    flag: 'proxy-ca-file',
    type: text('a file'),
    help: "With --proxy-tls on: PEM file of the authority that signed the proxies' certificates.",
  }),
  maxAnswer: option({ flag: 'max-answer', type: bytes(), default: 64 * 1024 * 1024, help: 'Longest statistics of a proxy that are read.' }),
  seenBefore: option({
    flag: 'seen-before',
    type: boolean(),
    default: ISTIO_WATCHER_DEFAULTS.reportsSeenBefore,
    help: "Also report calls from before the watcher's start, with count 0 and the proxy's start as their time.",
  }),
} as const;
