import { createFakeApiServer } from '@nm/kube/testing';
import type { FakeApiServer } from '@nm/kube/testing';

/**
 * A live cluster in a process of its own: an API server over HTTP (the fake one of the tests) with pods that come and
 * go. Whoever forked it sends `{ churnPerSecond }` or `{ add }` and is told who has which address from when to when.
 */
export const PODS = 10_000;
export const WORKLOADS = 1_000;
const NODES = 200;
const NAMESPACES = 50;
/** Addresses rest between two owners: object times have a resolution of a second. */
const REST_MS = 3_000;
const TICK_MS = 100;

/** A pod that owns an address from `from`; when `to` is set it is gone. */
export interface Tenure {
  readonly address: string;
  readonly workload: number;
  readonly node: number;
  readonly from: number;
  readonly to?: number;
}

interface LivingPod extends Tenure {
  readonly name: string;
  readonly uid: string;
}

export type Message = { readonly kubeconfig: string } | { readonly born: readonly Tenure[]; readonly gone: readonly Tenure[] };
export interface Order {
  readonly churnPerSecond?: number;
  readonly add?: number;
}

export const workloadName = (workload: number): string => `app-${workload}`;
export const namespaceOf = (workload: number): string => `team-${workload % NAMESPACES}`;

/** As the network plugins' own allocation: neither the range's own address, nor the bridge's, nor that of all. */
const ADDRESSES_OF_RANGE = 253;

export function addressOf(index: number): string {
  const range = Math.floor(index / ADDRESSES_OF_RANGE);
  return `10.${16 + (range >> 8)}.${range & 255}.${2 + (index % ADDRESSES_OF_RANGE)}`;
}

const seconds = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

function putWorkloads(server: FakeApiServer): void {
  for (let node = 0; node < NODES; node++) {
    server.put({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: `node-${node}`, uid: `node-${node}` },
      spec: { podCIDR: `10.${16 + (node >> 8)}.${node & 255}.0/24` },
      status: { addresses: [{ type: 'InternalIP', address: `192.168.${node >> 8}.${node & 255}` }] },
    });
  }
  for (let i = 0; i < WORKLOADS; i++) {
    const name = workloadName(i);
    const namespace = namespaceOf(i);
    server.put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, uid: `deployment-${i}` } });
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: `deployment-${i}`, controller: true };
    server.put({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: `${name}-5d4`, namespace, uid: `replicaset-${i}`, ownerReferences: [owner] },
    });
    server.put({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, uid: `service-${i}` },
      spec: {
        clusterIP: `10.96.${i >> 8}.${i & 255}`,
        clusterIPs: [`10.96.${i >> 8}.${i & 255}`],
        selector: { app: name },
        ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      },
    });
  }
}

/** About as large as pods of a real cluster are (6 KB), most of which the mapper does not keep. */
function podObject(pod: LivingPod, finishedAt?: number): Parameters<FakeApiServer['put']>[0] {
  const app = workloadName(pod.workload);
  const startedAt = seconds(pod.from);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: namespaceOf(pod.workload),
      uid: pod.uid,
      creationTimestamp: startedAt,
      labels: { app, 'pod-template-hash': '5d4', team: namespaceOf(pod.workload) },
      annotations: { 'example.com/config-hash': `${pod.uid}-0123456789abcdef0123456789abcdef` },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-5d4`, uid: `replicaset-${pod.workload}`, controller: true },
      ],
      ...(finishedAt !== undefined && { deletionTimestamp: seconds(finishedAt) }),
      managedFields: [
        { manager: 'kubelet', fieldsV1: Object.fromEntries(Array.from({ length: 30 }, (_, field) => [`f:field-${field}`, {}])) },
      ],
    },
    spec: {
      nodeName: `node-${pod.node}`,
      containers: [0, 1].map((container) => ({
        name: `c${container}`,
        image: `registry.example.com/${app}:1.2.3`,
        ports: [{ name: `http-${container}`, containerPort: 8080 + container, protocol: 'TCP' }],
        env: Array.from({ length: 25 }, (_, variable) => ({ name: `SETTING_NUMBER_${variable}`, value: `some value ${variable}` })),
      })),
    },
    status: {
      phase: 'Running',
      hostIP: `192.168.${pod.node >> 8}.${pod.node & 255}`,
      podIP: pod.address,
      podIPs: [{ ip: pod.address }],
      startTime: startedAt,
      conditions: [{ type: 'Ready', status: finishedAt === undefined ? 'True' : 'False', lastTransitionTime: startedAt }],
      containerStatuses: [0, 1].map((container) => ({
        name: `c${container}`,
        restartCount: 0,
        state:
          finishedAt === undefined
            ? { running: { startedAt } }
            : { terminated: { startedAt, finishedAt: seconds(finishedAt), exitCode: 0 } },
      })),
    },
  };
}

async function serve(): Promise<void> {
  const server = await createFakeApiServer();
  putWorkloads(server);
  const send = (message: Message): void => void process.send?.(message);
  let serial = 0;
  const free: { address: string; since: number }[] = [];
  const living: LivingPod[] = [];
  function create(address: string, from: number): Tenure {
    const index = serial++;
    const workload = (index * 7) % WORKLOADS;
    const pod: LivingPod = {
      address,
      workload,
      node: index % NODES,
      from,
      name: `${workloadName(workload)}-5d4-${index}`,
      uid: `pod-${index}`,
    };
    living.push(pod);
    server.put(podObject(pod));
    return pod;
  }
  const started = Date.now() - 60_000;
  const first = Array.from({ length: PODS }, (_, index) => create(addressOf(index), started));
  send({ kubeconfig: server.kubeconfig() });
  send({ born: first, gone: [] });

  let next = PODS;
  let perTick = 0;
  let oldest = 0;
  setInterval(() => {
    const now = Date.now();
    const gone: Tenure[] = [];
    const born: Tenure[] = [];
    for (let i = 0; i < perTick; i++) {
      const pod = living[oldest++];
      if (pod === undefined) break;
      server.put(podObject(pod, now));
      server.remove('Pod', namespaceOf(pod.workload), pod.name);
      gone.push({ address: pod.address, workload: pod.workload, node: pod.node, from: pod.from, to: now });
      free.push({ address: pod.address, since: now });
      const reused = (free[0]?.since ?? now) + REST_MS < now ? free.shift() : undefined;
      born.push(create(reused?.address ?? addressOf(next++), now));
    }
    if (oldest > PODS) {
      living.splice(0, oldest);
      oldest = 0;
    }
    if (born.length > 0) send({ born, gone });
    if (born.length > 0) server.watches.bookmark();
  }, TICK_MS);
  process.on('message', (order: Order) => {
    if (order.churnPerSecond !== undefined) perTick = (order.churnPerSecond * TICK_MS) / 1_000;
    if (order.add !== undefined) send({ born: Array.from({ length: order.add }, () => create(addressOf(next++), Date.now())), gone: [] });
  });
}

if (process.argv[2] === 'serve-churning-cluster') await serve();
