import { describe, expect, test } from 'vitest';
import { deployed, endpoints, pod, service, T } from '../testing/cluster.ts';
import { view, SHOP, FRONTEND, INGRESS, dns, tcp, lines, F, CART, DB, table } from '../testing/resolving.ts';
import type { ClusterChange } from '../cluster/records.ts';
import { createResolver } from './resolver.ts';

describe('rules 8, 9: node addresses and ports', () => {
  const hostPod = pod('ingress-x', '10.0.0.2', {
    hostNetwork: true,
    nodeName: 'node-2',
    ports: [{ containerPort: 8443, hostPort: 8443, protocol: 'TCP' }],
  });
  const agent = pod('agent-1', '10.244.2.40', { nodeName: 'node-2', ports: [{ containerPort: 9999, hostPort: 9100, protocol: 'TCP' }] });
  const hostPort = { containerPort: 9999, hostPort: 9200, protocol: 'TCP' } as const;
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
    [
      'a hostPort on every address',
      [pod('agent-2', '10.244.2.41', { nodeName: 'node-2', ports: [{ ...hostPort, hostIP: '0.0.0.0' }] })],
      tcp('10.0.0.2:9200'),
      [`${F} > Pod/shop/agent-2, port 9999/TCP`],
    ],
    [
      'a hostPort on loopback only is not at the node’s address',
      [pod('agent-2', '10.244.2.41', { nodeName: 'node-2', ports: [{ ...hostPort, hostIP: '127.0.0.1' }] })],
      tcp('10.0.0.2:9200'),
      [`${F} > node node-2, port 9200/TCP`],
    ],
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

  test('a listener that is told after a call to it was seen tells the pod of the next one', () => {
    const cluster = view([...SHOP, pod('dns-x', '10.0.0.2', { hostNetwork: true, nodeName: 'node-2', uid: 'u-dns-x' })]);
    const resolver = createResolver({ view: cluster });
    const called = (): unknown => resolver.resolve(tcp('10.0.0.2:7946'), T).updates[0]?.server;
    expect(called()).toMatchObject({ type: 'node', name: 'node-2' });
    cluster.nodes.applyListeners('node-2', [{ port: 7946, protocol: 'TCP', podUid: 'u-dns-x' }]);
    expect(called()).toMatchObject({ type: 'workload', name: 'dns-x' });
    const { generation } = cluster;
    cluster.nodes.applyListeners('node-2', [
      { port: 7946, protocol: 'TCP', podUid: 'u-dns-x' },
      { port: 40_000, protocol: 'UDP' },
    ]);
    expect(cluster.generation).toBe(generation);
    cluster.nodes.applyListeners('node-2', []);
    expect(called()).toMatchObject({ type: 'node', name: 'node-2' });
  });

  test('an address that a sniffer reported is its node', () => {
    const cluster = view(SHOP);
    cluster.nodes.applyReported('node-2', ['172.17.0.1']);
    expect(lines(cluster, { ...tcp('10.244.2.9:8080'), source: { address: '172.17.0.1' } })).toEqual([
      `node node-2 > ${CART}, port 8080/TCP, system`,
    ]);
  });
});

describe('rule 10: a load balancer’s address that went from one Service to another', () => {
  const balancer = (name: string, loadBalancerIPs: readonly string[], at?: number): ClusterChange => ({
    ...service(name, '', [{ port: 80 }], { type: 'LoadBalancer', loadBalancerIPs, selector: { app: name === 'lb-a' ? 'cart' : 'db' } }),
    ...(at !== undefined && { at }),
  });
  // The one that gets it is the older one: which was created last says nothing.
  const moves = [
    balancer('lb-b', []),
    balancer('lb-a', ['203.0.113.80']),
    balancer('lb-a', [], T),
    balancer('lb-b', ['203.0.113.80'], T + 1_000),
  ];

  test.each([
    ['before', T - 1_000, [`${F} > ${CART}, port 80/TCP asked 80, service shop/lb-a`]],
    ['after', T + 2_000, [`${F} > ${DB}, port 80/TCP asked 80, service shop/lb-b`]],
  ])('%s', (_, lastSeenAt, expected) => {
    expect(lines(view([...SHOP, ...moves]), tcp('203.0.113.80:80', {}, { lastSeenAt }))).toEqual(expected);
  });

  test('given up and nobody’s: outside', () => {
    const cluster = view([...SHOP, ...moves.slice(0, 3)]);
    expect(lines(cluster, tcp('203.0.113.80:80', {}, { lastSeenAt: T + 2_000 }))).toEqual([`${F} > public 203.0.113.80, port 80/TCP`]);
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
