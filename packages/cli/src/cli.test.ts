import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { AppError, parseMapDocument, toEdges } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { runCli } from './cli.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { LiveMapSource } from './source/map-source.ts';
import { createTestHost, edge, HOSTILE_NAMES, mapText, NOW, seen, workload } from './testing/test-host.ts';
import type { TestHost, TestHostOptions } from './testing/test-host.ts';

const web = workload('web', 'shop', 'Deployment', { app: 'web' });
const edges = [
  edge(web, workload('cart'), {
    evidence: { dns: seen, tcp: seen },
    ports: [{ port: 7070, protocol: 'TCP', service: { namespace: 'shop', name: 'cart-svc' }, servicePort: 80, evidence: { tcp: seen } }],
  }),
  edge(web, { type: 'internet', domain: 'api.example.com', scope: 'public' }, { evidence: { dns: seen } }),
  edge(
    web,
    { type: 'internet', addresses: ['203.0.113.7', '203.0.113.8'], addressCount: 9, scope: 'public' },
    { ports: [{ port: 25, protocol: 'TCP', evidence: {} }] },
  ),
  edge(web, { type: 'aws', resource: 'arn:aws:s3:::bucket' }, { evidence: { aws: seen }, actions: [{ action: 's3:GetObject', count: 1 }] }),
  edge(workload('op', 'ops'), { type: 'apiServer', cluster: 'default' }),
  edge(workload('op', 'ops'), workload('kafka', 'kafka', 'StatefulSet'), {
    evidence: { kafka: seen },
    kafka: [
      { topic: 't', operation: 'consume', allowed: false },
      { topic: 'g', operation: 'describe', allowed: true, resourceType: 'group' },
    ],
  }),
  edge({ type: 'internet', scope: 'public', addresses: ['198.51.100.1'] }, web),
  edge({ type: 'node', cluster: 'default', name: 'n1' }, web),
  edge({ type: 'node', cluster: 'default', name: 'n1' }, workload('cart'), { class: 'system' }),
  edge(web, { type: 'unknown', cluster: 'default', address: '10.0.0.9', reason: 'pod-gone' }),
];

async function run(args: readonly string[], options: TestHostOptions = {}): Promise<{ code: number; host: TestHost }> {
  const host = createTestHost({ ...options, files: { 'map.json': mapText(edges), 'empty.json': mapText([]), ...options.files } });
  return { code: await runCli(args, host), host };
}

describe('list', () => {
  test('text', async () => {
    const { code, host } = await run(['list', '--map', 'map.json']);
    expect(code).toBe(0);
    expect(host.err()).toBe('');
    expect(host.out()).toBe(`op in namespace ops calls:
  - kafka in namespace kafka
    - Kafka group: g, operations: [describe]
    - Kafka topic: t, denied operations: [consume]
  - kubernetes in namespace default
web in namespace shop calls:
  - api.example.com
  - arn:aws:s3:::bucket
    - actions: [s3:GetObject]
  - cart
  - internet (9 addresses: 203.0.113.7, 203.0.113.8, …)
internet calls:
  - web in namespace shop
node n1 calls:
  - web in namespace shop
`);
  });

  test.each([
    [
      'evidence and ports',
      ['--evidence', '--ports', '--workload', 'cart'],
      'web in namespace shop calls:\n  - cart\n    - ports: 7070/TCP (cart-svc.shop:80)\n    - seen: dns 2, tcp 2; 2026-01-31T10:00:00.000Z to 2026-01-31T11:00:00.000Z\n',
    ],
    [
      'looked up only',
      ['--evidence', '--workload', 'api.example.com'],
      'web in namespace shop calls:\n  - api.example.com\n    - seen: dns 2; 2026-01-31T10:00:00.000Z to 2026-01-31T11:00:00.000Z; looked up, never seen connecting\n',
    ],
    ['as Kubernetes Service', ['--as-kubernetes-service', '--workload', 'cart'], 'web in namespace shop calls:\n  - cart-svc\n'],
    ['distinct by label', ['--distinct-by-label', 'app', '--workload', 'cart'], 'web with app=web calls:\n  - cart\n'],
    ['label that nobody has', ['--distinct-by-label', 'x', '--workload', 'cart'], 'web with x=no_value calls:\n  - cart\n'],
    [
      'system traffic',
      ['--include-system', '--workload', 'cart'],
      'web in namespace shop calls:\n  - cart\nnode n1 calls:\n  - cart in namespace shop\n',
    ],
    ['namespaces', ['-n', 'ops', '--to-namespace', 'default'], 'op in namespace ops calls:\n  - kubernetes in namespace default\n'],
    [
      'evidence as a filter',
      ['--evidence', 'aws'],
      'web in namespace shop calls:\n  - arn:aws:s3:::bucket\n    - actions: [s3:GetObject]\n    - seen: aws 2; 2026-01-31T10:00:00.000Z to 2026-01-31T11:00:00.000Z\n',
    ],
    [
      'exclude a domain',
      ['-n', 'shop', '--exclude-services', 'api.example.com,internet,arn:aws:s3:::bucket,203.0.113.7'],
      'web in namespace shop calls:\n  - cart\n',
    ],
  ])('%s', async (_name, args, expected) => expect((await run(['list', '--map', 'map.json', ...args])).host.out()).toBe(expected));

  test('JSON is a map file', async () => {
    const { host } = await run(['list', '--map', 'map.json', '--format', 'json', '-n', 'shop']);
    expect(toEdges(parseMapDocument(JSON.parse(host.out())))).toHaveLength(4);
    const again = await run(['list', '--map', '-', '--workload', 'cart'], { stdin: host.out() });
    expect(again.host.out()).toBe('web in namespace shop calls:\n  - cart\n');
  });

  test('CSV', async () => {
    const { host } = await run(['list', '--map', 'map.json', '--format', 'csv', '--workload', 'cart']);
    expect(host.out()).toBe(
      'client_type,client_namespace,client_name,client_kind,server_type,server_namespace,server_name,server_kind,class,shared,ports,services,evidence,count,first_seen,last_seen,kafka,http,actions\r\n' +
        'workload,shop,web,Deployment,workload,shop,cart,Deployment,app,false,7070/TCP (cart-svc.shop:80),cart-svc.shop,dns:2; tcp:2,4,2026-01-31T10:00:00.000Z,2026-01-31T11:00:00.000Z,,,\r\n',
    );
  });

  test('table fits the terminal and has no colours without one', async () => {
    const { host } = await run(['list', '--map', 'map.json', '--format', 'table'], { isTTY: true, columns: 70 });
    const lines = host.out().split('\n');
    expect(lines[0]).toContain('\u001b[1mCLIENT');
    expect(Math.max(...lines.slice(1).map((line) => line.length))).toBeLessThanOrEqual(70);
    expect((await run(['list', '--map', 'map.json', '--format', 'table'])).host.out()).not.toContain('\u001b');
  });

  test('hostile names reach no terminal', async () => {
    const hostile = HOSTILE_NAMES.map((name) => edge(workload(name, name), workload(name)));
    for (const format of ['text', 'table', 'csv']) {
      const { host } = await run(['list', '--map', 'h.json', '--format', format], { files: { 'h.json': mapText(hostile) } });
      expect(host.out()).not.toMatch(/(?![\r\n])[\p{Cc}\u2028\u202e]/u);
    }
  });
});

describe('nothing to show', () => {
  test.each([
    ['an empty map', ['list', '--map', 'empty.json'], 'empty.json holds no edges; was traffic captured while the workloads were talking?'],
    [
      'a namespace without calls',
      ['list', '--map', 'map.json', '-n', 'none'],
      'map.json holds 10 edges, last seen 2026-01-31T11:00:00.000Z; there would be 8 without --namespaces.',
    ],
    [
      'too short a time',
      ['list', '--map', 'map.json', '--since', '10m'],
      'map.json holds 10 edges, last seen 2026-01-31T11:00:00.000Z; there would be 8 without --since and --until.',
    ],
    [
      'only system traffic',
      ['list', '--map', 'map.json', '--exclude-services', 'web,op'],
      '1 of the 10 edges of map.json are system traffic or have an unknown end: --include-system and --include-unknown show them.',
    ],
  ])('%s', async (_name, args, reason) => {
    const { code, host } = await run(args);
    expect(code).toBe(0);
    expect(host.out()).toBe('');
    expect(host.err()).toBe(`No connections found.\n${reason}\n`);
  });
  test('exports keep their form: an empty line, an empty list', async () => {
    expect((await run(['export', '--map', 'empty.json'])).host.out()).toBe('\n');
    expect((await run(['export', '--map', 'empty.json', '--format', 'json'])).host.out()).toBe('[]\n');
  });
  test('no picture', async () => {
    const { code, host } = await run(['visualize', '--map', 'empty.json', '-o', 'a.png']);
    expect([code, existsSync(join(host.cwd, 'a.png'))]).toEqual([0, false]);
  });
});

describe('export', () => {
  test('a file has no final newline, and stderr says where it is', async () => {
    const { host } = await run(['export', '--map', 'map.json', '-o', 'out.yaml']);
    expect(readFileSync(join(host.cwd, 'out.yaml'), 'utf8').endsWith('\n')).toBe(false);
    expect(host.err()).toBe(
      '3 of 8 calls have no place in ClientIntents and are left out: 1 clients outside the cluster, 1 clients that are nodes or unknown addresses, 1 denied accesses.\nSuccessfully wrote intents into out.yaml\n',
    );
    expect(host.out()).toBe('');
  });
  test('a folder has a file for each client', async () => {
    const { host } = await run(['export', '--map', 'map.json', '--output-type', 'dir', '-o', 'a/b']);
    expect(readdirSync(join(host.cwd, 'a/b')).toSorted()).toEqual(['op.ops.yaml', 'web.shop.yaml']);
    expect(statSync(join(host.cwd, 'a/b')).mode & 0o777).toBe(0o700);
  });
  test('hostile names stay in the folder, each in its own file', async () => {
    const names = ['../../etc/passwd', '..', 'a/b', 'a\\b', 'A', 'a', '.hidden', 'x\u0000y'];
    const { host } = await run(['export', '--map', 'h.json', '--output-type', 'dir', '-o', 'd'], {
      files: { 'h.json': mapText(names.map((name) => edge(workload(name), workload('s')))) },
    });
    expect(readdirSync(host.cwd).toSorted()).toEqual(['d', 'empty.json', 'h.json', 'map.json']);
    expect(readdirSync(join(host.cwd, 'd'))).toHaveLength(names.length);
  });
  test('format map is a map file', async () => {
    const { host } = await run(['export', '--map', 'map.json', '--format', 'map', '-o', 'out.json']);
    expect(parseMapDocument(JSON.parse(readFileSync(join(host.cwd, 'out.json'), 'utf8'))).edges).toHaveLength(8);
  });
  test('snapshot keeps what lists hide', async () => {
    const { host } = await run(['snapshot', '--map', 'map.json']);
    expect(parseMapDocument(JSON.parse(host.out())).edges).toHaveLength(10);
  });
});

describe('policies aws', () => {
  const orders = edge(
    workload('orders'),
    { type: 'aws', resource: 'arn:aws:s3:::b/*' },
    {
      actions: [
        { action: 's3:PutObject', count: 1 },
        { action: 's3:GetObject', count: 9 },
      ],
    },
  );
  const map = mapText([...edges, orders, edge(workload('orders'), { type: 'aws', resource: 'arn:aws:sqs:*:*:q' }, { actions: [] })]);
  const policies = (...args: string[]): ReturnType<typeof run> =>
    run(['policies', 'aws', '--map', 'p.json', ...args], { files: { 'p.json': map } });
  test('of one workload', async () => {
    const { code, host } = await policies('-n', 'shop', '--workload', 'orders');
    expect([code, host.err()]).toEqual([0, '']);
    expect(JSON.parse(host.out())).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: ['arn:aws:s3:::b/*'] }],
    });
  });
  test.each([
    ['bucket', ['arn:aws:s3:::b/*']],
    ['prefix', ['arn:aws:s3:::b/in/*', 'arn:aws:s3:::b/out/*']],
    ['object', ['arn:aws:s3:::b/in/1', 'arn:aws:s3:::b/in/2', 'arn:aws:s3:::b/out/1']],
  ])('objects told apart by %s', async (level, resources) => {
    const objects = ['in/1', 'in/2', 'out/1'].map((key) =>
      edge(workload('orders'), { type: 'aws', resource: `arn:aws:s3:::b/${key}` }, { actions: [{ action: 's3:GetObject', count: 1 }] }),
    );
    const files = { 'o.json': mapText(objects) };
    const policy = await run(['policies', 'aws', '--map', 'o.json', '--aws-resource-level', level], { files });
    expect(JSON.parse(policy.host.out())).toMatchObject({ Statement: [{ Action: ['s3:GetObject'], Resource: resources }] });
    const list = await run(['list', '--map', 'o.json', '--aws-resource-level', level], { files });
    expect(list.host.out()).toBe(
      `orders in namespace shop calls:\n${resources.map((resource) => `  - ${resource}\n    - actions: [s3:GetObject]\n`).join('')}`,
    );
  });
  test('one document is for one workload', async () => {
    const { code, host } = await policies('-n', 'shop');
    expect([code, host.out(), host.err()]).toEqual([
      2,
      '',
      'network-mapper: 2 workloads called AWS, and a policy is for one: choose with --workload NAME and -n NAMESPACE (orders in namespace shop of cluster default, web in namespace shop of cluster default)\n',
    ]);
  });
  test('too much for one document', async () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      edge(
        workload('orders'),
        { type: 'aws', resource: `arn:aws:s3:::bucket-with-a-long-name-${index}/*` },
        { actions: [{ action: 's3:GetObject', count: 1 }] },
      ),
    );
    const { host } = await run(['policies', 'aws', '--map', 'm.json'], { files: { 'm.json': mapText(many) } });
    const documents = JSON.parse(host.out()) as { Statement: { Resource: string[] }[] }[];
    expect(documents.length).toBeGreaterThan(1);
    expect(documents.every((one) => JSON.stringify(one).length <= 6_144)).toBe(true);
    expect(documents.flatMap(({ Statement }) => Statement.flatMap(({ Resource }) => Resource))).toHaveLength(200);
    expect(host.err()).toContain(`${documents.length} documents`);
  });
  test('a workload that AWS does not know', async () => {
    const { code, host } = await policies('--workload', 'op');
    expect([code, host.out()]).toEqual([0, '']);
    expect(host.err()).toBe('None of these 2 calls is a known action on AWS: is AWS visibility on for the pods?\n');
  });
});

describe('wrong input: one line and the exit code', () => {
  test.each([
    ['no such file', ['list', '--map', 'nope.json'], 3, 'network-mapper: nope.json: no such file\n'],
    ['a folder', ['list', '--map', '.'], 3, 'network-mapper: .: is a folder, not a file\n'],
    ['not JSON', ['list', '--map', 'bad.json'], 3, expect.stringMatching(/^network-mapper: bad\.json: not JSON: .+\n$/)],
    ['broken gzip', ['list', '--map', 'cut.json.gz'], 3, 'network-mapper: cut.json.gz: is not whole gzip data (unexpected end of file)\n'],
    ['empty file', ['list', '--map', 'nothing.json'], 3, 'network-mapper: nothing.json: the file is empty\n'],
    [
      'not a map',
      ['list', '--map', 'list.json'],
      3,
      'network-mapper: list.json: expected a map file (an object with "schema": "network-mapper/map/v1"), got a list\n',
    ],
    [
      'bad field',
      ['list', '--map', 'field.json'],
      3,
      'network-mapper: field.json: edges[0].client.type: expected one of workload, service, internet, apiServer, node, aws, gcp, azure, unknown, got "x"\n',
    ],
    ['wrong flag', ['list', '--nope'], 2, "network-mapper: unknown option '--nope'\n"],
    [
      'cannot be written',
      ['list', '--map', 'map.json', '-o', 'no/such/folder.txt'],
      4,
      'network-mapper: no/such/folder.txt: cannot be written: there is no such folder\n',
    ],
    ['no mapper in this build', ['list'], 5, 'network-mapper: no mapper can be reached from this build: name a map file with --map FILE\n'],
    [
      'needs a mapper',
      ['watch', '--map', 'map.json'],
      2,
      'network-mapper: watch needs a running mapper, not a map file: leave --map out\n',
    ],
  ])('%s', async (_name, args, exit, message) => {
    const files = {
      'bad.json': '{"a":',
      'nothing.json': ' \n',
      'list.json': '[]',
      'cut.json.gz': gzipSync(mapText(edges)).subarray(0, -20),
      'field.json': JSON.stringify({
        schema: 'network-mapper/map/v1',
        generatedAt: '2026-01-31T12:00:00Z',
        edges: [{ client: { type: 'x' }, server: {} }],
      }),
    };
    const { code, host } = await run(args, { files });
    expect(code).toBe(exit);
    expect(host.out()).toBe('');
    expect(host.err()).toEqual(message);
  });

  test('a packed map is unpacked', async () => {
    const plain = await run(['list', '--map', 'map.json']);
    const packed = await run(['list', '--map', 'map.json.gz'], { files: { 'map.json.gz': gzipSync(mapText(edges)) } });
    expect([packed.code, packed.host.out()]).toEqual([0, plain.host.out()]);
  });

  test('a byte order mark is no mistake', async () => {
    expect(
      (await run(['list', '--map', 'bom.json'], { files: { 'bom.json': `\ufeff${mapText([edge(web, workload('é'))])}` } })).host.out(),
    ).toBe('web in namespace shop calls:\n  - é\n');
  });
  test('a reader that goes away is no mistake', async () => {
    const host = createTestHost({ files: { 'map.json': mapText(edges) } });
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) });
    stdout.on('error', () => undefined);
    expect(await runCli(['list', '--map', 'map.json'], { ...host, stdout })).toBe(0);
    expect(host.err()).toBe('');
  });
  test('an unexpected error prints its stack', async () => {
    const { code, host } = await run(['map', '--pcap', 'x'], { buildMap: () => Promise.reject(new Error('bug')) });
    expect(code).toBe(70);
    expect(host.err()).toMatch(/^network-mapper: Error: bug\n {4}at /);
  });
  test('interrupted', async () => {
    const stop = new AbortController();
    const { code } = await run(['map', '--pcap', 'x'], {
      signal: stop.signal,
      buildMap: () => {
        stop.abort();
        return Promise.reject(new Error('aborted'));
      },
    });
    expect(code).toBe(130);
  });
});

describe('map', () => {
  test('writes the map and a summary', async () => {
    const { code, host } = await run(['map', '--kube', 'k', '--pcap', 'a.pcap', '--since', '2026-01-31T09:00:00Z', '-o', 'out.json'], {
      buildMap: ({ kube, pcap }) => {
        expect([kube, pcap].flat().map((path) => path.replace(/.*\//, ''))).toEqual(['k', 'a.pcap']);
        const summary = {
          packets: 12,
          transactions: 3,
          attempts: 2,
          sockets: 0,
          window: { since: NOW - 60_000, until: NOW },
          unresolved: [{ what: 'address never owned', count: 4, examples: ['10.0.0.1', '10.0.0.2'] }],
          skipped: [{ what: 'packets cut short', count: 1 }],
        };
        return Promise.resolve({ edges: edges.slice(0, 1), summary });
      },
    });
    expect(code).toBe(0);
    expect(host.err()).toBe(`12 packets, 2026-01-31T11:59:00.000Z to 2026-01-31T12:00:00.000Z
3 DNS transactions, 2 connection attempts, 0 open sockets
1 edges written to out.json
unresolved: 4 address never owned (10.0.0.1, 10.0.0.2, …)
skipped: 1 packets cut short
`);
    const document = parseMapDocument(JSON.parse(readFileSync(join(host.cwd, 'out.json'), 'utf8')));
    expect(document.window).toEqual({ since: '2026-01-31T09:00:00.000Z', until: '2026-01-31T12:00:00.000Z' });
  });
  test.each<[string, number, string, string[]?]>([
    ['nothing was seen', 0, 'no edges: nothing was seen; do the captures hold DNS (port 53) or TCP SYN packets?'],
    [
      'nobody of the dumps was seen',
      3,
      'no edges: nobody in the captures was found in the dumps; give --kube dumps of the same cluster and time',
    ],
    ['no dump was given', 3, 'no edges: without a dump of the cluster nobody is known; add --kube', ['map', '--pcap', 'x']],
    [
      'nothing of that time was seen',
      3,
      'no edges: nothing that was seen lies between --since and --until',
      ['map', '--pcap', 'x', '--since', '2030-01-01T00:00:00Z'],
    ],
  ])('an empty map says why: %s', async (_name, transactions, expected, argv = ['map', '--pcap', 'x', '--kube', 'y']) => {
    const summary = { packets: 9, transactions, attempts: 0, sockets: 0, window: {}, unresolved: [], skipped: [{ what: 'x: it is cut' }] };
    const { code, host } = await run(argv, { buildMap: () => Promise.resolve({ edges: [], summary }) });
    expect([code, host.err()]).toEqual([0, expect.stringContaining(expected)]);
    expect(host.err()).toContain('\nskipped: x: it is cut\n');
  });
  test('an expected failure names the file', async () => {
    const { code, host } = await run(['map', '--pcap', 'x'], {
      buildMap: () => Promise.reject(new AppError('PCAP_INVALID', 'x: not a capture')),
    });
    expect([code, host.err()]).toEqual([3, 'network-mapper: x: not a capture\n']);
  });
});

describe('diff', () => {
  const [first, second, ...rest] = edges;
  const before = [first, second, edge(web, workload('kafka'), { kafka: [{ topic: 't', operation: 'consume', allowed: true }] })].filter(
    (one) => one !== undefined,
  );
  const after = [
    edge(web, workload('cart'), { evidence: { tcp: { ...seen, count: 99 } }, ports: [{ port: 7071, protocol: 'TCP', evidence: {} }] }),
    edge(web, workload('db', 'data'), { ports: [{ port: 5432, protocol: 'TCP', evidence: {} }] }),
    edge(web, workload('kafka'), {
      kafka: [{ topic: 't', operation: 'consume', allowed: true }],
      evidence: { tcp: { ...seen, count: 3 } },
    }),
  ];
  const files = { 'a.json': mapText(before), 'b.json': mapText(after) };
  test('text', async () => {
    const { code, host } = await run(['diff', 'a.json', 'b.json'], { files });
    expect(rest).not.toEqual([]);
    expect(code).toBe(1);
    expect(host.out()).toBe(`+ web in namespace shop -> db in namespace data: port 5432/TCP
- web in namespace shop -> api.example.com
~ web in namespace shop -> cart in namespace shop: + port 7071/TCP, - evidence dns, - port 7070/TCP of Service cart-svc.shop
1 added, 1 removed, 1 changed
`);
  });
  test('counts on demand', async () => {
    const { host } = await run(['diff', '--counts', 'a.json', 'b.json', '--workload', 'kafka'], { files });
    expect(host.out()).toBe(
      '~ web in namespace shop -> kafka in namespace shop: + evidence tcp (3), - evidence tcp (2)\n0 added, 0 removed, 1 changed\n',
    );
  });
  test.each([
    [
      'Services instead of workloads',
      ['--as-kubernetes-service', '--workload', 'api'],
      '+ web in namespace shop -> api-svc in namespace front: port 80/TCP\n',
    ],
    [
      'a label instead of the namespace',
      ['--distinct-by-label', 'app', '--workload', 'api'],
      '+ web with app=web -> api in namespace shop: port 80/TCP\n',
    ],
    ['evidence', ['--evidence', '--workload', 'api'], '+ web in namespace shop -> api in namespace shop: port 80/TCP; tcp 2\n'],
    ['evidence as a filter', ['--evidence', 'kafka'], ''],
    ['system traffic', ['--include-system', '--to-namespace', 'kube'], '+ web in namespace shop -> dns in namespace kube\n'],
    ['no system traffic', ['--to-namespace', 'kube'], ''],
  ])('named as in lists: %s', async (_name, args, expected) => {
    const api = edge(web, workload('api'), {
      evidence: { tcp: seen },
      ports: [{ port: 80, protocol: 'TCP', service: { namespace: 'front', name: 'api-svc' }, evidence: { tcp: seen } }],
    });
    const system = edge(web, workload('dns', 'kube'), { class: 'system' });
    const { host } = await run(['diff', 'empty.json', 'n.json', ...args], { files: { 'n.json': mapText([api, system]) } });
    expect(host.out().replace(/\d+ added.*\n$/, '')).toBe(expected);
  });
  test('equal maps', async () => {
    const { code, host } = await run(['diff', 'a.json', 'a.json'], { files });
    expect([code, host.out()]).toEqual([0, '0 added, 0 removed, 0 changed\n']);
  });
  test('JSON and CSV', async () => {
    const { host } = await run(['diff', 'a.json', 'b.json', '--format', 'json'], { files });
    expect(JSON.parse(host.out())).toMatchObject({
      added: [{ server: { name: 'db' } }],
      removed: [{ server: { domain: 'api.example.com' } }],
      changed: [{ added: ['port 7071/TCP'] }],
    });
    expect((await run(['diff', 'a.json', 'b.json', '--format', 'csv'], { files })).host.out().split('\r\n')).toHaveLength(5);
  });
  test('Markdown is safe', async () => {
    const hostile = mapText(HOSTILE_NAMES.map((name) => edge(workload(name), web)));
    const { host } = await run(['diff', 'empty.json', 'h.json', '--format', 'markdown'], { files: { 'h.json': hostile } });
    const rows = host.out().trimEnd().split('\n').slice(4);
    expect(rows).toHaveLength(HOSTILE_NAMES.length);
    expect(rows.every((row) => row.match(/(?<!&#124)\|/g)?.length === 5 && !/[<>`*[\]]/.test(row))).toBe(true);
  });
  test('two windows of one map', async () => {
    const old = { ...seen, firstSeenAt: NOW - 10 * 86_400_000, lastSeenAt: NOW - 9 * 86_400_000 };
    const map = mapText([edge(web, workload('old'), { evidence: { tcp: old } }), edge(web, workload('new'))]);
    const { code, host } = await run(['diff', '--map', 'w.json', '--since', '14d', '--until', '7d', '--since', '7d'], {
      files: { 'w.json': map },
    });
    expect([code, host.out()]).toEqual([
      1,
      '+ web in namespace shop -> new in namespace shop\n- web in namespace shop -> old in namespace shop\n1 added, 1 removed, 0 changed\n',
    ]);
  });
});

describe('a running mapper, through its port', () => {
  const source = (calls: string[]): LiveMapSource => ({
    name: 'http://mapper',
    loadEdges: () => Promise.resolve({ edges, generatedAt: NOW, window: {} }),
    status: () =>
      Promise.resolve({
        version: '1',
        edges: 3,
        since: NOW - 60_000,
        reporters: [{ kind: 'sniffer', node: 'n1', version: '1', lastReportAt: NOW - 3_000, observations: 7, lost: 2 }],
        nodesWithoutSniffer: ['n2'],
        unresolved: [{ reason: 'pod-gone', count: 1 }],
        dropped: [],
        lost: [{ reason: 'spool-full', count: 2 }],
      }),
    async *watch() {
      for (const one of edges.slice(0, 2)) yield await Promise.resolve({ type: 'added' as const, edge: one });
    },
    reset: () => Promise.resolve(void calls.push('reset')),
    openWeb: () => Promise.resolve('http://127.0.0.1:1/'),
    close: () => Promise.resolve(void calls.push('close')),
  });
  const live = async (args: readonly string[], stdin = ''): Promise<{ code: number; host: TestHost; calls: string[] }> => {
    const calls: string[] = [];
    const signal = AbortSignal.abort();
    const isOpen = args[0] === 'open';
    const result = await run(args, {
      stdin,
      isTTY: stdin !== '',
      openLive: () => Promise.resolve(source(calls)),
      ...(isOpen && { signal }),
    });
    return { ...result, calls };
  };
  test('list reads it and closes it', async () => {
    const { host, calls } = await live(['list', '--workload', 'cart']);
    expect([host.out(), calls]).toEqual(['web in namespace shop calls:\n  - cart\n', ['close']]);
  });
  test('status', async () => {
    const { host } = await live(['status']);
    expect(host.out()).toBe(
      `mapper http://mapper, version 1, started 2026-01-31T11:59:00.000Z
edges: 3
sniffer on n1 1: last report 3 s ago, 7 observations, 2 lost
node without a sniffer: n2
unresolved: 1 pod-gone
lost before the mapper: 2 spool-full

What may be missing, and why:
- no sniffer reports from node n2: what pods there do is seen only from the other side
- addresses that nobody owned: 1 pod-gone (--include-unknown shows them)
- reporters lost observations: 2 spool-full
`,
    );
  });
  test('watch', async () => {
    expect((await live(['watch', '--workload', 'cart'])).host.out()).toBe(
      '+ web in namespace shop -> cart in namespace shop 7070/TCP (cart-svc.shop:80) (dns 2, tcp 2)\n',
    );
    expect(JSON.parse((await live(['watch', '--format', 'json', '--workload', 'cart'])).host.out())).toMatchObject({
      type: 'added',
      edge: { server: { name: 'cart' } },
    });
  });
  test('watch names as lists do', async () => {
    const { host } = await live(['watch', '--workload', 'cart', '--as-kubernetes-service', '--distinct-by-label', 'app']);
    expect(host.out()).toContain('+ web with app=web -> cart-svc in namespace shop 7070');
  });
  test('watch as CSV has the columns of lists', async () => {
    const [header, row] = (await live(['watch', '--format', 'csv', '--workload', 'cart'])).host.out().split('\r\n');
    expect(header).toMatch(/^time,change,client_type,.*,last_seen,/);
    expect(row).toMatch(/^2026-01-31T12:00:00\.000Z,added,workload,shop,web,/);
    expect(row?.split(',')).toHaveLength(header?.split(',').length ?? 0);
  });
  test.each([
    ['a narrow terminal', 60, 60],
    ['a wide terminal', 200, 142],
  ])('watch as a table fits %s', async (_name, columns, atMost) => {
    const long = edge(workload('a'.repeat(60)), workload('b'.repeat(60)), { evidence: { tcp: seen } });
    const { host } = await run(['watch', '--format', 'table'], {
      isTTY: true,
      columns,
      openLive: () =>
        Promise.resolve({
          ...source([]),
          watch: async function* () {
            yield await Promise.resolve({ type: 'added' as const, edge: long });
          },
        }),
    });
    const lines = host.out().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(atMost);
  });
  test('status as CSV', async () => {
    const { host } = await live(['status', '--format', 'csv']);
    expect(host.out()).toContain('what,value\r\nversion,1\r\nedges,3\r\n');
    expect(host.out()).toContain('\r\nreporters.0.node,n1\r\n');
    const file = await run(['status', '--map', 'map.json', '--format', 'csv']);
    expect(file.host.out()).toContain('\r\nservers.workload,');
  });
  test.each([
    ['confirmed by flag', ['reset', '--yes'], '', 0, ['reset', 'close']],
    ['confirmed on the terminal', ['reset'], 'y\n', 0, ['reset', 'close']],
    ['declined on the terminal', ['reset'], 'n\n', 0, ['close']],
    ['nobody to ask', ['reset'], '', 2, ['close']],
  ])('reset: %s', async (_name, args, stdin, exit, expected) => {
    const { code, calls } = await live(args, stdin);
    expect([code, calls]).toEqual([exit, expected]);
  });
  test('open prints the address', async () => expect((await live(['open', '--no-browser'])).host.out()).toBe('http://127.0.0.1:1/\n'));
});

test('exit codes stand in the documentation', () => {
  const docs = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  const table = EXIT_CODES.map(({ code, name, meaning }) => `| ${code} | ${name} | ${meaning} |`).join('\n');
  expect(docs).toContain(table);
});
