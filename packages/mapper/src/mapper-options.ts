import { boolean, bytes, choice, duration, integer, list, listenAddress, option, optional, pairs, text } from '@nm/runtime';
import type { OptionValues } from '@nm/runtime';
import { AUTH_OPTIONS } from './auth/auth-options.ts';
import { EXPORT_OPTIONS } from './export/export-options.ts';
import { STORE_DEFAULTS } from './store/store-options.ts';
import { TLS_OPTIONS } from './tls/tls-options.ts';

/** Everything that can be set about the mapper (docs/reference/options.md is written from it). */
export const MAPPER_OPTIONS = {
  listen: option({
    flag: 'listen',
    type: listenAddress(),
    default: { port: 9090 },
    help: 'Where queries, reports and the web UI are served.',
  }),
  metricsListen: option({
    flag: 'metrics-listen',
    type: listenAddress(),
    default: { port: 2112 },
    help: 'Where /metrics, /healthz and /readyz are served.',
  }),
  store: option({
    flag: 'store',
    type: text('sqlite:PATH, sqlite::memory: or postgres://…'),
    default: 'sqlite:network-mapper.db',
    help: 'Database of the map. Several replicas need PostgreSQL.',
    secret: 'password',
  }),
  retention: option({
    flag: 'retention',
    type: duration({ minMs: 3_600_000 }),
    default: STORE_DEFAULTS.retentionMs,
    help: 'How long edges and their activity are kept after they were last seen.',
  }),
  maxEdges: option({
    flag: 'max-edges',
    type: integer({ min: 1_000, max: 50_000_000 }),
    default: STORE_DEFAULTS.maxEdges,
    help: 'Bound of the map. Beyond it edges to the internet go first, then the oldest; what went is counted.',
  }),
  activityFine: option({
    flag: 'activity-fine',
    type: duration({ minMs: 3_600_000 }),
    default: STORE_DEFAULTS.fineActivityMs,
    help: 'How long activity is kept in steps of 5 minutes.',
    key: 'activity.fine',
  }),
  activityHourly: option({
    flag: 'activity-hourly',
    type: duration({ minMs: 3_600_000 }),
    default: STORE_DEFAULTS.hourlyActivityMs,
    help: 'How long activity is kept in steps of an hour; in days beyond.',
    key: 'activity.hourly',
  }),

  kube: option({
    flag: 'kube',
    type: list(text('a file or folder')),
    default: [],
    help: 'Kubernetes dumps to read instead of an API server (kubectl get -A -o json, watch streams). May be repeated.',
  }),
  kubeconfig: optional({
    flag: 'kubeconfig',
    type: text('a file'),
    help: 'Kubeconfig of the cluster. Without it the one that kubectl uses, or inside a pod its ServiceAccount.',
  }),
  kubeContext: optional({
    flag: 'context',
    type: text('a context of the kubeconfig'),
    help: 'Context of the kubeconfig.',
    key: 'kubeContext',
  }),
  clusterName: option({ flag: 'cluster-name', type: text(), default: 'default', help: 'Name of this cluster in the map.' }),
  clusterDomains: option({
    flag: 'cluster-domains',
    type: list(text('a DNS domain')),
    default: ['cluster.local'],
    help: 'DNS domains of the cluster.',
  }),
  ownerKinds: option({
    flag: 'owner-kinds',
    type: list(text('Kind.group such as Rollout.argoproj.io')),
    default: [],
    help: 'Custom kinds that own pods, to be watched so that their own owners are found.',
  }),
  nameLabel: optional({ flag: 'workload-name-label', type: text('a label key'), help: 'Pod label that names the workload.' }),
  nameAnnotations: option({
    flag: 'workload-name-annotations',
    type: list(text('an annotation key')),
    default: [],
    help: 'Pod annotations that name the workload, before the ones that are always read.',
    oldEnv: ['OTTERIZE_WORKLOAD_NAME_OVERRIDE_ANNOTATION'],
  }),
  imageNameForJobs: option({
    flag: 'image-name-for-jobs',
    type: boolean(),
    default: false,
    help: 'Name Jobs by the images of their containers.',
    oldEnv: ['OTTERIZE_USE_IMAGE_NAME_FOR_SERVICE_ID_FOR_JOBS'],
  }),
  environments: option({
    flag: 'environments',
    type: pairs('environment=namespace pattern, patterns joined by |, such as prod=shop|pay-*,dev=dev-*'),
    default: {},
    help: 'Environments by patterns of namespaces; the first that fits wins, before the label.',
  }),
  environmentLabel: optional({
    flag: 'environment-label',
    type: text('a label key'),
    help: 'Label of namespaces that names their environment.',
  }),
  historyFor: option({
    flag: 'address-history',
    type: duration({ minMs: 60_000 }),
    default: STORE_DEFAULTS.intervalRetentionMs,
    help: 'How long pods that are gone are remembered with their addresses, for reports that come late.',
  }),

  resolveWait: option({
    flag: 'resolve-wait',
    type: duration({ maxMs: 600_000 }),
    default: 10_000,
    help: 'How long an observation of an unknown address waits for the Kubernetes API before it counts as unknown.',
  }),
  reportInterval: option({
    flag: 'report-interval',
    type: duration({ minMs: 100, maxMs: 3_600_000 }),
    default: 1_000,
    help: 'How often sniffers report counts at most; told to them with each answer. A sniffer whose own interval is longer keeps it.',
  }),
  maxBody: option({
    flag: 'max-body',
    type: bytes(),
    default: 16_777_216,
    help: 'Largest request, also after decompression. Larger ones are refused (413).',
    key: 'limits.body',
  }),
  maxPendingBytes: option({
    flag: 'max-pending-bytes',
    type: bytes(),
    default: 134_217_728,
    help: 'Request bodies that are in work together. Beyond it requests are told to come back (503).',
    key: 'limits.pendingBytes',
  }),
  maxQueuedUpdates: option({
    flag: 'max-queued-updates',
    type: integer({ min: 1, max: 1_000_000 }),
    default: 20_000,
    help: 'Updates of the map that may wait to be stored. Beyond it reports are told to come back (503), which keeps answers quick.',
    key: 'limits.queuedUpdates',
  }),
  maxSubscriptions: option({
    flag: 'max-subscriptions',
    type: integer({ min: 0, max: 10_000 }),
    default: 100,
    help: 'Clients that follow changes at once.',
    key: 'limits.subscriptions',
  }),

  istio: option({
    flag: 'istio',
    type: boolean(),
    default: false,
    help: 'Also read the proxies of an Istio mesh, as `network-mapper istio-watcher` does.',
    key: 'istioWatcher.enabled',
    oldEnv: ['OTTERIZE_ENABLE_ISTIO_COLLECTION'],
  }),
  istioNamespace: optional({
    flag: 'istio-namespace',
    type: text('a namespace'),
    help: 'With --istio: only the proxies of this namespace.',
    key: 'istioWatcher.namespace',
    oldEnv: ['OTTERIZE_ISTIO_RESTRICT_COLLECTION_TO_NAMESPACE'],
  }),
  istioInterval: option({
    flag: 'istio-interval',
    type: duration({ minMs: 1_000, maxMs: 3_600_000 }),
    default: 30_000,
    help: 'With --istio: how often every proxy is read.',
    key: 'istioWatcher.interval',
    oldEnv: ['OTTERIZE_ISTIO_COOLDOWN_INTERVAL'],
  }),
  istioReadBy: option({
    flag: 'istio-read-by',
    type: choice(['network', 'exec']),
    default: 'network',
    help: 'With --istio: over the pod network, or by a command in the proxies’ containers (needs the right to pods/exec).',
    key: 'istioWatcher.readBy',
  }),

  ...AUTH_OPTIONS,
  introspection: option({ flag: 'introspection', type: boolean(), default: false, help: 'Answer GraphQL introspection.' }),
  ...TLS_OPTIONS,

  ...EXPORT_OPTIONS,

  web: optional({ flag: 'web', type: text('a folder'), help: 'Folder of the web UI, served at /.' }),
  logLevel: option({
    flag: 'log-level',
    type: choice(['debug', 'info', 'warn', 'error']),
    default: 'info',
    help: 'Least level that is logged.',
  }),
};

export type MapperOptions = OptionValues<typeof MAPPER_OPTIONS>;
