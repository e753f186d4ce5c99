import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EdgeUpdate } from '../model/edge-update.ts';
import type { Peer } from '../model/peer.ts';
import { T } from '../testing/cluster.ts';
import { registrableDomain } from './domain-rule.ts';
import { createEdgeBook } from './edge-book.ts';

const workload = (name: string): Peer => ({ type: 'workload', cluster: 'c', namespace: 'shop', name, kind: 'Deployment' });
const update = (more: Partial<EdgeUpdate>): EdgeUpdate => ({
  client: workload('a'),
  server: workload('b'),
  class: 'app',
  shared: false,
  evidence: 'tcp',
  vantage: 'client',
  count: 1,
  firstSeenAt: T,
  lastSeenAt: T,
  ...more,
});

function edges(updates: readonly EdgeUpdate[]): ReturnType<ReturnType<typeof createEdgeBook>['edges']> {
  const book = createEdgeBook();
  for (const each of updates) book.apply(each);
  return book.edges();
}

describe('rule 16: many outside peers', () => {
  test('clients from outside of one server port are one peer with a bounded sample and a count', () => {
    const found = edges(
      Array.from({ length: 50 }, (_, i) =>
        update({
          client: { type: 'internet', addresses: [`203.0.113.${i}`], scope: 'public' },
          port: { port: i % 2 === 0 ? 80 : 443, protocol: 'TCP' },
        }),
      ),
    );
    expect(
      found.map(({ client, ports }) => [
        client.type === 'internet' ? [client.addresses?.length, client.addressCount] : [],
        ports.map(({ port }) => port),
      ]),
    ).toEqual([
      [[16, 25], [80]],
      [[16, 25], [443]],
    ]);
  });

  test('more than 100 names of a client under one domain collapse; another client’s do not', () => {
    const names = (client: string, count: number): EdgeUpdate[] =>
      Array.from({ length: count }, (_, i) =>
        update({ client: workload(client), server: { type: 'internet', domain: `n${i}.cdn.example.com`, scope: 'public' } }),
      );
    const book = createEdgeBook();
    for (const each of [...names('a', 150), ...names('b', 100)]) book.apply(each);
    const found = book.edges();
    expect(found.filter(({ client }) => client.type === 'workload' && client.name === 'a')).toMatchObject([
      { server: { domain: '*.example.com' }, evidence: { tcp: { count: 150 } } },
    ]);
    expect(found).toHaveLength(101);
    expect(book.edges()).toEqual(found);
  });

  test.each([
    ['private first', ['private', 'public']],
    ['public first', ['public', 'private']],
  ] as const)('one public name makes the wildcard public: %s', (_name, scopes) => {
    const book = createEdgeBook();
    for (const scope of scopes)
      for (let i = 0; i < 150; i++) book.apply(update({ server: { type: 'internet', domain: `${scope}-${i}.example.com`, scope } }));
    expect(book.edges()).toMatchObject([{ server: { domain: '*.example.com', scope: 'public' }, evidence: { tcp: { count: 300 } } }]);
  });

  test.each([
    ['a.b.example.com', 'example.com'],
    ['a.example.co.uk', 'example.co.uk'],
    ['example.org', 'example.org'],
    ['localhost', 'localhost'],
  ])('%s belongs to %s', (name, expected) => {
    expect(registrableDomain(name)).toBe(expected);
  });
});

describe('a scan of all ports', () => {
  const PORTS = 65_535;
  // Walking the ports of an edge for each call takes a hundred times the time that a test has.
  test.each<[string, Peer, number, number]>([
    ['of a workload is one edge', workload('b'), 1, 24],
    ['of a nameless peer is an edge for each port', { type: 'internet', addresses: ['203.0.113.1'], scope: 'public' }, PORTS, 4],
  ])('%s', (_name, server, count, rounds) => {
    const book = createEdgeBook();
    const client = workload('a');
    for (let round = 0; round < rounds; round++)
      for (let port = 1; port <= PORTS; port++) book.apply(update({ client, server, port: { port, protocol: 'TCP' } }));
    const found = book.edges();
    expect(found).toHaveLength(count);
    const ports = found.flatMap((edge) => edge.ports);
    expect(ports).toHaveLength(PORTS);
    expect(ports.every(({ evidence }) => evidence.tcp?.count === rounds)).toBe(true);
  });

  test('ports of one number that were asked for by different Services stay apart', () => {
    const services = ['s', 't', 'u'].map((name) => ({ namespace: 'shop', name }));
    const found = edges(
      [1, 2].flatMap(() =>
        Array.from({ length: 40 }, (_, i) =>
          services.map((service) => update({ port: { port: i + 1, protocol: 'TCP', service, servicePort: 80 } })),
        ).flat(),
      ),
    );
    const ports = found[0]?.ports ?? [];
    expect(ports).toHaveLength(120);
    expect(ports.every(({ evidence }) => evidence.tcp?.count === 2)).toBe(true);
  });
});

describe('rule 20: both ends', () => {
  test('the client’s counts where there are some, times of both', () => {
    const [edge] = edges([update({ count: 3 }), update({ vantage: 'server', count: 2, firstSeenAt: T - 5, lastSeenAt: T + 5 })]);
    expect(edge?.evidence.tcp).toEqual({ count: 3, firstSeenAt: T - 5, lastSeenAt: T + 5 });
  });
  test('else the server’s', () => {
    expect(edges([update({ vantage: 'server', count: 2 })])[0]?.evidence.tcp?.count).toBe(2);
  });
});

test('an edge is app as soon as one update is, shared only while all are', () => {
  const [edge] = edges([update({ class: 'system', shared: true }), update({ class: 'app', shared: false })]);
  expect([edge?.class, edge?.shared]).toEqual(['app', false]);
});

test('edges with an end that nobody owned are left out unless asked for', () => {
  const book = createEdgeBook();
  book.apply(update({ server: { type: 'unknown', cluster: 'c', address: '10.1.1.1', reason: 'pod-gone' } }));
  expect([book.edges().length, book.edges({ unknown: true }).length]).toEqual([0, 1]);
});

test('updates commute', () => {
  const arbitrary = fc.array(
    fc.record({
      server: fc.constantFrom(workload('b'), workload('c'), { type: 'internet', domain: 'x.example.com', scope: 'public' } as Peer),
      vantage: fc.constantFrom('client' as const, 'server' as const),
      evidence: fc.constantFrom('tcp' as const, 'dns' as const, 'socket' as const),
      count: fc.integer({ min: 0, max: 5 }),
      firstSeenAt: fc.integer({ min: T, max: T + 100 }),
      port: fc.constantFrom({ port: 80, protocol: 'TCP' as const }, { port: 443, protocol: 'TCP' as const }),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(arbitrary, fc.infiniteStream(fc.nat()), (parts, random) => {
      const updates = parts.map((part) => update({ ...part, lastSeenAt: part.firstSeenAt + 10 }));
      const shuffled = updates
        .map((each) => ({ each, at: random.next().value ?? 0 }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ each }) => each);
      expect(edges(shuffled)).toEqual(edges(updates));
    }),
  );
});
