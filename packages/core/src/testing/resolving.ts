import { expect, test } from 'vitest';
import { createClusterView } from '../cluster/cluster-view.ts';
import type { ClusterView, ClusterViewOptions } from '../cluster/cluster-view.ts';
import type { ClusterChange } from '../cluster/records.ts';
import type { EdgeUpdate } from '../model/edge-update.ts';
import type { Observation } from '../model/observation.ts';
import type { Peer } from '../model/peer.ts';
import { deployed, endpoints, node, service, T } from './cluster.ts';
import { createResolver } from '../resolve/resolver.ts';
import type { ResolverOptions } from '../resolve/resolver.ts';

export function view(
  changes: readonly (ClusterChange | readonly ClusterChange[])[],
  options: Partial<ClusterViewOptions> = {},
): ClusterView {
  const cluster = createClusterView({ cluster: 'c', ...options });
  for (const change of changes.flat()) cluster.apply(change);
  return cluster;
}

/** A small shop: two nodes, three Deployments, a DNS Service, the API. */
export const SHOP: readonly (ClusterChange | readonly ClusterChange[])[] = [
  node('node-1', ['10.0.0.1'], ['10.244.1.0/24', 'fd00:1::/64']),
  node('node-2', ['10.0.0.2'], ['10.244.2.0/24']),
  deployed('frontend', '10.244.1.5'),
  deployed('cart', '10.244.2.9', { nodeName: 'node-2' }),
  deployed('db', '10.244.1.7', { ports: [{ name: 'pg', containerPort: 5432, protocol: 'TCP' }] }),
  deployed('coredns', '10.244.1.2', { namespace: 'kube-system' }),
  service('cart', '10.96.1.5', [{ port: 80, targetPort: 8080, nodePort: 30080 }]),
  service('db', '10.96.1.6', [{ port: 5432, targetPort: 'pg' }]),
  service(
    'kube-dns',
    '10.96.0.10',
    [
      { port: 53, targetPort: 53, protocol: 'UDP' },
      { port: 53, targetPort: 53 },
    ],
    { namespace: 'kube-system', selector: { app: 'coredns' } },
  ),
  service('kubernetes', '10.96.0.1', [{ port: 443, targetPort: 6443 }], { namespace: 'default', selector: {} }),
  endpoints('kubernetes', ['10.0.0.1'], [{ port: 6443, protocol: 'TCP' }], 'default'),
];

export const FRONTEND = '10.244.1.5';

/** With a load balancer of its own, which is no Service's. */
export const INGRESS = {
  type: 'entry',
  entry: {
    uid: 'ingress',
    kind: 'Ingress',
    namespace: 'shop',
    name: 'edge',
    addresses: ['203.0.113.70'],
    hostnames: ['lb-1.cloud.example'],
    hosts: ['shop.example.com', 'db.example.com'],
    backends: [
      { host: 'shop.example.com', namespace: 'shop', service: 'cart', port: 80 },
      { host: 'db.example.com', namespace: 'shop', service: 'db' },
    ],
    parents: [],
  },
} as const;

export function dns(name: string, addresses: readonly string[], more: Partial<Observation> = {}): Observation {
  return {
    kind: 'dns',
    vantage: 'client',
    source: { address: FRONTEND },
    destination: { protocol: 'UDP', name, addresses },
    count: 1,
    firstSeenAt: T,
    lastSeenAt: T,
    ...more,
  };
}

export function tcp(destination: string, more: Partial<Observation['destination']> = {}, rest: Partial<Observation> = {}): Observation {
  const cut = destination.lastIndexOf(':');
  return {
    kind: 'tcp',
    vantage: 'client',
    source: { address: FRONTEND },
    destination: { protocol: 'TCP', address: destination.slice(0, cut), port: Number(destination.slice(cut + 1)), ...more },
    count: 1,
    firstSeenAt: T,
    lastSeenAt: T,
    ...rest,
  };
}

/** One line an update, so that a table row is readable. */
export function lines(cluster: ClusterView, observation: Observation, options?: ResolverOptions, now = T): string[] {
  const resolution = createResolver({ view: cluster }, options).resolve(observation, now);
  if (resolution.dropped !== undefined) return [`dropped ${resolution.dropped}`];
  if (resolution.waitFor !== undefined) return ['wait'];
  return resolution.updates.map(line);
}

function line(update: EdgeUpdate): string {
  const { port, service: looked } = update;
  const ref = port?.service ?? looked;
  return [
    `${text(update.client)} > ${text(update.server)}`,
    ...(port === undefined
      ? []
      : [`port ${port.port ?? '?'}/${port.protocol}${port.servicePort === undefined ? '' : ` asked ${port.servicePort}`}`]),
    ...(ref === undefined ? [] : [`service ${ref.namespace}/${ref.name}`]),
    ...(update.shared ? ['shared'] : []),
    ...(update.class === 'system' ? ['system'] : []),
    ...(update.name === undefined ? [] : [`name ${update.name}`]),
  ].join(', ');
}

function text(peer: Peer): string {
  switch (peer.type) {
    case 'workload':
      return `${peer.kind}/${peer.namespace}/${peer.name}`;
    case 'service':
      return `service ${peer.namespace}/${peer.name}`;
    case 'internet':
      return `${peer.scope} ${peer.domain ?? peer.addresses?.join() ?? ''}`;
    case 'node':
      return `node ${peer.name}`;
    case 'unknown':
      return `unknown ${peer.address ?? ''} ${peer.reason ?? ''}`;
    case 'apiServer':
    case 'aws':
    case 'gcp':
    case 'azure':
      return peer.type;
  }
}

export const F = 'Deployment/shop/frontend';
export const CART = 'Deployment/shop/cart';
export const DB = 'Deployment/shop/db';

type Row = readonly [string, readonly (ClusterChange | readonly ClusterChange[])[], Observation, readonly string[]];

export function table(rows: readonly Row[]): void {
  test.each(rows)('%s', (_name, more, observation, expected) => {
    expect(lines(view([...SHOP, ...more]), observation)).toEqual(expected);
  });
}
