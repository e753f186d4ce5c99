import { describe, expect, test } from 'vitest';
import type { Observation } from '../model/observation.ts';
import { deployed, pod, service, T } from '../testing/cluster.ts';
import { createResolver } from './resolver.ts';
import { view, SHOP, dns, tcp, lines, F, CART, table } from '../testing/resolving.ts';

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

  test('a pod that was seen before a Service made it a DNS server', () => {
    const cluster = view([...SHOP, deployed('resolver', '10.244.1.53')]);
    const resolver = createResolver({ view: cluster });
    const asked = { ...dns('api.example.com', ['203.0.113.7']), source: { address: '10.244.1.53' } };
    const called = tcp('10.244.1.53:53');
    for (const observation of [asked, called]) expect(resolver.resolve(observation, T).updates).toHaveLength(1);
    cluster.apply(service('resolver', '10.96.0.53', [{ port: 53, targetPort: 53, protocol: 'UDP' }]));
    expect(resolver.resolve(asked, T).dropped).toBe('dns-server-own');
    expect(resolver.resolve(called, T).dropped).toBe('dns-server');
  });
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
