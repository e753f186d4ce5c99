import { describe, expect, test } from 'vitest';
import type { Observation } from '../model/observation.ts';
import { deployed, T } from '../testing/cluster.ts';
import { view, SHOP, FRONTEND, dns, tcp, lines, F, CART } from '../testing/resolving.ts';

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
