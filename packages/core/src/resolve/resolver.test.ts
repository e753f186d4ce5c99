import { describe, expect, test } from 'vitest';
import { createClusterView } from '../cluster/cluster-view.ts';
import type { ClusterView, ClusterViewOptions } from '../cluster/cluster-view.ts';
import type { ClusterChange } from '../cluster/records.ts';
import type { EdgeUpdate } from '../model/edge-update.ts';
import type { Observation } from '../model/observation.ts';
import type { Peer } from '../model/peer.ts';
import { deployed, endpoints, node, pod, service, T } from '../testing/cluster.ts';
import { createResolver } from './resolver.ts';
import type { ResolverOptions } from './resolver.ts';

function view(changes: readonly (ClusterChange | readonly ClusterChange[])[], options: Partial<ClusterViewOptions> = {}): ClusterView {
  const cluster = createClusterView({ cluster: 'c', ...options });
  for (const change of changes.flat()) cluster.apply(change);
  return cluster;
}

/** A small shop: two nodes, three Deployments, a DNS Service, the API. */
const SHOP: readonly (ClusterChange | readonly ClusterChange[])[] = [
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

const FRONTEND = '10.244.1.5';

/** With a load balancer of its own, which is no Service's. */
const INGRESS = {
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

function dns(name: string, addresses: readonly string[], more: Partial<Observation> = {}): Observation {
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

function tcp(destination: string, more: Partial<Observation['destination']> = {}, rest: Partial<Observation> = {}): Observation {
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
function lines(cluster: ClusterView, observation: Observation, options?: ResolverOptions, now = T): string[] {
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

const F = 'Deployment/shop/frontend';
const CART = 'Deployment/shop/cart';
const DB = 'Deployment/shop/db';

type Row = readonly [string, readonly (ClusterChange | readonly ClusterChange[])[], Observation, readonly string[]];

function table(rows: readonly Row[]): void {
  test.each(rows)('%s', (_name, more, observation, expected) => {
    expect(lines(view([...SHOP, ...more]), observation)).toEqual(expected);
  });
}

describe('rule 6: who owned an address at the time', () => {
  const old = pod('old', '10.244.1.50', { startedAt: T - 60_000, finishedAt: T, createdAt: T - 60_000 });
  const young = pod('young', '10.244.1.50', { startedAt: T + 2_000, createdAt: T + 1_000, uid: 'young-uid' });
  const from = (at: number, more: Partial<Observation['source']> = {}): Observation => ({
    ...tcp('203.0.113.7:443'),
    source: { address: '10.244.1.50', ...more },
    firstSeenAt: at,
    lastSeenAt: at,
  });
  table([
    ['the old pod until it finished', [old, young], from(T - 1), ['Pod/shop/old > public 203.0.113.7, port 443/TCP']],
    ['the end has a resolution of a second', [old, young], from(T + 900), ['Pod/shop/old > public 203.0.113.7, port 443/TCP']],
    ['the new pod from its start', [old, young], from(T + 2_000), ['Pod/shop/young > public 203.0.113.7, port 443/TCP']],
    ['nobody in between', [old, young], from(T + 1_500), ['unknown 10.244.1.50 pod-gone > public 203.0.113.7, port 443/TCP']],
    [
      'the pod that the node itself named wins',
      [old, young],
      from(T - 1, { podUid: 'young-uid' }),
      ['Pod/shop/young > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'of two in the same second, the later start that is not after the capture',
      [
        pod('first', '10.244.1.60', { startedAt: T, finishedAt: T }),
        pod('second', '10.244.1.60', { startedAt: T, firstContainerStartedAt: T + 500 }),
      ],
      { ...from(T + 400), source: { address: '10.244.1.60' } },
      ['Pod/shop/first > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'a Succeeded pod owns nothing even if its status keeps the address',
      [pod('done', '10.244.1.70', { phase: 'Succeeded', finishedAt: T - 10_000, startedAt: T - 60_000 })],
      { ...from(T), source: { address: '10.244.1.70' } },
      ['unknown 10.244.1.70 pod-gone > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'a deleted pod without a known end: until its deletion was observed',
      [pod('gone', '10.244.1.80'), { ...pod('gone', '10.244.1.80'), deleted: true, at: T - 5_000 }],
      { ...from(T - 6_000), source: { address: '10.244.1.80' } },
      ['Pod/shop/gone > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'a secondary address of another network',
      [pod('multi', ['10.244.1.90', '192.168.7.7'])],
      { ...from(T), source: { address: '192.168.7.7' } },
      ['Pod/shop/multi > public 203.0.113.7, port 443/TCP'],
    ],
  ]);
});

describe('rule 7: who is behind a Service at a time', () => {
  const v1 = deployed('web-v1', '10.244.1.21', { labels: { app: 'web' }, startedAt: T - 60_000, finishedAt: T });
  const v2 = deployed('web-v2', '10.244.1.22', { labels: { app: 'web' }, startedAt: T + 5_000, createdAt: T + 5_000 });
  const web = service('web', '10.96.1.9', [{ port: 80 }]);
  const movedTo = (address: string, time: number, deleted: boolean): ClusterChange =>
    Object.assign(endpoints('moved', [address], [{ port: 8080, protocol: 'TCP' }]), { at: time, deleted });
  const moved: ClusterChange[] = [
    ...deployed('first', '10.244.2.34'),
    ...deployed('second', '10.244.2.35'),
    service('moved', '10.96.1.13', [{ port: 80 }], { selector: {} }),
    movedTo('10.244.2.34', T - 1_000, false),
    movedTo('10.244.2.35', T + 1_000, false),
    movedTo('10.244.2.35', T + 2_000, true),
  ];
  const at = (time: number): Observation => ({ ...dns('web.shop.svc.cluster.local', ['10.96.1.9']), firstSeenAt: time, lastSeenAt: time });
  table([
    ['the pods of that time', [v1, v2, web], at(T - 1_000), [`${F} > Deployment/shop/web-v1, service shop/web`]],
    ['those of later', [v1, v2, web], at(T + 6_000), [`${F} > Deployment/shop/web-v2, service shop/web`]],
    ['between two: those that were there last', [v1, v2, web], at(T + 3_000), [`${F} > Deployment/shop/web-v1, service shop/web`]],
    [
      'only ready ones where it is known',
      [
        deployed('a', '10.244.1.31', { labels: { app: 'web' }, ready: { status: true, since: T - 10 } }),
        deployed('b', '10.244.1.32', { labels: { app: 'web' }, ready: { status: false } }),
        web,
      ],
      at(T),
      [`${F} > Deployment/shop/a, service shop/web`],
    ],
    [
      'a selector that changed: that of the time',
      [
        deployed('blue', '10.244.1.41', { labels: { app: 'x', slot: 'blue' } }),
        deployed('green', '10.244.1.42', { labels: { app: 'x', slot: 'green' } }),
        service('x', '10.96.1.11', [{}], { selector: { slot: 'blue' } }),
        { ...service('x', '10.96.1.11', [{}], { selector: { slot: 'green' } }), at: T + 1_000 },
      ],
      { ...dns('x.shop.svc.cluster.local', []), lastSeenAt: T + 500 },
      [`${F} > Deployment/shop/blue, service shop/x`],
    ],
    [
      'without a selector the endpoints decide',
      [
        deployed('legacy', '10.244.2.33'),
        service('ext', '10.96.1.12', [{ port: 80 }], { selector: {} }),
        endpoints('ext', ['10.244.2.33'], [{ port: 8080, protocol: 'TCP' }]),
      ],
      dns('ext.shop.svc.cluster.local', ['10.96.1.12']),
      [`${F} > Deployment/shop/legacy, service shop/ext`],
    ],
    [
      'without a selector: the endpoints of that time',
      moved,
      { ...dns('moved.shop.svc.cluster.local', ['10.96.1.13']), lastSeenAt: T + 500 },
      [`${F} > Deployment/shop/first, service shop/moved`],
    ],
    [
      'without a selector: those of later',
      moved,
      { ...dns('moved.shop.svc.cluster.local', ['10.96.1.13']), lastSeenAt: T + 1_500 },
      [`${F} > Deployment/shop/second, service shop/moved`],
    ],
    [
      'without a selector and after the endpoints went: the Service',
      moved,
      { ...dns('moved.shop.svc.cluster.local', ['10.96.1.13']), lastSeenAt: T + 2_500 },
      [`${F} > service shop/moved, service shop/moved`],
    ],
  ]);

  test('endpoints and Services that are long gone are forgotten', () => {
    const cluster = view([...SHOP, moved, { ...service('gone', '10.96.1.14', [{ nodePort: 30099 }]), at: T, deleted: true }]);
    cluster.prune(T + 10_000);
    expect(lines(cluster, tcp('10.0.0.2:30099'))).toEqual([`${F} > node node-2, port 30099/TCP`]);
    expect(cluster.services.all().map(({ record }) => record.name)).not.toContain('gone');
    const entry = cluster.services.named('shop', 'moved', T);
    expect(entry === undefined ? undefined : cluster.services.endpointsOf(entry, T)).toEqual([]);
  });
});

describe('rules 8, 9: node addresses and ports', () => {
  const hostPod = pod('ingress-x', '10.0.0.2', {
    hostNetwork: true,
    nodeName: 'node-2',
    ports: [{ containerPort: 8443, hostPort: 8443, protocol: 'TCP' }],
  });
  const agent = pod('agent-1', '10.244.2.40', { nodeName: 'node-2', ports: [{ containerPort: 9999, hostPort: 9100, protocol: 'TCP' }] });
  table([
    ['a NodePort is its Service', [], tcp('10.0.0.2:30080'), [`${F} > ${CART}, port 8080/TCP asked 80, service shop/cart`]],
    [
      'a NodePort of a Service that was deleted later',
      [
        {
          ...service('brief', '10.96.1.15', [{ port: 80, targetPort: 8080, nodePort: 30091 }], { selector: { app: 'cart' } }),
          at: T + 1_000,
          deleted: true,
        },
      ],
      tcp('10.0.0.2:30091'),
      [`${F} > ${CART}, port 8080/TCP asked 80, service shop/brief`],
    ],
    [
      'a NodePort of a Service of whose deletion nobody noted the time',
      [
        Object.assign(service('brief', '10.96.1.15', [{ port: 80, targetPort: 8080, nodePort: 30091 }], { selector: { app: 'cart' } }), {
          at: T - 3_600_000,
          deleted: true,
        }),
      ],
      tcp('10.0.0.2:30091'),
      [`${F} > ${CART}, port 8080/TCP asked 80, service shop/brief`],
    ],
    [
      'a NodePort of a Service that was deleted before',
      [{ ...service('brief', '10.96.1.15', [{ nodePort: 30091 }], { selector: { app: 'cart' } }), at: T - 1_000, deleted: true }],
      tcp('10.0.0.2:30091'),
      [`${F} > node node-2, port 30091/TCP`],
    ],
    [
      'a NodePort of another protocol is not',
      [],
      { ...tcp('10.0.0.2:30080', { protocol: 'UDP' }), kind: 'udp' },
      [`${F} > node node-2, port 30080/UDP`],
    ],
    ['a hostPort is its pod', [agent], tcp('10.0.0.2:9100'), [`${F} > Pod/shop/agent-1, port 9999/TCP`]],
    ['a hostPort on another node is not', [agent], tcp('10.0.0.1:9100'), [`${F} > node node-1, port 9100/TCP`]],
    ['a host-network pod that declares the port', [hostPod], tcp('10.0.0.2:8443'), [`${F} > Pod/shop/ingress-x, port 8443/TCP`]],
    ['the API server’s own port', [], tcp('10.0.0.1:6443'), [`${F} > apiServer, port 6443/TCP`]],
    ['anything else is the node', [], tcp('10.0.0.1:22'), [`${F} > node node-1, port 22/TCP`]],
    [
      'the bridge has the first address of the pod range',
      [],
      { ...tcp('10.244.2.9:8080'), source: { address: '10.244.1.1' } },
      [`node node-1 > ${CART}, port 8080/TCP`],
    ],
    [
      'also of the IPv6 range',
      [],
      { ...tcp('10.244.2.9:8080'), source: { address: 'fd00:1::1' } },
      [`node node-1 > ${CART}, port 8080/TCP`],
    ],
    [
      'that address is not the node’s where pods have had it: the pod that has it now is not known yet',
      [pod('x', '10.244.1.1', { startedAt: T - 100_000, finishedAt: T - 50_000 })],
      { ...tcp('10.244.2.9:8080'), source: { address: '10.244.1.1' } },
      [`unknown 10.244.1.1 pod-gone > ${CART}, port 8080/TCP`],
    ],
  ]);

  test('a first address of a pod range that the node’s sniffer found is the node’s, whoever had it before', () => {
    const cluster = view([...SHOP, pod('x', '10.244.1.1', { startedAt: T - 100_000, finishedAt: T - 50_000 })]);
    cluster.nodes.applyReported('node-1', ['10.244.1.1']);
    expect(lines(cluster, { ...tcp('10.244.2.9:8080'), source: { address: '10.244.1.1' } })).toEqual([
      `node node-1 > ${CART}, port 8080/TCP`,
    ]);
  });

  test('a listener that the node’s sniffer reported tells the pod', () => {
    const cluster = view([...SHOP, pod('dns-x', '10.0.0.2', { hostNetwork: true, nodeName: 'node-2', uid: 'u-dns-x' })]);
    cluster.nodes.applyListeners('node-2', [{ port: 7946, protocol: 'TCP', podUid: 'u-dns-x' }]);
    expect(lines(cluster, tcp('10.0.0.2:7946'))).toEqual([`${F} > Pod/shop/dns-x, port 7946/TCP`]);
  });

  test('an address that a sniffer reported is its node', () => {
    const cluster = view(SHOP);
    cluster.nodes.applyReported('node-2', ['172.17.0.1']);
    expect(lines(cluster, { ...tcp('10.244.2.9:8080'), source: { address: '172.17.0.1' } })).toEqual([
      `node node-2 > ${CART}, port 8080/TCP, system`,
    ]);
  });
});

describe('rule 10: Services by address and name', () => {
  table([
    ['cluster address', [], tcp('10.96.1.5:80'), [`${F} > ${CART}, port 8080/TCP asked 80, service shop/cart`]],
    [
      'external address',
      [service('lb', '10.96.1.30', [{ port: 80 }], { externalIPs: ['198.51.100.9'], selector: { app: 'cart' } })],
      tcp('198.51.100.9:80'),
      [`${F} > ${CART}, port 80/TCP asked 80, service shop/lb`],
    ],
    [
      'load balancer by address',
      [service('lb', '10.96.1.30', [{ port: 80 }], { type: 'LoadBalancer', loadBalancerIPs: ['203.0.113.80'], selector: { app: 'cart' } })],
      tcp('203.0.113.80:80'),
      [`${F} > ${CART}, port 80/TCP asked 80, service shop/lb`],
    ],
    [
      'load balancer by host name',
      [
        service('lb', '10.96.1.30', [{ port: 80 }], {
          type: 'LoadBalancer',
          loadBalancerHostnames: ['lb.cloud.example'],
          selector: { app: 'cart' },
        }),
      ],
      dns('lb.cloud.example', ['198.51.100.4']),
      [`${F} > ${CART}, service shop/lb, name lb.cloud.example`],
    ],
    [
      'load balancer of an Ingress by name: the Service of the rule',
      [INGRESS],
      dns('shop.example.com', ['203.0.113.70']),
      [`${F} > ${CART}, service shop/cart, name shop.example.com`],
    ],
    [
      'load balancer of an Ingress by its own host name',
      [INGRESS],
      dns('db.example.com', ['198.51.100.4'], {
        destination: { protocol: 'UDP', name: 'db.example.com', canonicalName: 'lb-1.cloud.example', addresses: ['198.51.100.4'] },
      }),
      [`${F} > ${DB}, service shop/db, name db.example.com`],
    ],
    [
      'load balancer of an Ingress by address: any of its Services',
      [INGRESS],
      tcp('203.0.113.70:443'),
      [
        `${F} > ${CART}, port 8080/TCP asked 80, service shop/cart, shared`,
        `${F} > ${DB}, port 5432/TCP asked 5432, service shop/db, shared`,
      ],
    ],
    [
      'an Ingress that shows its controller’s Service: the controller',
      [
        { ...INGRESS, entry: { ...INGRESS.entry, addresses: ['203.0.113.80'], hostnames: [] } },
        service('lb', '10.96.1.30', [{ port: 80 }], { type: 'LoadBalancer', loadBalancerIPs: ['203.0.113.80'], selector: { app: 'db' } }),
      ],
      dns('shop.example.com', ['203.0.113.80']),
      [`${F} > ${DB}, service shop/lb, name shop.example.com`],
    ],
    [
      'a Gateway by the routes that hang on it',
      [
        { type: 'entry', entry: { ...INGRESS.entry, uid: 'gw', kind: 'Gateway', backends: [] } },
        { type: 'entry', entry: { ...INGRESS.entry, uid: 'r', kind: 'HTTPRoute', addresses: [], hostnames: [], parents: ['shop/edge'] } },
      ],
      dns('shop.example.com', ['203.0.113.70']),
      [`${F} > ${CART}, service shop/cart, name shop.example.com`],
    ],
    [
      'ExternalName is the name outside, the Service noted',
      [service('pay', '', [], { type: 'ExternalName', externalName: 'api.pay.example.com.', selector: {}, headless: false })],
      dns('pay.shop.svc.cluster.local', ['203.0.113.9']),
      [`${F} > public api.pay.example.com, service shop/pay`],
    ],
    [
      'a connection after the lookup of an ExternalName',
      [service('pay', '', [], { type: 'ExternalName', externalName: 'api.pay.example.com', selector: {}, headless: false })],
      tcp('203.0.113.9:443', { name: 'pay.shop.svc.cluster.local', canonicalName: 'api.pay.example.com' }),
      [`${F} > public api.pay.example.com, port 443/TCP, service shop/pay`],
    ],
    [
      'without a selector and pods it is the Service itself',
      [
        service('old-db', '10.96.1.40', [{ port: 5432 }], { selector: {} }),
        endpoints('old-db', ['192.168.50.9'], [{ port: 5432, protocol: 'TCP' }]),
      ],
      tcp('192.168.50.9:5432', { asked: { address: '10.96.1.40', port: 5432 } }),
      [`${F} > service shop/old-db, port 5432/TCP asked 5432, service shop/old-db`],
    ],
    [
      'a headless Service: the pods of the answer',
      [deployed('pg', '10.244.1.81'), service('pg', '', [{ port: 5432 }])],
      dns('pg.shop.svc.cluster.local', ['10.244.1.81']),
      [`${F} > Deployment/shop/pg, service shop/pg`],
    ],
    [
      'a StatefulSet pod’s name',
      [
        pod('pg-0', '10.244.1.82', { labels: { app: 'pg' }, hostname: 'pg-0', subdomain: 'pg' }),
        pod('other-0', '10.244.1.83', { labels: { app: 'pg' } }),
        service('pg', '', [{ port: 5432 }]),
      ],
      dns('pg-0.pg.shop.svc.cluster.local', []),
      [`${F} > Pod/shop/pg-0, service shop/pg`],
    ],
    ['a pod’s DNS name (IPv4)', [], dns('10-244-2-9.shop.pod.cluster.local', ['10.244.2.9']), [`${F} > ${CART}`]],
    [
      'a pod’s DNS name (IPv6)',
      [deployed('six', 'fd00:1::77')],
      dns('fd00-1--77.shop.pod.cluster.local', ['fd00:1::77']),
      [`${F} > Deployment/shop/six`],
    ],
    ['a named target port', [], tcp('10.96.1.6:5432'), [`${F} > Deployment/shop/db, port 5432/TCP asked 5432, service shop/db`]],
    ['the API by its Service', [], tcp('10.96.0.1:443'), [`${F} > apiServer, port 6443/TCP asked 443, service default/kubernetes`]],
    [
      'the API by its name',
      [],
      dns('kubernetes.default.svc.cluster.local', ['10.96.0.1']),
      [`${F} > apiServer, service default/kubernetes`],
    ],
    [
      'a Service that nobody knows keeps its name',
      [],
      dns('ghost.shop.svc.cluster.local', ['10.99.1.1']),
      [`${F} > service shop/ghost, service shop/ghost`],
    ],
  ]);
});

describe('rule 11 and identity', () => {
  const apiPod = (name: string, n: string): ClusterChange =>
    pod(`${name}-${n}`, '10.0.0.1', {
      nodeName: n,
      hostNetwork: true,
      uid: `u-${name}-${n}`,
      annotations: { 'kubernetes.io/config.mirror': 'x', 'kubernetes.io/config.hash': `hash-${name}` },
      ports: [{ containerPort: name === 'etcd' ? 2379 : 10259, protocol: 'TCP' }],
    });
  test('static pods of a node are each their own, by the hash in their cgroup', () => {
    const cluster = view([...SHOP, apiPod('etcd', 'node-1'), apiPod('scheduler', 'node-1')]);
    const from = (podUid: string): Observation => ({ ...tcp('10.0.0.1:6443'), node: 'node-1', source: { address: '10.0.0.1', podUid } });
    expect([lines(cluster, from('hash-etcd')), lines(cluster, from('hash-scheduler'))]).toEqual([
      ['Pod/shop/etcd > apiServer, port 6443/TCP'],
      ['Pod/shop/scheduler > apiServer, port 6443/TCP'],
    ]);
  });
});

describe('rule 12: edges through a Service', () => {
  const two = [
    deployed('web-v1', '10.244.1.21', { labels: { app: 'web' } }),
    deployed('web-v2', '10.244.1.22', { labels: { app: 'web' } }),
    service('web', '10.96.1.9', [{ port: 80, targetPort: 8080 }]),
  ];
  table([
    [
      'a lookup: each workload behind, shared',
      two,
      dns('web.shop.svc.cluster.local', ['10.96.1.9']),
      [`${F} > Deployment/shop/web-v1, service shop/web, shared`, `${F} > Deployment/shop/web-v2, service shop/web, shared`],
    ],
    [
      'a connection known only by the Service address: the same',
      two,
      tcp('10.96.1.9:80'),
      [
        `${F} > Deployment/shop/web-v1, port 8080/TCP asked 80, service shop/web, shared`,
        `${F} > Deployment/shop/web-v2, port 8080/TCP asked 80, service shop/web, shared`,
      ],
    ],
    [
      'the chosen pod known: its workload alone',
      two,
      tcp('10.244.1.22:8080', { asked: { address: '10.96.1.9', port: 80 } }),
      [`${F} > Deployment/shop/web-v2, port 8080/TCP asked 80, service shop/web`],
    ],
    [
      'the chosen pod known from a capture whose clock is behind: its copy came first',
      two,
      tcp('10.96.1.9:80', { asked: { address: '10.244.1.22', port: 8080 } }),
      [`${F} > Deployment/shop/web-v2, port 8080/TCP asked 80, service shop/web`],
    ],
    ['a pod that calls itself', [], tcp(`${FRONTEND}:80`), ['dropped own-address']],
    [
      'a pod that looks up its own Service',
      [service('frontend', '10.96.1.50', [{ port: 80 }])],
      dns('frontend.shop.svc.cluster.local', ['10.96.1.50']),
      ['dropped own-address'],
    ],
    [
      'another pod of the same workload',
      [deployed('frontend', '10.244.1.6', { name: 'frontend-b' })],
      tcp('10.244.1.6:7000'),
      [`${F} > ${F}, port 7000/TCP`],
    ],
    [
      'its own Service with another pod behind it',
      [deployed('frontend', '10.244.1.6', { name: 'frontend-b' }), service('frontend', '10.96.1.50', [{ port: 80 }])],
      dns('frontend.shop.svc.cluster.local', ['10.96.1.50']),
      [`${F} > ${F}, service shop/frontend`],
    ],
  ]);
});

describe('rule 15: inside, outside, unknown', () => {
  table([
    ['a foreign name', [], dns('api.example.com', ['203.0.113.7']), [`${F} > public api.example.com`]],
    ['a foreign name with a private address', [], dns('db.corp.example', ['192.168.9.9']), [`${F} > private db.corp.example`]],
    [
      'a foreign name whose address is a Service’s: that peer, the name kept',
      [],
      dns('shop.example.com', ['10.96.1.5']),
      [`${F} > ${CART}, service shop/cart, name shop.example.com`],
    ],
    [
      'a foreign name that is an alias of a Service',
      [],
      {
        ...dns('shop.example.com', ['10.96.1.5']),
        destination: { protocol: 'UDP', name: 'shop.example.com', canonicalName: 'cart.shop.svc.cluster.local', addresses: ['10.96.1.5'] },
      },
      [`${F} > ${CART}, service shop/cart, name shop.example.com`],
    ],
    ['a foreign name of a pod', [], dns('cart.example.com', ['10.244.2.9']), [`${F} > ${CART}, name cart.example.com`]],
    ['a public address', [], tcp('203.0.113.7:443'), [`${F} > public 203.0.113.7, port 443/TCP`]],
    ['100.64/10 is private', [], tcp('100.64.1.1:443'), [`${F} > private 100.64.1.1, port 443/TCP`]],
    ['a private address outside the cluster’s ranges', [], tcp('192.168.1.1:443'), [`${F} > private 192.168.1.1, port 443/TCP`]],
    [
      'an address in a pod range that nobody owned',
      [],
      tcp('10.244.2.200:80'),
      [`${F} > unknown 10.244.2.200 never-owned, port undefined`].map((row) => row.replace(', port undefined', '')),
    ],
    ['an address in the Service range that nobody has', [], tcp('10.96.0.5:80'), [`${F} > unknown 10.96.0.5 never-owned`]],
    ['the bare cluster domain is no destination', [], dns('cluster.local', ['10.1.1.1']), ['dropped cluster-domain']],
    ['db.notcluster.local is not in the cluster', [], dns('db.notcluster.local', ['203.0.113.7']), [`${F} > public db.notcluster.local`]],
    [
      'a search suffix that the DNS server followed outside (autopath)',
      [],
      {
        ...dns('x', []),
        destination: {
          protocol: 'UDP',
          name: 'api.example.com.shop.svc.cluster.local',
          canonicalName: 'api.example.com',
          addresses: ['203.0.113.7'],
        },
      },
      [`${F} > public api.example.com`],
    ],
    [
      'the name by which a connection’s address was got',
      [],
      tcp('203.0.113.7:443', { name: 'api.example.com' }),
      [`${F} > public api.example.com, port 443/TCP`],
    ],
    ['link-local is no peer', [], tcp('169.254.169.254:80'), ['dropped local-address']],
    ['loopback is no peer', [], tcp('127.0.0.1:80'), ['dropped local-address']],
    ['a name blocked by its answer', [], dns('ads.example.com', ['0.0.0.0']), ['dropped local-address']],
    [
      'from outside to a NodePort',
      [],
      { ...tcp('10.244.2.9:8080', { asked: { address: '10.0.0.2', port: 30080 } }), source: { address: '192.0.2.9' } },
      [`public 192.0.2.9 > ${CART}, port 8080/TCP asked 80, service shop/cart`],
    ],
    ['outside on both ends', [], { ...tcp('203.0.113.7:443'), source: { address: '192.0.2.9' } }, ['dropped outside-both']],
  ]);

  test('a custom cluster domain', () => {
    expect(lines(view(SHOP, { clusterDomains: ['corp.internal'] }), dns('cart.shop.svc.corp.internal', ['10.96.1.5']))).toEqual([
      `${F} > ${CART}, service shop/cart`,
    ]);
  });
});

describe('rule 17: DNS is not an edge', () => {
  const fromDns = { source: { address: '10.244.1.2' } };
  table([
    ['a connection to the DNS Service', [], tcp('10.96.0.10:53'), ['dropped dns-server']],
    ['a connection to the DNS pod', [], tcp('10.244.1.2:53'), ['dropped dns-server']],
    ['another port of the DNS pod is an edge', [], tcp('10.244.1.2:9153'), [`${F} > Deployment/kube-system/coredns, port 9153/TCP`]],
    ['the DNS pod’s own questions', [], { ...dns('api.example.com', ['203.0.113.7']), ...fromDns }, ['dropped dns-server-own']],
    ['the DNS pod’s own upstream connections', [], { ...tcp('203.0.113.53:53'), ...fromDns }, ['dropped dns-server-own']],
    [
      'the DNS pod’s other connections are edges',
      [],
      { ...tcp('10.0.0.1:6443'), ...fromDns },
      ['Deployment/kube-system/coredns > apiServer, port 6443/TCP'],
    ],
    [
      'a node with a local DNS cache',
      [
        pod('node-local-dns-x', '10.0.0.1', {
          namespace: 'kube-system',
          hostNetwork: true,
          ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }],
        }),
      ],
      { ...dns('api.example.com', ['203.0.113.7']), source: { address: '10.0.0.1' } },
      ['dropped dns-server-own'],
    ],
  ]);
});

describe('rules 18, 19: nodes', () => {
  const fromNode = (observation: Observation, more: Partial<Observation> = {}): Observation => ({
    ...observation,
    source: { address: '10.0.0.1' },
    ...more,
  });
  table([
    [
      'a node that connects to a pod on itself is system',
      [],
      fromNode(tcp('10.244.1.7:5432')),
      ['node node-1 > Deployment/shop/db, port 5432/TCP, system'],
    ],
    ['a node that connects to a pod elsewhere is not', [], fromNode(tcp('10.244.2.9:8080')), [`node node-1 > ${CART}, port 8080/TCP`]],
    [
      'a node that looks a Service up',
      [],
      fromNode(dns('db.shop.svc.cluster.local', ['10.96.1.6'])),
      ['node node-1 > Deployment/shop/db, service shop/db'],
    ],
  ]);

  test('seen from the server’s side, a node with a sniffer of its own may be masquerade', () => {
    const options = { hasSniffer: (name: string) => name === 'node-1' };
    const observation = fromNode(tcp('10.244.2.9:8080'), { vantage: 'server', node: 'node-2' });
    expect(lines(view(SHOP), observation, options)).toEqual(['dropped masquerade']);
    expect(lines(view(SHOP), observation, { hasSniffer: () => false })).toEqual([`node node-1 > ${CART}, port 8080/TCP`]);
  });

  test('a node whose sniffer was not heard of yet is waited for: the masquerade of a moment ago is no edge', () => {
    const observation = fromNode(tcp('10.244.2.9:8080'), { vantage: 'server', node: 'node-2' });
    const heard = new Set<string>();
    const resolver = createResolver({ view: view(SHOP) }, { waitMs: 10_000, hasSniffer: (name) => heard.has(name) });
    expect(resolver.resolve(observation, T + 1_000)).toEqual({ updates: [], waitFor: 'not-yet-known' });
    expect(resolver.resolve(observation, T + 10_000).updates).toHaveLength(1);
    heard.add('node-1');
    expect(resolver.resolve(observation, T + 1_000)).toEqual({ updates: [], dropped: 'masquerade' });
  });

  test('our own traffic is system', () => {
    const labels = { 'app.kubernetes.io/name': 'network-mapper' };
    const cluster = view([...SHOP, pod('mapper-0', '10.244.1.99', { labels, namespace: 'otterize-system' })]);
    expect(lines(cluster, { ...tcp('10.96.0.1:443'), source: { address: '10.244.1.99' } })).toEqual([
      'Pod/otterize-system/mapper-0 > apiServer, port 6443/TCP asked 443, service default/kubernetes, system',
    ]);
  });
});

describe('rule 4: direction of sockets that nobody listens for', () => {
  const guessed = (source: string, sourcePort: number, destination: string): Observation => ({
    ...tcp(destination),
    kind: 'socket',
    directionGuessed: true,
    source: { address: source, port: sourcePort },
  });
  table([
    [
      'the known container port is the server',
      [],
      guessed('10.244.1.7', 5432, '10.244.1.5:5000'),
      ['Deployment/shop/frontend > Deployment/shop/db, port 5432/TCP'],
    ],
    [
      'the known Service port is the server',
      [],
      guessed('10.244.1.5', 44000, '10.96.1.5:80'),
      [`${F} > ${CART}, port 8080/TCP asked 80, service shop/cart`],
    ],
    ['else the lower port', [], guessed('10.244.1.5', 8080, '10.244.2.9:50000'), [`${CART} > ${F}, port 8080/TCP`]],
  ]);
});

describe('rule 21: meshes', () => {
  table([
    ['HBONE hides the port', [], tcp('10.244.2.9:15008'), [`${F} > ${CART}, port ?/HBONE`]],
    ['a sidecar’s own port hides it too', [], tcp('10.244.2.9:15006'), [`${F} > ${CART}, port ?/TCP`]],
    ['Linkerd’s too', [], tcp('10.244.2.9:4143'), [`${F} > ${CART}, port ?/TCP`]],
  ]);
});

describe('waiting for the API', () => {
  const wait = { waitMs: 10_000 };
  test.each<[string, Observation, number, readonly string[]]>([
    ['an address that may be a new pod’s', tcp('10.244.2.200:80'), T + 1_000, ['wait']],
    ['a private address that may be one', tcp('192.168.1.1:443'), T + 1_000, ['wait']],
    ['a Service that may be new', dns('ghost.shop.svc.cluster.local', ['10.99.1.1']), T + 1_000, ['wait']],
    ['not for ever', tcp('10.244.2.200:80'), T + 10_000, [`${F} > unknown 10.244.2.200 never-owned`]],
    ['not for what is known', tcp('203.0.113.7:443'), T, [`${F} > public 203.0.113.7, port 443/TCP`]],
  ])('%s', (_name, observation, now, expected) => {
    expect(lines(view(SHOP), observation, wait, now)).toEqual(expected);
  });
});

describe('reporters that name workloads', () => {
  const kafka: Observation = {
    kind: 'kafka',
    vantage: 'server',
    source: { address: FRONTEND },
    destination: { protocol: 'TCP', workload: { namespace: 'shop', name: 'db-10.244.1.7', pod: true } },
    count: 1,
    firstSeenAt: T,
    lastSeenAt: T,
    kafka: { topic: 'orders', operation: 'consume', allowed: true },
  };
  test('a broker pod by its name', () => {
    expect(lines(view(SHOP), kafka)).toEqual([`${F} > Deployment/shop/db`]);
  });
  test.each([
    ['a name of the world', 'api.example.com', 'public api.example.com'],
    ['a Service of the cluster', 'cart.shop.svc.cluster.local', `${CART}, service shop/cart`],
    ['the address of a pod', '10.244.1.7', 'Deployment/shop/db'],
    ['an address of the world', '203.0.113.7', 'public 203.0.113.7'],
  ])('a host that a mesh let pass through: %s', (_, name, expected) => {
    const passed: Observation = {
      ...kafka,
      kind: 'http',
      vantage: 'client',
      source: { workload: { namespace: 'shop', name: 'frontend' } },
      destination: { protocol: 'TCP', name },
      http: { path: '/v1', methods: ['GET'] },
    };
    expect(lines(view(SHOP), passed)).toEqual([`${F} > ${expected}`]);
  });
  test('an end that a mesh does not know is a peer of its own class, and waits for nobody', () => {
    const unknown = { workload: { namespace: 'unknown', name: 'unknown' } };
    const http: Observation = { ...kafka, kind: 'http', http: { path: '/', methods: ['GET'] } };
    expect(lines(view(SHOP), { ...http, source: unknown }, { waitMs: 10_000 })).toEqual(['unknown   > Deployment/shop/db']);
    expect(lines(view(SHOP), { ...http, destination: { protocol: 'TCP', ...unknown } })).toEqual([`${F} > unknown  `]);
    const named = view([...SHOP, deployed('unknown', '10.244.1.93')]);
    expect(lines(named, { ...http, source: { workload: { namespace: 'shop', name: 'unknown' } } })).toEqual([
      'Deployment/shop/unknown > Deployment/shop/db',
    ]);
  });
  test('a workload by its owner’s name, else by the mesh’s canonical name', () => {
    const http = (name: string): Observation => ({
      ...kafka,
      kind: 'http',
      source: { workload: { namespace: 'shop', name } },
      destination: { protocol: 'TCP', workload: { namespace: 'shop', name: 'cart' } },
    });
    const cluster = view([...SHOP, deployed('page-v1', '10.244.1.91', { labels: { 'service.istio.io/canonical-name': 'page' } })]);
    expect([lines(cluster, http('frontend')), lines(cluster, http('page'))]).toEqual([
      [`${F} > ${CART}`],
      [`Deployment/shop/page-v1 > ${CART}`],
    ]);
  });
});
