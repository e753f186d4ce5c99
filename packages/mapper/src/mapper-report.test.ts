import { createApiClient, CHANGES, EDGES, STATUS, WORKLOADS } from '@nm/api';
import type { schema } from '@nm/api';
import type { Observation } from '@nm/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ADDRESSES } from './testing/shop-cluster.ts';
import { attempt, dataOf, START, startTestMapper } from './testing/start-test-mapper.ts';
import type { TestMapper } from './testing/start-test-mapper.ts';

/** Our own reports and queries, over real HTTP. */
let mapper: TestMapper;
beforeEach(async () => {
  mapper = await startTestMapper({ args: ['--environments', 'prod=sh*p'] });
});
afterEach(() => mapper.stop());

async function edges(variables: schema.QueryEdgesArgs = {}): Promise<schema.EdgeConnection> {
  return (await createApiClient({ url: mapper.url }).run(EDGES, variables)).edges;
}

async function status(): Promise<schema.Status> {
  return (await createApiClient({ url: mapper.url }).run(STATUS, {})).status;
}

function lookup(from: string, name: string, addresses: readonly string[]): Observation {
  return {
    kind: 'dns',
    vantage: 'client',
    source: { address: from },
    destination: { protocol: 'UDP', name, addresses },
    count: 1,
    firstSeenAt: START - 500,
    lastSeenAt: START - 500,
  };
}

describe('an open connection whose lookup its sniffer did not see', () => {
  const socket = (from: string, to: string): Observation => ({ ...attempt(from, to, { port: 443 }), kind: 'socket' });
  const datagrams = (from: string, to: string): Observation => ({
    ...socket(from, to),
    kind: 'udp',
    destination: { protocol: 'UDP', address: to, port: 443 },
  });
  const servers = async (): Promise<string[]> =>
    (await edges()).nodes.map(
      ({ client, server, evidence }) =>
        `${client.name} -> ${server.domain ?? server.addresses?.join() ?? ''} x${(evidence.socket?.count ?? 0) + (evidence.udp?.count ?? 0)}`,
    );

  test('has the name by which its workload was given the address', async () => {
    await mapper.report([lookup(ADDRESSES.frontend, 'api.example.com', ['203.0.113.7', '203.0.113.8'])], { sequence: 1 });
    await mapper.report([socket(ADDRESSES.frontend, '203.0.113.8'), datagrams(ADDRESSES.frontend, '203.0.113.7')], { sequence: 2 });
    expect(await servers()).toEqual(['frontend -> api.example.com x2']);
  });

  test.each([
    ['another workload was', [lookup(ADDRESSES.cart, 'api.example.com', ['203.0.113.7'])]],
    [
      'several names were given',
      [lookup(ADDRESSES.frontend, 'api.example.com', ['203.0.113.7']), lookup(ADDRESSES.frontend, 'www.example.com', ['203.0.113.7'])],
    ],
    [
      'the name is older than a day',
      [
        {
          ...lookup(ADDRESSES.frontend, 'api.example.com', ['203.0.113.7']),
          lastSeenAt: START - 26 * 3_600_000,
          firstSeenAt: START - 26 * 3_600_000,
        },
      ],
    ],
  ])('has none where %s', async (_, lookups) => {
    await mapper.report(lookups, { sequence: 1 });
    await mapper.report([socket(ADDRESSES.frontend, '203.0.113.7')], { sequence: 2 });
    expect(await servers()).toContain('frontend -> 203.0.113.7 x1');
  });
});

describe('a report', () => {
  test('is stored when it is answered, with ports and counts', async () => {
    const answer = await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
      attempt(ADDRESSES.frontend, '203.0.113.7', { port: 443 }),
    ]);
    expect(answer).toEqual({ stored: 2, rejected: [], retryAfterMs: 0, settings: { dnsPorts: [1053], reportIntervalMs: 1_000 } });
    const { nodes, totalCount } = await edges();
    expect(totalCount).toBe(2);
    expect(
      nodes.map(({ server, evidence, ports }) => [
        server.type,
        server.name ?? server.addresses,
        evidence.tcp?.count,
        ports.map(({ port }) => port),
      ]),
    ).toEqual([
      ['internet', ['203.0.113.7'], 1, [443]],
      ['workload', 'cart', 3, [8080]],
    ]);
  });

  test('that is sent again is answered the same and counts once', async () => {
    const first = await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)], { sequence: 5 });
    expect(await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)], { sequence: 5 })).toEqual(first);
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)], { sequence: 4 });
    expect((await edges()).nodes[0]?.evidence.tcp?.count).toBe(1);
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)], { sequence: 6 });
    expect((await edges()).nodes[0]?.evidence.tcp?.count).toBe(2);
  });

  test('loses only its bad rows', async () => {
    const batch = mapper.batch([attempt(ADDRESSES.frontend, ADDRESSES.cart)]);
    const observations = [[1, 2, 3], ...batch.observations, batch.observations[0]?.map((value, column) => (column === 7 ? 70_000 : value))];
    const { body } = await mapper.query('mutation R($b: ReportBatch!) { report(batch: $b) { stored rejected { index code } } }', {
      b: { ...batch, observations },
    });
    expect(body).toEqual({
      data: {
        report: {
          stored: 1,
          rejected: [
            { index: 0, code: 'row-shape' },
            { index: 2, code: 'bad-port' },
          ],
        },
      },
    });
  });

  test.each([
    ['of a protocol of the future', { protocol: 99 }, /protocol 99/],
    ['without a reporter', { reporter: null }, /reporter/],
    ['with too many rows', { observations: Array.from({ length: 10_001 }, () => []) }, /10000/],
  ])('%s is refused whole, with a reason', async (_, change, message) => {
    const { body } = await mapper.query('mutation R($b: ReportBatch!) { report(batch: $b) { stored } }', {
      b: { ...mapper.batch([]), ...change },
    });
    expect(body.errors?.[0]).toMatchObject({ message: expect.stringMatching(message) as string, extensions: { code: 'REPORT_INVALID' } });
  });

  test('cannot be written into the query text', async () => {
    expect((await mapper.query('mutation { report(batch: {protocol: 1}) { stored } }')).status).toBe(422);
  });

  test('of a clock that is wrong is corrected, and the offset shows', async () => {
    const ahead = 3_600_000;
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { at: START - 1_000 + ahead })], { sentAt: START + ahead });
    const [edge] = (await edges()).nodes;
    expect(edge?.lastSeen).toBe(new Date(START - 1_000).toISOString());
    expect((await status()).reporters[0]?.clockOffsetMs).toBe(ahead);
    expect(await (await fetch(`${mapper.metricsUrl}/metrics`)).text()).toContain(
      'network_mapper_reporter_clock_offset_seconds{node="node-1"} 3600',
    );
  });

  test('shows in the status: who reports, what was lost, which nodes have no sniffer', async () => {
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)], { reporter: { losses: { ring: 7 } } });
    expect(await status()).toMatchObject({
      version: 'test',
      cluster: 'default',
      clusterId: 'Namespace--kube-system',
      store: 'sqlite',
      edges: 1,
      ready: true,
      losses: { ring: 7 },
      nodesWithoutSniffer: ['node-2'],
      reporters: [
        { kind: 'sniffer', node: 'node-1', instance: 'sniffer-1', batches: 1, observations: 1, rejected: 0, losses: { ring: 7 } },
      ],
    });
  });

  test("another node's sniffer with the same instance uses up no sequence of this one's", async () => {
    const call = attempt(ADDRESSES.frontend, ADDRESSES.cart);
    await mapper.report([call], { sequence: 1 });
    await mapper.report([call], { sequence: 9_999_999, reporter: { node: 'node-2' } });
    await mapper.report([call], { sequence: 2 });
    const { reporters } = await status();
    expect(Object.fromEntries(reporters.map(({ node, batches }) => [node, batches]))).toEqual({ 'node-1': 2, 'node-2': 1 });
  });

  test('says what was dropped and what nobody owned', async () => {
    await mapper.report([attempt(ADDRESSES.frontend, '127.0.0.1'), attempt(ADDRESSES.frontend, '10.96.0.5')]);
    const { dropped, unresolved } = await status();
    expect(Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(Object.keys(unresolved).length).toBe(1);
  });
});

describe('the bounded queue', () => {
  test('says "not now" instead of dropping: 503, Retry-After and a code', async () => {
    const busy = await startTestMapper({ change: { maxQueuedUpdates: 0 } });
    try {
      const {
        status: code,
        headers,
        body,
      } = await busy.query('mutation R($b: ReportBatch!) { report(batch: $b) { stored } }', {
        b: busy.batch([attempt(ADDRESSES.frontend, ADDRESSES.cart)]),
      });
      expect([code, headers['retry-after'], body.errors?.[0]?.extensions]).toEqual([503, '1', { code: 'REPORT_BUSY' }]);
      const compatible = await busy.query('mutation A($o: [AWSOperation!]!) { reportAWSOperation(operation: $o) }', {
        o: [{ resource: 'arn:aws:s3:::b', actions: ['s3:GetObject'], srcIp: ADDRESSES.frontend }],
      });
      expect([compatible.status, compatible.headers['retry-after'], compatible.body.data]).toEqual([503, '1', null]);
    } finally {
      await busy.stop();
    }
  });
});

describe('queries', () => {
  beforeEach(async () => {
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart),
      attempt(ADDRESSES.cart, ADDRESSES.kafka, { port: 9092 }),
      lookup(ADDRESSES.frontend, 'api.example.com', ['203.0.113.7']),
      attempt(ADDRESSES.nodeOne, ADDRESSES.frontend),
      attempt(ADDRESSES.frontend, '10.96.0.5'),
    ]);
  });

  const shown = (connection: schema.EdgeConnection): string[] =>
    connection.nodes.map(({ client, server }) => `${client.name ?? client.type} > ${server.name ?? server.domain ?? server.type}`);

  const rows: readonly [string, schema.EdgeFilter, string[]][] = [
    ['nothing: the default map', {}, ['cart > kafka', 'frontend > api.example.com', 'frontend > cart']],
    ['a namespace, on either end', { namespaces: ['kafka'] }, ['cart > kafka']],
    ['evidence', { evidence: ['dns'] }, ['frontend > api.example.com']],
    ['a port', { ports: [9092] }, ['cart > kafka']],
    ['a domain', { domains: ['*.example.com'] }, ['frontend > api.example.com']],
    ['a peer type', { server: { types: ['internet'] } }, ['frontend > api.example.com']],
    ['a client by name', { client: { names: ['cart'] } }, ['cart > kafka']],
    [
      'a peer by namespace, name and kind',
      { peer: { workloads: [{ namespace: 'shop', name: 'cart', kind: 'Deployment' }] } },
      ['cart > kafka', 'frontend > cart'],
    ],
    ['a label of the client', { client: { labels: ['tier=web'] } }, ['frontend > api.example.com', 'frontend > cart']],
    ['a text', { text: 'EXAMPLE' }, ['frontend > api.example.com']],
    ['another cluster', { clusters: ['elsewhere'] }, []],
    [
      'null and empty lists',
      { namespaces: [], evidence: null, client: {} },
      ['cart > kafka', 'frontend > api.example.com', 'frontend > cart'],
    ],
    ['an environment', { environments: ['prod'] }, ['cart > kafka', 'frontend > api.example.com', 'frontend > cart']],
  ];
  test.each(rows)('filter by %s', async (_, filter, expected) => {
    expect(shown(await edges({ filter })).toSorted()).toEqual(expected);
  });

  test('system traffic and unknown ends only when asked for', async () => {
    expect(shown(await edges({ filter: { includeSystem: true } }))).toContain('node-1 > frontend');
    expect(shown(await edges({ filter: { includeUnknown: true } }))).toContain('frontend > unknown');
  });

  test('pages go on where the last one ended, stable while edges are added', async () => {
    const first = await edges({ first: 2 });
    expect([first.nodes.length, first.pageInfo.hasNextPage, first.totalCount]).toEqual([2, true, 3]);
    await mapper.report([attempt(ADDRESSES.cart, ADDRESSES.frontend)]);
    const second = await edges({ first: 2, after: first.pageInfo.endCursor });
    expect(second.pageInfo.hasNextPage).toBe(false);
    expect(new Set([...first.nodes, ...second.nodes].map(({ id }) => id)).size).toBe(first.nodes.length + second.nodes.length);
  });

  test.each([0, -1, 1_001])('a page of %d is refused', async (first) => {
    const { body } = await mapper.query('query P($first: Int) { edges(first: $first) { totalCount } }', { first });
    expect(body.errors?.[0]?.message).toBe('first must be from 1 to 1000');
  });

  test('a cursor that is none is refused with a code', async () => {
    const { body, status: code } = await mapper.query('{ edges(after: "nonsense") { totalCount } }');
    expect([code, body.errors?.[0]?.extensions]).toEqual([200, { code: 'cursor_invalid' }]);
  });

  test('one edge by its id, and none for another', async () => {
    const [first] = (await edges()).nodes;
    const { body } = await mapper.query(
      'query One($id: ID!) { edge(id: $id) { id } other: edge(id: "999999") { id } bad: edge(id: "x") { id } }',
      { id: first?.id },
    );
    expect(body.data).toEqual({ edge: { id: first?.id }, other: null, bad: null });
  });

  test('a window that ended before shows nothing, and says which window it was', async () => {
    const old = await edges({ since: '2026-02-01T00:00:00Z', until: '2026-02-02T00:00:00Z' });
    expect([old.nodes, old.totalCount, old.window.since]).toEqual([[], 0, '2026-02-01T00:00:00.000Z']);
  });

  test('workloads with their edges', async () => {
    const { workloads } = await createApiClient({ url: mapper.url }).run(WORKLOADS, { filter: { namespaces: ['shop'] } });
    expect(workloads.nodes.map(({ name, kind, environment, outgoing, incoming }) => [name, kind, environment, outgoing, incoming])).toEqual(
      [
        ['cart', 'Deployment', 'prod', 1, 1],
        ['frontend', 'Deployment', 'prod', 3, 0],
      ],
    );
  });

  test('clusters, namespaces and environments', async () => {
    const { body } = await mapper.query(
      '{ clusters { name own id } environments { name namespaces { name } } namespaces { name environment } }',
    );
    expect(body.data).toEqual({
      clusters: [{ name: 'default', own: true, id: 'Namespace--kube-system' }],
      environments: [{ name: 'prod', namespaces: [{ name: 'shop' }] }],
      namespaces: [
        { name: 'kafka', environment: null },
        { name: 'kube-system', environment: null },
        { name: 'shop', environment: 'prod' },
      ],
    });
  });

  test('activity adds up to the counts', async () => {
    const { body } = await mapper.query('{ activity { bucketMs points { at count } } }');
    const { points, bucketMs } = dataOf<{ activity: schema.Activity }>(body).activity;
    expect([points.reduce((sum, { count }) => sum + count, 0), bucketMs]).toEqual([3, 300_000]);
  });
});

describe('the subscription to changes', () => {
  test('begins with a cursor, then tells what changed, and goes on from a cursor', async () => {
    const client = createApiClient({ url: mapper.url });
    const stopping = new AbortController();
    const events = client.subscribe(CHANGES, {}, { signal: stopping.signal });
    const first = await events.next();
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)]);
    const second = await events.next();
    expect(second.value?.changes.edges.map(({ server }) => server.name)).toEqual(['cart']);
    stopping.abort();
    await events.return();

    const again = client.subscribe(CHANGES, { after: first.value?.changes.cursor ?? null });
    expect((await again.next()).value?.changes.edges.length).toBe(1);
    await again.return();
  });

  test.each([
    ['that had come further', 3],
    ['that had come less far', 0],
  ])('who followed a mapper %s is told to begin anew, and then what changes', async (_, reports) => {
    const other = await startTestMapper();
    let cursor: string;
    try {
      const client = createApiClient({ url: other.url });
      for (let port = 1; port <= reports; port += 1) await other.report([attempt(ADDRESSES.frontend, ADDRESSES.kafka, { port })]);
      const events = client.subscribe(CHANGES, {});
      cursor = (await events.next()).value?.changes.cursor ?? '';
      await events.return();
    } finally {
      await other.stop();
    }

    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.kafka)]);
    const events = createApiClient({ url: mapper.url }).subscribe(CHANGES, { after: cursor });
    expect((await events.next()).value?.changes.reset).toBe(true);
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)]);
    expect((await events.next()).value?.changes).toMatchObject({ reset: false, edges: [{ server: { name: 'cart' } }] });
    await events.return();
  });

  test('tells a reset', async () => {
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart)]);
    const events = createApiClient({ url: mapper.url }).subscribe(CHANGES, {});
    await events.next();
    await mapper.query('mutation { resetCapture }');
    expect((await events.next()).value?.changes.reset).toBe(true);
    await events.return();
  });

  test.each([
    ['a client that does not take events', {}, 'subscription { changes { cursor } }', 406],
    ['a cursor of somebody else', { accept: 'text/event-stream' }, 'subscription { changes(after: "x") { cursor } }', 200],
  ])('%s', async (_, headers, query, code) => {
    const answer = await mapper.send('/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    expect(answer.status).toBe(code);
    expect(answer.text).toContain('errors');
  });

  test('is bounded', async () => {
    const small = await startTestMapper({ args: ['--max-subscriptions', '1'] });
    try {
      const client = createApiClient({ url: small.url });
      const one = client.subscribe(CHANGES, {});
      await one.next();
      await expect(client.subscribe(CHANGES, {}).next()).rejects.toMatchObject({ code: 'API_BUSY' });
      await one.return();
    } finally {
      await small.stop();
    }
  });
});
