import type {
  ClusterChange,
  EndpointsRecord,
  NodeRecord,
  OwnerRef,
  PodRecord,
  ServicePortRecord,
  ServiceRecord,
} from '../cluster/records.ts';

/** Noon of a day: instants of tests are T + so many milliseconds. */
export const T = Date.parse('2026-01-01T12:00:00Z');

export function pod(
  name: string,
  address: string | readonly string[],
  more: Partial<PodRecord> = {},
): ClusterChange & { readonly type: 'pod' } {
  return {
    type: 'pod',
    pod: {
      uid: `uid-${name}`,
      namespace: 'shop',
      name,
      labels: {},
      annotations: {},
      owners: [],
      nodeName: 'node-1',
      hostNetwork: false,
      phase: 'Running',
      addresses: typeof address === 'string' ? [address] : address,
      hostAddresses: [],
      createdAt: T - 3_600_000,
      ports: [],
      containers: [],
      ...more,
    },
  };
}

/** A pod of a Deployment of its own name: labels app=NAME, owner ReplicaSet NAME-rs. */
export function deployed(workload: string, address: string | readonly string[], more: Partial<PodRecord> = {}): ClusterChange[] {
  const namespace = more.namespace ?? 'shop';
  const name = more.name ?? `${workload}-${typeof address === 'string' ? address : (address[0] ?? '')}`;
  const replicaSet = `uid-rs-${namespace}-${workload}`;
  return [
    owner('ReplicaSet', `${workload}-rs`, replicaSet, namespace, [ref('Deployment', workload, `uid-d-${namespace}-${workload}`)]),
    owner('Deployment', workload, `uid-d-${namespace}-${workload}`, namespace, []),
    pod(name, address, {
      labels: { app: workload },
      owners: [ref('ReplicaSet', `${workload}-rs`, replicaSet)],
      uid: `uid-${namespace}-${name}`,
      ...more,
    }),
  ];
}

export function owner(kind: string, name: string, uid: string, namespace: string, owners: readonly OwnerRef[]): ClusterChange {
  return { type: 'owner', owner: { uid, apiVersion: 'apps/v1', kind, namespace, name, owners } };
}

export function ref(kind: string, name: string, uid: string, controller = true): OwnerRef {
  return { apiVersion: 'apps/v1', kind, name, uid, controller };
}

export function service(
  name: string,
  address: string,
  ports: readonly Partial<ServicePortRecord>[],
  more: Partial<ServiceRecord> = {},
): ClusterChange & { readonly type: 'service' } {
  return {
    type: 'service',
    service: {
      uid: `uid-svc-${more.namespace ?? 'shop'}-${name}`,
      namespace: 'shop',
      name,
      type: 'ClusterIP',
      headless: address === '',
      clusterIPs: address === '' ? [] : [address],
      externalIPs: [],
      loadBalancerIPs: [],
      loadBalancerHostnames: [],
      selector: { app: name },
      ports: ports.map((port) => ({ port: 80, protocol: 'TCP', ...port })),
      publishNotReady: false,
      createdAt: T - 3_600_000,
      ...more,
    },
  };
}

export function endpoints(name: string, addresses: readonly string[], ports: EndpointsRecord['ports'], namespace = 'shop'): ClusterChange {
  return {
    type: 'endpoints',
    endpoints: {
      id: `Endpoints/${namespace}/${name}`,
      namespace,
      service: name,
      addresses: addresses.map((address) => ({ address, ready: true })),
      ports,
    },
  };
}

export function node(
  name: string,
  addresses: readonly string[],
  podCIDRs: readonly string[] = [],
): ClusterChange & { readonly node: NodeRecord } {
  return { type: 'node', node: { uid: `uid-${name}`, name, addresses, podCIDRs, createdAt: T - 86_400_000 } };
}
