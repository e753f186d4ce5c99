import type { LogLevel } from '../logging.ts';
import { option, optional } from './option-table.ts';
import { choice, httpUrl, listenAddress, text } from './option-type.ts';

/* Options that several parts have; each part's table names those that it has. */

/** Of whatever reports to a mapper. */
export const REPORTER_OPTIONS = {
  mapperUrl: option({
    flag: 'mapper-url',
    type: httpUrl(),
    default: 'http://network-mapper:9090/query',
    help: 'Where reports go; /query is added when it is missing.',
    oldEnv: ['OTTERIZE_MAPPER_API_URL'],
  }),
  tokenFile: optional({ flag: 'token-file', type: text('a file'), help: 'File with the token that identifies us; read again each time.' }),
  caFile: optional({ flag: 'ca-file', type: text('a file'), help: "PEM file of the authority that signed the mapper's certificate." }),
} as const;

/** Of whatever asks the Kubernetes API, beside a mapper. */
export const KUBE_OPTIONS = {
  kubeconfig: optional({
    flag: 'kubeconfig',
    type: text('a file'),
    help: "Kubeconfig of the cluster; by default KUBECONFIG, ~/.kube/config or the pod's own account.",
  }),
  kubeContext: optional({ flag: 'kube-context', type: text('a context'), help: 'Context of the kubeconfig.' }),
} as const;

/** Of every part that goes on until it is stopped. */
export const SERVICE_OPTIONS = {
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
