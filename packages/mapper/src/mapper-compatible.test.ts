import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ADDRESSES } from './testing/shop-cluster.ts';
import { dataOf, START, startTestMapper } from './testing/start-test-mapper.ts';
import type { TestMapper } from './testing/start-test-mapper.ts';

/** What existing sniffers and command lines send and read, over real HTTP. */
let mapper: TestMapper;
beforeEach(async () => {
  mapper = await startTestMapper({ args: ['--environments', 'prod=shop'] });
});
afterEach(() => mapper.stop());

const LAST_SEEN = '2026-03-01T11:59:59.123456789Z';
const CAPTURE = 'mutation reportCaptureResults ($results: CaptureResults!) { reportCaptureResults(results: $results) }';
const TCP = 'mutation reportTCPCaptureResults ($results: CaptureTCPResults!) { reportTCPCaptureResults(results: $results) }';
const SOCKETS = 'mutation reportSocketScanResults ($results: SocketScanResults!) { reportSocketScanResults(results: $results) }';

interface Found {
  readonly client: { readonly name: string | null };
  readonly server: {
    readonly type: string;
    readonly name: string | null;
    readonly domain: string | null;
    readonly namespace: string | null;
  };
  readonly evidence: Readonly<Record<string, { count: number; approximate: boolean | null } | null>>;
  readonly ports: readonly { port: number; servicePort: number | null; service: { name: string } | null }[];
}

async function edges(filter: object = {}): Promise<Found[]> {
  const { body } = await mapper.query(
    `query E($filter: EdgeFilter) { edges(filter: $filter) { nodes { client { name } server { type name namespace domain }
      evidence { dns { count approximate } tcp { count approximate } socket { count approximate } kafka { count approximate } http { count approximate } aws { count approximate } }
      ports { port servicePort service { name } } } } }`,
    { filter },
  );
  return dataOf<{ edges: { nodes: Found[] } }>(body).edges.nodes;
}

async function pairs(filter: object = {}): Promise<string[]> {
  return (await edges(filter)).map(({ client, server }) => `${client.name} > ${server.name ?? server.domain ?? server.type}`);
}

function from(destinations: readonly object[], srcIp: string = ADDRESSES.frontend): object {
  return { results: { results: [{ srcIp, srcHostname: 'frontend-1', destinations }] } };
}

function to(destination: string, change: object = {}): object {
  return { destination, destinationIP: null, destinationPort: null, TTL: null, lastSeen: LAST_SEEN, srcPorts: null, ...change };
}

describe('failures of the existing mapper that must not come back', () => {
  test('a report with no destinations is accepted and changes nothing', async () => {
    const { status, body } = await mapper.query(CAPTURE, from([]));
    expect([status, body]).toEqual([200, { data: { reportCaptureResults: true } }]);
    expect(await edges()).toEqual([]);
  });

  test('the bare cluster domain is no destination and crashes nothing', async () => {
    const names = ['cluster.local', 'cluster.local.', '.', '', 'svc.cluster.local', '.cluster.local'];
    const { body } = await mapper.query(CAPTURE, from(names.map((name) => to(name))));
    expect(body).toEqual({ data: { reportCaptureResults: true } });
    expect((await pairs()).filter((pair) => pair.includes('cluster.local'))).toEqual([]);
  });

  test('a name that only ends like the cluster domain is outside the cluster', async () => {
    await mapper.query(CAPTURE, from([to('db.notcluster.local', { destinationIP: '203.0.113.9' })]));
    expect(await pairs()).toEqual(['frontend > db.notcluster.local']);
  });

  test('every nullable field may be null, in any order, and absent', async () => {
    await mapper.query(CAPTURE, from([to('api.example.com')]));
    await mapper.query(CAPTURE, from([to('api.example.com', { destinationIP: '203.0.113.7', TTL: 30 })]));
    await mapper.query(CAPTURE, from([{ destination: 'api.example.com', lastSeen: LAST_SEEN }]));
    expect(await pairs()).toEqual(['frontend > api.example.com']);
  });

  test('an unknown Kafka operation does not take the rest of the batch with it', async () => {
    const item = { srcIp: ADDRESSES.frontend, serverPodName: 'kafka-0', serverNamespace: 'kafka', topic: 'orders', lastSeen: LAST_SEEN };
    const results = [
      { ...item, operation: 'Teleport' },
      { ...item, operation: 'Read' },
      { ...item, srcIp: 'nonsense', operation: 'Read' },
    ];
    const { body } = await mapper.query('mutation K($r: KafkaMapperResults!) { reportKafkaMapperResults(results: $r) }', {
      r: { results },
    });
    expect(body).toEqual({ data: { reportKafkaMapperResults: true } });
    const answer = await mapper.query('{ intents { server { name } type kafkaTopics { name operations } } }');
    expect(answer.body.data?.['intents']).toContainEqual({
      server: { name: 'kafka' },
      type: 'KAFKA',
      kafkaTopics: [{ name: 'orders', operations: ['CONSUME'] }],
    });
  });

  test('a reset clears all that is remembered, and refuses what was seen before it and comes later', async () => {
    await mapper.query(CAPTURE, from([to('api.example.com')]));
    mapper.now = START + 1_000;
    expect((await mapper.query('mutation ResetCapture { resetCapture }')).body).toEqual({ data: { resetCapture: true } });
    expect(await edges({ includeSystem: true, includeUnknown: true })).toEqual([]);
    await mapper.query(CAPTURE, from([to('late.example.com')]));
    expect(await edges()).toEqual([]);
    mapper.now = START + 10_000;
    await mapper.query(CAPTURE, from([to('new.example.com', { lastSeen: '2026-03-01T12:00:05Z' })]));
    expect(await pairs()).toEqual(['frontend > new.example.com']);
  });

  test('egress, Kafka, HTTP and cloud accesses can be asked for, not only reported', async () => {
    await mapper.query(CAPTURE, from([to('api.example.com')]));
    await mapper.query('mutation A($o: [AWSOperation!]!) { reportAWSOperation(operation: $o) }', {
      o: [{ resource: 'arn:aws:s3:::bucket', actions: ['s3:GetObject'], srcIp: ADDRESSES.frontend, iamRole: null, client: null }],
    });
    await mapper.query('mutation I($r: IstioConnectionResults!) { reportIstioConnectionResults(results: $r) }', {
      r: {
        results: [
          {
            srcWorkload: 'frontend',
            srcWorkloadNamespace: 'shop',
            dstWorkload: 'cart',
            dstServiceName: 'cart',
            dstWorkloadNamespace: 'shop',
            path: '/items',
            methods: ['GET'],
            lastSeen: LAST_SEEN,
          },
        ],
      },
    });
    await mapper.query('mutation G($o: [GCPOperation!]!) { reportGCPOperation(operation: $o) }', {
      o: [{ resource: 'projects/_/buckets/photos', permissions: ['storage.objects.get'], srcIp: ADDRESSES.frontend }],
    });
    await mapper.query('mutation Z($o: [AzureOperation!]!) { reportAzureOperation(operation: $o) }', {
      o: [
        {
          scope: '/subscriptions/s/vault',
          actions: ['vaults/read'],
          dataActions: ['secrets/get'],
          clientName: 'frontend',
          clientNamespace: 'shop',
        },
      ],
    });
    const { body } = await mapper.query(
      '{ edges { nodes { server { type name domain resource } http { path methods } actions { action } } } }',
    );
    const nodes = dataOf<{ edges: { nodes: object[] } }>(body).edges.nodes;
    expect(nodes).toContainEqual({
      server: { type: 'workload', name: 'cart', domain: null, resource: null },
      http: [{ path: '/items', methods: ['GET'] }],
      actions: null,
    });
    expect(nodes).toContainEqual({
      server: { type: 'aws', name: null, domain: null, resource: 'arn:aws:s3:::bucket' },
      http: null,
      actions: [{ action: 's3:GetObject' }],
    });
    expect(nodes).toContainEqual({
      server: { type: 'gcp', name: null, domain: null, resource: 'projects/_/buckets/photos' },
      http: null,
      actions: [{ action: 'storage.objects.get' }],
    });
    expect(nodes).toContainEqual({
      server: { type: 'azure', name: null, domain: null, resource: '/subscriptions/s/vault' },
      http: null,
      actions: [{ action: 'secrets/get' }, { action: 'vaults/read' }],
    });
    expect(nodes).toContainEqual({
      server: { type: 'internet', name: null, domain: 'api.example.com', resource: null },
      http: null,
      actions: null,
    });
  });
});

describe('compatible reports', () => {
  test('a lookup of a Service is an edge to the workload behind it, with dns evidence and no port', async () => {
    await mapper.query(CAPTURE, from([to('cart.shop.svc.cluster.local', { destinationIP: ADDRESSES.cartService })]));
    const [edge] = await edges();
    expect(edge).toMatchObject({
      client: { name: 'frontend' },
      server: { name: 'cart' },
      evidence: { dns: { count: 1, approximate: true } },
      ports: [],
    });
  });

  test('a TCP attempt keeps the port', async () => {
    await mapper.query(
      TCP,
      from([to(ADDRESSES.cart, { destinationIP: ADDRESSES.cart, destinationPort: 8080, srcPorts: [40_000, 40_001] })]),
    );
    expect((await edges())[0]).toMatchObject({ server: { name: 'cart' }, evidence: { tcp: { count: 2 } }, ports: [{ port: 8080 }] });
  });

  test('the ephemeral port that existing socket scans send is no port of the server', async () => {
    await mapper.query(SOCKETS, from([to(ADDRESSES.cart, { destinationPort: 45_678 })]));
    expect((await edges())[0]).toMatchObject({ server: { name: 'cart' }, evidence: { socket: { count: 1 } } });
    expect((await edges())[0]?.ports.map(({ port }) => port)).not.toContain(45_678);
  });

  test('the Service that a mesh names is noted if there is one of that name', async () => {
    const call = {
      srcWorkload: 'frontend',
      srcWorkloadNamespace: 'shop',
      dstWorkloadNamespace: 'shop',
      methods: ['GET'],
      lastSeen: LAST_SEEN,
    };
    await mapper.query('mutation I($r: IstioConnectionResults!) { reportIstioConnectionResults(results: $r) }', {
      r: {
        results: [
          { ...call, dstWorkload: 'cart', dstServiceName: 'cart', path: '/' },
          { ...call, dstWorkload: 'other', dstServiceName: 'PassthroughCluster', path: '/' },
          { ...call, dstWorkload: 'third', dstServiceName: '', path: '/' },
        ],
      },
    });
    const { body } = await mapper.query('{ intents { server { name kubernetesService } } }');
    expect(dataOf<{ intents: object[] }>(body).intents).toEqual([
      { server: { name: 'cart', kubernetesService: 'cart' } },
      { server: { name: 'other', kubernetesService: null } },
      { server: { name: 'third', kubernetesService: null } },
    ]);
  });

  test('a repeat within an hour counts once, a later sighting counts again', async () => {
    for (const lastSeen of [LAST_SEEN, LAST_SEEN, '2026-03-01T11:59:59.5Z']) {
      await mapper.query(TCP, from([to(ADDRESSES.cart, { destinationPort: 8080, lastSeen })]));
    }
    expect((await edges())[0]?.evidence['tcp']?.count).toBe(2);
  });

  test('byte counts above 32 bits are read', async () => {
    const item = { srcIP: ADDRESSES.frontend, dstIP: ADDRESSES.cart, bytesSent: 8_000_000_000, flows: 3 };
    const { body } = await mapper.query('mutation T($r: TrafficLevelResults!) { reportTrafficLevelResults(results: $r) }', {
      r: { results: [item] },
    });
    expect(body).toEqual({ data: { reportTrafficLevelResults: true } });
    expect((await edges())[0]).toMatchObject({ server: { name: 'cart' }, evidence: { socket: { count: 3 } } });
    mapper.now += 60_000;
    await mapper.query('mutation T($r: TrafficLevelResults!) { reportTrafficLevelResults(results: $r) }', {
      r: {
        results: [
          { ...item, bytesSent: 1 },
          { ...item, srcIP: ADDRESSES.cart, dstIP: ADDRESSES.kafka, bytesSent: Number.MAX_SAFE_INTEGER },
        ],
      },
    });
    const sums = await mapper.query('{ edges { nodes { client { name } bytesSent } } }');
    expect(sums.body.data).toEqual({
      edges: {
        nodes: [
          { client: { name: 'cart' }, bytesSent: 2 ** 44 },
          { client: { name: 'frontend' }, bytesSent: 8_000_000_001 },
        ],
      },
    });
  });

  test('items that mean nothing are refused one by one and counted', async () => {
    const items = [
      to('bad name!'),
      to('x'.repeat(300)),
      to('good.example.com'),
      to('old.example.com', { lastSeen: '0001-01-01T00:00:00Z' }),
    ];
    expect((await mapper.query(CAPTURE, from(items))).body).toEqual({ data: { reportCaptureResults: true } });
    expect(await pairs()).toEqual(['frontend > good.example.com']);
    const metrics = await (await fetch(`${mapper.metricsUrl}/metrics`)).text();
    expect(metrics).toMatch(/^dns_dropped_connections 3$/m);
    expect(metrics).toMatch(/^dns_reported_connections 1$/m);
  });

  test('a clock that is ahead is corrected', async () => {
    await mapper.query(TCP, from([to(ADDRESSES.cart, { destinationPort: 8080, lastSeen: '2026-03-01T15:00:00Z' })]));
    const { body } = await mapper.query('{ edges { nodes { lastSeen } } }');
    expect(body.data?.['edges']).toEqual({ nodes: [{ lastSeen: '2026-03-01T12:00:00.000Z' }] });
  });

  test.each([
    ['a missing field', { results: { results: [{ srcIp: '10.1.0.1', destinations: [] }] } }],
    ['null where none is allowed', { results: null }],
    [
      'a text for a number',
      { results: { results: [{ srcIp: '10.1.0.1', srcHostname: '', destinations: [to('a.example', { TTL: '30' })] }] } },
    ],
    [
      'a time that is none',
      { results: { results: [{ srcIp: '10.1.0.1', srcHostname: '', destinations: [to('a.example', { lastSeen: 'soon' })] }] } },
    ],
    ['an unknown field', { results: { results: [], extra: 1 } }],
  ])('%s is a validation error: 422', async (_, variables) => {
    const { status, body } = await mapper.query(CAPTURE, variables);
    expect([status, body.data]).toEqual([422, null]);
    expect(body.errors?.length).toBeGreaterThan(0);
  });
});

describe('compatible queries', () => {
  const INTENTS = `query Intents($namespaces: [String!], $includedLabels: [String!], $excludeServiceWithLabels: [String!], $server: ServerFilter) {
    intents(namespaces: $namespaces, includeLabels: $includedLabels, excludeServiceWithLabels: $excludeServiceWithLabels, server: $server) {
      client { ...I } server { ...I } type kafkaTopics { name operations } httpResources { path methods } } }
    fragment I on OtterizeServiceIdentity { name namespace labels { key value } podOwnerKind { group version kind } kubernetesService }`;
  type Identity = {
    name: string;
    namespace: string;
    labels: { key: string; value: string }[];
    podOwnerKind: { kind: string } | null;
    kubernetesService: string | null;
  };

  beforeEach(async () => {
    await mapper.query(TCP, from([to(ADDRESSES.cart, { destinationPort: 8080 }), to('203.0.113.7', { destinationPort: 443 })]));
    await mapper.query(TCP, from([to(ADDRESSES.kafka, { destinationPort: 9092 })], ADDRESSES.cart));
    await mapper.query(TCP, from([to(ADDRESSES.cart, { destinationPort: 8080 })], ADDRESSES.kafka));
  });

  async function intents(variables: object): Promise<{ client: Identity; server: Identity }[]> {
    const { body } = await mapper.query(INTENTS, {
      namespaces: [],
      includedLabels: null,
      excludeServiceWithLabels: [],
      server: null,
      ...variables,
    });
    return body.data?.['intents'] as { client: Identity; server: Identity }[];
  }
  const names = (found: readonly { client: Identity; server: Identity }[]): string[] =>
    found.map(({ client, server }) => `${client.name}.${client.namespace} > ${server.name}.${server.namespace}`);

  test('all intents, sorted by client namespace and name, without the internet', async () => {
    expect(names(await intents({}))).toEqual(['kafka.kafka > cart.shop', 'cart.shop > kafka.kafka', 'frontend.shop > cart.shop']);
  });

  test('null and empty lists are no filter', async () => {
    expect((await intents({ namespaces: null, excludeServiceWithLabels: null })).length).toBe(3);
  });

  test.each([
    ['namespaces', { namespaces: ['kafka'] }, ['kafka.kafka > cart.shop']],
    ['a label to exclude', { excludeServiceWithLabels: ['app=frontend'] }, ['kafka.kafka > cart.shop', 'cart.shop > kafka.kafka']],
    ['a label to exclude, server side', { excludeServiceWithLabels: ['app=cart'] }, []],
    [
      'a bare key means the empty value',
      { excludeServiceWithLabels: ['app'] },
      ['kafka.kafka > cart.shop', 'cart.shop > kafka.kafka', 'frontend.shop > cart.shop'],
    ],
    ['a server: all edges of its callers', { server: { name: 'kafka', namespace: 'kafka' } }, ['cart.shop > kafka.kafka']],
  ])('%s', async (_, variables, expected) => expect(names(await intents(variables))).toEqual(expected));

  test('labels are answered only as asked', async () => {
    expect((await intents({})).flatMap(({ client }) => client.labels)).toEqual([]);
    const [first] = await intents({ includedLabels: ['tier'], namespaces: ['shop'] });
    expect(first?.client.labels).toEqual([{ key: 'tier', value: 'back' }]);
    const { body } = await mapper.query('{ intents(includeAllLabels: true, namespaces: ["kafka"]) { client { labels { key value } } } }');
    expect(body.data?.['intents']).toEqual([
      {
        client: {
          labels: [
            { key: 'app', value: 'kafka' },
            { key: 'tier', value: 'back' },
          ],
        },
      },
    ]);
  });

  test('owner kinds carry group and version', async () => {
    const [, second] = await intents({});
    expect(second?.server.podOwnerKind).toEqual({ group: 'apps', version: 'v1', kind: 'StatefulSet' });
  });

  test('serviceIntents groups by client', async () => {
    const { body } = await mapper.query(
      'query ServiceIntentsUpToMapperV017 ($namespaces: [String!]) { serviceIntents(namespaces: $namespaces) { client { name namespace } intents { name namespace } } }',
      { namespaces: ['shop'] },
    );
    expect(body.data?.['serviceIntents']).toEqual([
      { client: { name: 'cart', namespace: 'shop' }, intents: [{ name: 'kafka', namespace: 'kafka' }] },
      { client: { name: 'frontend', namespace: 'shop' }, intents: [{ name: 'cart', namespace: 'shop' }] },
    ]);
  });

  test('health', async () => expect((await mapper.query('query Health { health }')).body).toEqual({ data: { health: true } }));
});
