import { choice, listenAddress, option, optional, text } from '@nm/runtime';
import type { LogLevel } from '@nm/runtime';

/** For an argument that is no flag. */
export const FILES_BY_FLAG = '; files are given with --file';

/** Options that both watchers have. */
export const WATCHER_OPTIONS = {
  mapperUrl: option({
    flag: 'mapper-url',
    type: text('a URL'),
    default: 'http://network-mapper:9090/query',
    help: 'Where reports go; /query is added when it is missing.',
    oldEnv: ['OTTERIZE_MAPPER_API_URL'],
  }),
  tokenFile: optional({
    flag: 'token-file',
    type: text('a file'),
    help: 'File with the token that identifies this watcher; read again each time.',
  }),
  caFile: optional({ flag: 'ca-file', type: text('a file'), help: "PEM file of the authority that signed the mapper's certificate." }),
  kubeconfig: optional({
    flag: 'kubeconfig',
    type: text('a file'),
    help: "Kubeconfig of the cluster; by default KUBECONFIG, ~/.kube/config or the pod's own account.",
  }),
  kubeContext: optional({ flag: 'kube-context', type: text('a context'), help: 'Context of the kubeconfig.' }),
  metricsListen: option({
    flag: 'metrics-listen',
    type: listenAddress(),
    default: { port: 2112 },
    help: 'Where /metrics, /healthz and /readyz are served.',
  }),
  logLevel: option<LogLevel>({
    flag: 'log-level',
    type: choice(['debug', 'info', 'warn', 'error']),
    default: 'info',
    help: 'Least severe log line.',
  }),
} as const;
