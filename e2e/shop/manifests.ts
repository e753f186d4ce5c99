/** What a program of the shop does, over and over (e2e/shop/main.js). */
export type Step =
  | { readonly connect: string; readonly port: number; readonly family?: 4 | 6 }
  | { readonly lookup: string; readonly family?: 4 | 6 }
  | { readonly resolve: string; readonly type?: string }
  | { readonly address: string; readonly port: number }
  | { readonly hold: string; readonly port: number };

interface Program {
  readonly name: string;
  readonly namespace?: string;
  readonly kind?: 'Deployment' | 'StatefulSet' | 'CronJob' | 'Job' | 'Pod';
  readonly serve?: number;
  readonly steps?: readonly Step[];
  readonly replicas?: number;
  /** Label `app`, by which Services select; the name when absent. */
  readonly app?: string;
  readonly isHostNetwork?: boolean;
  readonly node?: string;
  /** Written in Go, which resolves names by itself (e2e/shop/go-client); Node.js when absent. */
  readonly isGo?: boolean;
}

const EVERY_MS = 2_000;
const [NODE_1, NODE_2] = ['node-1', 'node-2'] as const;

export const NODE_PORT = 30_080;
/** Address of the first node of the test cluster (e2e/cluster/lib.sh). */
export const NODE_ADDRESS = '172.30.0.11';

const PROGRAMS: readonly Program[] = [
  { name: 'web', serve: 8080, replicas: 2 },
  { name: 'cart', serve: 7070, node: NODE_1 },
  { name: 'cart', namespace: 'staging', serve: 7070 },
  { name: 'db', kind: 'StatefulSet', serve: 5432, replicas: 2 },
  { name: 'split-a', app: 'split', serve: 9000, replicas: 0 },
  { name: 'split-b', app: 'split', serve: 9000 },
  {
    name: 'front',
    steps: [
      { connect: 'web', port: 80 },
      { connect: 'cart.shop.svc.cluster.local', port: 7070 },
      { connect: 'api.example.com', port: 443 },
      { connect: 'pay', port: 443 },
      { connect: 'legacy', port: 443 },
    ],
  },
  {
    name: 'front',
    namespace: 'staging',
    steps: [
      { connect: 'cart', port: 7070 },
      { connect: 'web.shop', port: 80 },
    ],
  },
  {
    name: 'gopher',
    isGo: true,
    steps: [{ connect: 'web', port: 80 }, { connect: 'api.example.com', port: 443 }, { lookup: 'www.example.org' }],
  },
  {
    name: 'sixer',
    steps: [
      { connect: 'web', port: 80, family: 6 },
      { connect: 'api.example.com', port: 443, family: 6 },
    ],
  },
  {
    name: 'dbclient',
    steps: [
      { connect: 'db-0.db', port: 5432 },
      { connect: 'db', port: 5432 },
    ],
  },
  { name: 'splitter', steps: [{ connect: 'split', port: 9000 }] },
  { name: 'onlylook', steps: [{ lookup: 'cart' }, { resolve: 'www.example.org' }, { lookup: 'nosuch.example.org' }] },
  { name: 'bigger', steps: [{ lookup: 'big.example.org', family: 4 }] },
  {
    name: 'egress',
    steps: [
      { address: '198.51.100.9', port: 80 },
      { connect: 'db.example.net', port: 443 },
    ],
  },
  { name: 'nodeporter', node: NODE_2, steps: [{ address: NODE_ADDRESS, port: NODE_PORT }] },
  { name: 'holder', node: NODE_2, steps: [{ hold: 'cart', port: 7070 }] },
  { name: 'hostclient', node: NODE_2, isHostNetwork: true, steps: [{ connect: 'cart', port: 7070 }] },
  { name: 'bare', kind: 'Pod', steps: [{ connect: 'web', port: 80 }] },
  { name: 'once', kind: 'Job', steps: [{ connect: 'cart', port: 7070 }] },
  { name: 'nightly', kind: 'CronJob', steps: [{ connect: 'cart', port: 7070 }] },
];

/** Who answers to a name or address that programs of the shop use, by namespace of who asks: the truth to compare with. */
const SERVERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: {
    web: 'shop/web',
    cart: 'shop/cart',
    'cart.shop.svc.cluster.local': 'shop/cart',
    'db-0.db': 'shop/db',
    db: 'shop/db',
    split: 'shop/split-b',
    pay: 'internet api.example.com',
    legacy: 'service shop/legacy',
    'api.example.com': 'internet api.example.com',
    'www.example.org': 'internet www.example.org',
    'big.example.org': 'internet big.example.org',
    'db.example.net': 'internet db.example.net',
    '198.51.100.9': 'internet 198.51.100.9',
    [NODE_ADDRESS]: 'shop/web',
  },
  staging: { cart: 'staging/cart', 'web.shop': 'shop/web' },
};

/** Name in the map of what a step asks for; throws for a step whose answer nobody wrote down. */
export function serverOf(namespace: string, step: Step): string {
  const target = targetOf(step);
  const server = SERVERS[namespace]?.[target];
  if (server === undefined) throw new Error(`nobody wrote down who ${target} is for ${namespace}`);
  return server;
}

function targetOf(step: Step): string {
  if ('connect' in step) return step.connect;
  if ('lookup' in step) return step.lookup;
  if ('resolve' in step) return step.resolve;
  if ('address' in step) return step.address;
  return step.hold;
}

/** Programs that ask, with the names that they have in the map. */
export const CLIENTS = PROGRAMS.filter(({ steps }) => steps !== undefined).map((program) => ({
  namespace: program.namespace ?? 'shop',
  name: program.name,
  /** A host-network pod's short connections carry the node's address and no trace of the process. */
  peer: program.isHostNetwork === true ? `node ${program.node}` : `${program.namespace ?? 'shop'}/${program.name}`,
}));

/**
 * Calls of programs that end, client and server with their names in the map: their pods and logs go with a Job, a drained
 * node or a refused first try, so what they said may be gone when somebody asks.
 */
export const CALLS_OF_JOBS = PROGRAMS.filter(({ kind }) => kind === 'Job' || kind === 'CronJob').flatMap(
  ({ name, namespace = 'shop', steps = [] }) => steps.map((step) => `${namespace}/${name} -> ${serverOf(namespace, step)}`),
);

/** Every object of the shop, as a List for kubectl. */
export function shopManifests(image: string): object {
  const items = [
    ...['shop', 'staging'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    service('web', { type: 'NodePort', ipFamilyPolicy: 'PreferDualStack' }, [
      { name: 'http', port: 80, targetPort: 'p8080', nodePort: NODE_PORT },
    ]),
    service('cart', { ipFamilyPolicy: 'PreferDualStack' }, [{ port: 7070 }]),
    service('cart', {}, [{ port: 7070 }], 'staging'),
    service('db', { clusterIP: 'None' }, [{ port: 5432 }]),
    service('split', {}, [{ port: 9000 }]),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'pay', namespace: 'shop' },
      spec: { type: 'ExternalName', externalName: 'api.example.com' },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'legacy', namespace: 'shop' }, spec: { ports: [{ port: 443 }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'legacy-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'legacy' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 443, protocol: 'TCP' }],
      endpoints: [{ addresses: ['203.0.113.77'], conditions: { ready: true } }],
    },
    ...PROGRAMS.map((program) => workload(program, image)),
  ];
  return { apiVersion: 'v1', kind: 'List', items };
}

/** A Job that connects once to the cart, which is on node-1, and is over. */
export function callOnce(name: string, node: string, image: string): object {
  return workload({ name, kind: 'Job', node, steps: [{ connect: 'cart', port: 7070 }] }, image);
}

function service(name: string, spec: object, ports: readonly object[], namespace = 'shop'): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { selector: { app: name }, ports, ...spec } };
}

function workload(program: Program, image: string): object {
  const { name, namespace = 'shop', kind = 'Deployment' } = program;
  // `w` tells workloads apart that share a Service.
  const labels = { app: program.app ?? name, w: name };
  const runsOnce = kind === 'Job' || kind === 'CronJob';
  const spec = {
    terminationGracePeriodSeconds: 1,
    ...(runsOnce && { restartPolicy: 'Never' }),
    ...(program.node !== undefined && { nodeSelector: { 'kubernetes.io/hostname': program.node } }),
    ...(program.isHostNetwork === true && { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    containers: [
      {
        name: 'main',
        image,
        imagePullPolicy: 'Never',
        ...(program.isGo === true && { command: ['/app/go-client'] }),
        env: [
          { name: 'SERVE', value: program.serve === undefined ? '' : String(program.serve) },
          { name: 'STEPS', value: JSON.stringify(program.steps ?? []) },
          { name: 'EVERY_MS', value: String(runsOnce ? 100 : EVERY_MS) },
          { name: 'TIMES', value: runsOnce ? '1' : '0' },
        ],
        ...(program.serve !== undefined && { ports: [{ name: `p${program.serve}`, containerPort: program.serve }] }),
      },
    ],
  };
  const metadata = { name, namespace };
  const template = { metadata: { labels }, spec };
  const selector = { matchLabels: labels };
  const replicas = program.replicas ?? 1;
  switch (kind) {
    case 'Deployment':
      return { apiVersion: 'apps/v1', kind, metadata, spec: { replicas, selector, template } };
    case 'StatefulSet':
      return { apiVersion: 'apps/v1', kind, metadata, spec: { replicas, selector, template, serviceName: name } };
    case 'Pod':
      return { apiVersion: 'v1', kind, metadata: { ...metadata, labels }, spec };
    case 'Job':
      return { apiVersion: 'batch/v1', kind, metadata, spec: { template, backoffLimit: 0 } };
    case 'CronJob':
      return { apiVersion: 'batch/v1', kind, metadata, spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } };
  }
}
