import { mkdirSync, writeFileSync } from 'node:fs';

/** A cluster of Deployments, written as `kubectl get -A -o json` would. */
export interface SyntheticCluster {
  readonly pods: readonly { readonly address: string; readonly uid: string; readonly node: string; readonly workload: number }[];
  readonly workloads: number;
}

const CREATED = '2026-01-01T00:00:00Z';

export function podAddress(index: number): string {
  return `10.${16 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

/** Writes the dump into `folder`. */
export function writeCluster(
  folder: string,
  size: { readonly pods: number; readonly workloads: number; readonly nodes: number },
): SyntheticCluster {
  mkdirSync(folder, { recursive: true });
  const namespaceOf = (workload: number): string => `team-${workload % 50}`;
  const meta = (namespace: string, name: string, uid: string, owner?: object): object => ({
    namespace,
    name,
    uid,
    creationTimestamp: CREATED,
    ...(owner !== undefined && { ownerReferences: [owner] }),
  });
  const deployments = Array.from({ length: size.workloads }, (_, i) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(namespaceOf(i), `app-${i}`, `deployment-${i}`),
  }));
  const replicaSets = Array.from({ length: size.workloads }, (_, i) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(namespaceOf(i), `app-${i}-5d4`, `replicaset-${i}`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: `app-${i}`,
      uid: `deployment-${i}`,
      controller: true,
    }),
  }));
  const services = Array.from({ length: size.workloads }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(namespaceOf(i), `app-${i}`, `service-${i}`),
    spec: {
      type: 'ClusterIP',
      clusterIP: `10.96.${(i >> 8) & 255}.${i & 255}`,
      clusterIPs: [`10.96.${(i >> 8) & 255}.${i & 255}`],
      selector: { app: `app-${i}` },
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
    },
  }));
  const pods = Array.from({ length: size.pods }, (_, i) => {
    const workload = i % size.workloads;
    return { address: podAddress(i), uid: `pod-${i}`, node: `node-${i % size.nodes}`, workload };
  });
  const podObjects = pods.map(({ address, uid, node, workload }, i) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta(namespaceOf(workload), `app-${workload}-5d4-${i}`, uid, {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: `app-${workload}-5d4`,
        uid: `replicaset-${workload}`,
        controller: true,
      }),
      labels: { app: `app-${workload}`, 'pod-template-hash': '5d4' },
    },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'example.org/app:1', ports: [{ containerPort: 8080, protocol: 'TCP' }] }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }], startTime: CREATED },
  }));
  const write = (name: string, items: readonly object[]): void =>
    writeFileSync(`${folder}/${name}.json`, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  write('deployments', deployments);
  write('replicasets', replicaSets);
  write('services', services);
  write('pods', podObjects);
  return { pods, workloads: size.workloads };
}
