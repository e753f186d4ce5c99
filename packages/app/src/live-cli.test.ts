import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { buildMap, createOpenLive, runCli } from '@nm/cli';
import { loadDumps } from '@nm/kube';
import { createFakeApiServer } from '@nm/kube/testing';
import type { FakeApiServer } from '@nm/kube/testing';
import { ADDRESSES, attempt, START, startTestMapper } from '@nm/mapper/testing';
import type { TestMapper } from '@nm/mapper/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'nm-live-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly ended: Promise<Ran>;
  /** Resolves with what was written to standard output once it holds the text. */
  saw(text: string): Promise<string>;
  /** The same of standard error. */
  warned(text: string): Promise<string>;
  stop(): void;
}

function start(
  args: readonly string[],
  settings: { readonly env?: Readonly<Record<string, string>>; readonly now?: number } = {},
): Running {
  const stop = new AbortController();
  const texts = { out: '', err: '' };
  const waiting = new Set<() => void>();
  const stream = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString();
        for (const look of waiting) look();
        done();
      },
    });
  const holds = (name: 'out' | 'err', text: string): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (texts[name].includes(text)) resolve(texts[name]);
      };
      waiting.add(look);
      look();
    });
  const env = settings.env ?? {};
  const now = (): number => settings.now ?? START;
  const ended = runCli(args, {
    stdout: stream('out'),
    stderr: stream('err'),
    stdin: (async function* () {})(),
    env,
    cwd: folder,
    now,
    signal: stop.signal,
    buildMap,
    openLive: createOpenLive({ env, now }),
  }).then((code) => ({ code, ...texts }));
  return {
    ended,
    saw: (text) => holds('out', text),
    warned: (text) => holds('err', text),
    stop: () => stop.abort(),
  };
}

const run = (args: readonly string[], settings?: Parameters<typeof start>[1]): Promise<Ran> => start(args, settings).ended;

const LIST = `frontend in namespace shop calls:
  - cart
  - kafka in namespace kafka
`;

describe('a mapper by its address', () => {
  let mapper: TestMapper;
  beforeAll(async () => {
    mapper = await startTestMapper();
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
      attempt(ADDRESSES.frontend, ADDRESSES.kafka, { port: 9092 }),
    ]);
  });
  afterAll(() => mapper.stop());

  test('list', async () => expect(await run(['list', '--url', mapper.url])).toEqual({ code: 0, out: LIST, err: '' }));
  test('by the environment, with the path', async () => {
    expect((await run(['list'], { env: { NETWORK_MAPPER_URL: `${mapper.url}/query` } })).out).toBe(LIST);
  });
  test.each([
    ['server namespace', ['--to-namespace', 'kafka'], 'frontend in namespace shop calls:\n  - kafka in namespace kafka\n'],
    ['workload', ['--workload', 'cart'], 'frontend in namespace shop calls:\n  - cart\n'],
    ['excluded', ['--exclude-services', 'kafka'], 'frontend in namespace shop calls:\n  - cart\n'],
    ['server', ['--server', 'cart.shop'], LIST],
    ['window', ['--since', '1h'], LIST],
  ])('filter: %s', async (_name, flags, out) => expect((await run(['list', '--url', mapper.url, ...flags])).out).toBe(out));
  test.each([
    ['flags leave nothing', ['-n', 'nowhere'], /^No connections found\.\n.* holds 2 edges.*; there would be 2 without --namespaces\.\n$/],
    ['before everything', ['--until', '2026-01-01T00:00:00Z'], /there would be 2 without --since and --until/],
  ])('nothing to show: %s', async (_name, flags, err) => {
    expect((await run(['list', '--url', mapper.url, ...flags])).err).toMatch(err);
  });
  test('snapshot reads back equal', async () => {
    expect((await run(['snapshot', '--url', mapper.url, '-o', 'snap.json'])).code).toBe(0);
    expect((await run(['list', '--map', 'snap.json'])).out).toBe(LIST);
    expect((await run(['diff', 'snap.json', 'cluster', '--url', mapper.url])).code).toBe(0);
  });
  test('diff of two windows asks the mapper for each', async () => {
    const flags = ['--since', '14d', '--until', '7d', '--since', '7d', '--format', 'json'];
    const { code, out } = await run(['diff', '--url', mapper.url, ...flags]);
    expect([code, (JSON.parse(out) as { added: unknown[] }).added.length]).toEqual([1, 2]);
  });
  test('status', async () => {
    const { out } = await run(['status', '--url', mapper.url]);
    expect(out).toContain('sniffer on node-1 test: last report 0 s ago, 2 observations');
    expect(out).toContain('node without a sniffer: node-2');
    expect(out).toContain('- no sniffer reports from node node-2');
  });
  test('open prints the address of the web UI', async () => {
    const open = start(['open', '--no-browser', '--url', `${mapper.url}/query`]);
    expect(await open.saw('\n')).toBe(`${mapper.url}/\n`);
    open.stop();
    expect((await open.ended).code).toBe(0);
  });
  test('export', async () => {
    const { out } = await run(['export', '--url', mapper.url, '--output-version', 'v2', '--server', 'kafka.kafka']);
    expect(out).toContain('    - kubernetes:\n        name: kafka.kafka\n        kind: StatefulSet\n');
  });
});

describe('open --map', () => {
  test('serves the map and nothing else', async () => {
    if (!existsSync(new URL('../../web/dist/index.html', import.meta.url))) return;
    writeFileSync(join(folder, 'empty.json'), '{"schema":"network-mapper/map/v1","generatedAt":"2026-01-01T00:00:00Z","edges":[]}');
    const open = start(['open', '--no-browser', '--map', 'empty.json']);
    const url = (await open.saw('\n')).trim();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?map=map\.json$/);
    expect(await (await fetch(url)).text()).toContain('<div id="root"');
    expect(await (await fetch(new URL('/map.json', url))).json()).toMatchObject({ schema: 'network-mapper/map/v1', edges: [] });
    expect((await fetch(new URL('/..%2f..%2fpackage.json', url))).status).toBe(404);
    open.stop();
    expect((await open.ended).code).toBe(0);
  });
});

describe('what changes', () => {
  let mapper: TestMapper;
  beforeEach(async () => {
    mapper = await startTestMapper();
  });
  afterEach(() => mapper.stop());

  test('an empty map says why', async () => {
    const { err } = await run(['list', '--url', mapper.url]);
    expect(err).toMatch(/^No connections found\.\nno sniffer has reported since .* `network-mapper status` says more\.\n$/);
  });
  test('watch: new, changed, reset', async () => {
    const watch = start(['watch', '--format', 'json', '--url', mapper.url]);
    // The stream begins at the mapper's state when it is opened: what it shows first proves that it is open.
    const report = async (): Promise<void> => {
      for (let count = 1; !done; count += 1) {
        await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { at: START - 100 + count })]);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    let done = false;
    const reporting = report();
    await watch.saw('"changed"');
    done = true;
    await reporting;
    expect((await run(['reset', '--yes', '--url', mapper.url])).code).toBe(0);
    const out = await watch.saw('reset');
    watch.stop();
    const types = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect([types[0], types.at(-1), (await watch.ended).code]).toEqual(['added', 'reset', 0]);
  });
  test('more edges than a page', async () => {
    const domains = Array.from({ length: 2_345 }, (_, index) => ({
      kind: 'dns' as const,
      vantage: 'client' as const,
      source: { address: ADDRESSES.frontend },
      destination: { protocol: 'UDP' as const, name: `www.d${index}.example`, address: '203.0.113.1' },
      count: 1,
      firstSeenAt: START - 1_000,
      lastSeenAt: START - 1_000,
    }));
    await mapper.report(domains);
    const { out } = await run(['list', '--format', 'csv', '--url', mapper.url]);
    expect(out.trim().split('\n').length).toBe(1 + 2_345);
  });
});

describe('an address where no mapper is', () => {
  let server: Server;
  let answer: { status: number; body: string; type?: string } = { status: 200, body: '' };
  let url = '';
  const queries: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        queries.push(body);
        // As an old mapper: it knows the compatible queries alone.
        const isOld = answer.body === 'old';
        const knows = body.includes('intents(');
        response.writeHead(isOld ? (knows ? 200 : 422) : answer.status, { 'content-type': answer.type ?? 'application/json' });
        response.end(isOld ? (knows ? OLD_ANSWER : '{"errors":[{"message":"Cannot query field"}],"data":null}') : answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const identity = (name: string, namespace: string, kind: string): object => ({
    name,
    namespace,
    labels: [{ key: 'app', value: name }],
    podOwnerKind: { group: 'apps', version: 'v1', kind },
    kubernetesService: null,
  });
  const OLD_ANSWER = JSON.stringify({
    data: {
      intents: [
        {
          client: identity('frontend', 'shop', 'Deployment'),
          server: identity('kafka', 'kafka', 'StatefulSet'),
          kafkaTopics: [{ name: 'orders', operations: ['CONSUME', 'DESCRIBE_CONFIGS'] }],
          httpResources: null,
        },
        { client: identity('frontend', 'shop', 'Deployment'), server: identity('cart', 'shop', 'Deployment') },
      ],
    },
  });

  test('an old mapper is asked in its own words', async () => {
    answer = { status: 200, body: 'old' };
    const { code, out, err } = await run(['list', '--url', url]);
    expect(code).toBe(0);
    expect(out).toBe(`frontend in namespace shop calls:
  - cart
  - kafka in namespace kafka
    - Kafka topic: orders, operations: [DescribeConfigs consume]
`);
    expect(err).toMatch(/is an older mapper: it tells neither ports nor evidence nor times\.\n$/);
    expect((await run(['list', '--url', url, '--distinct-by-label', 'app', '--workload', 'cart'])).out).toContain('with app=frontend');
    expect((await run(['status', '--url', url])).out).toContain('edges: 2\n');
  });
  test.each([
    ['a web page', { status: 200, body: '<html>', type: 'text/html' }, /did not answer as a mapper does/],
    ['not found', { status: 404, body: 'no' }, /did not answer as a mapper does \(HTTP 404\)/],
    ['a token is needed', { status: 401, body: '{"errors":[{"message":"a token is needed"}]}' }, /asks for a token: name the cluster too/],
    ['forbidden', { status: 403, body: '{"errors":[{"message":"x may not"}]}' }, /refused the request \(403\): x may not/],
    [
      'odd edges',
      { status: 200, body: '{"data":{"edges":{"nodes":[{"client":{"type":"ghost"}}],"pageInfo":{},"window":{}}}}' },
      /cannot be read/,
    ],
  ])('%s', async (_name, planted, err) => {
    answer = planted;
    const ran = await run(['list', '--url', url]);
    expect([ran.code, ran.out]).toEqual([5, '']);
    expect(ran.err).toMatch(err);
    expect(ran.err.split('\n').length).toBe(2);
  });
  test('nobody listens', async () => {
    const { code, err } = await run(['list', '--url', 'http://127.0.0.1:1']);
    expect([code, err]).toEqual([5, expect.stringMatching(/^network-mapper: cannot reach http:\/\/127\.0\.0\.1:1: .*\n$/)]);
  });
  test.each([['ftp://x'], ['nonsense'], ['http://user:secret@host']])('bad address %s', async (bad) => {
    expect((await run(['list', '--url', bad])).code).toBe(2);
  });
});

describe('a mapper in the cluster, through a port-forward', () => {
  let api: FakeApiServer;
  let mapper: TestMapper;
  let env: Readonly<Record<string, string>>;
  let connections = 0;
  beforeAll(async () => {
    mapper = await startTestMapper();
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart), attempt(ADDRESSES.frontend, ADDRESSES.kafka, { port: 9092 })]);
  });
  afterAll(() => mapper.stop());
  beforeEach(async () => {
    api = await createFakeApiServer({ token: 'secret' });
    const config = join(folder, `config-${new URL(api.url).port}`);
    writeFileSync(config, api.kubeconfig());
    env = { KUBECONFIG: config };
    connections = 0;
    api.onPortForward(() => {
      connections += 1;
      return connect(Number(new URL(mapper.url).port), '127.0.0.1');
    });
    api.put({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'otterize-network-mapper',
        namespace: 'otterize-system',
        labels: { 'app.kubernetes.io/name': 'network-mapper', 'app.kubernetes.io/component': 'mapper' },
      },
      spec: { selector: { app: 'mapper' }, ports: [{ port: 9090, targetPort: 9090 }] },
    });
    putPod(true);
  });
  afterEach(async () => {
    await api.close();
  });
  const putPod = (ready: boolean): void => {
    api.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'mapper-1', namespace: 'otterize-system', labels: { app: 'mapper' } },
      spec: { containers: [{ name: 'mapper' }] },
      status: { phase: ready ? 'Running' : 'Pending', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
    });
  };

  test('list through one connection', async () => {
    expect(await run(['list'], { env })).toEqual({ code: 0, out: LIST, err: '' });
    expect(connections).toBe(1);
  });
  test('old environment variables', async () => {
    const { err } = await run(['list'], { env: { ...env, OTTERIZE_MAPPER_NAMESPACE: 'elsewhere' } });
    expect(err).toMatch(/no mapper found: neither Service elsewhere\/otterize-network-mapper/);
  });
  test('open forwards a local port', async () => {
    const open = start(['open', '--no-browser'], { env });
    const url = (await open.saw('\n')).trim();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect((await fetch(`${url}healthz`)).status).toBe(200);
    open.stop();
    await open.ended;
  });
  test.each([
    ['no Service', () => api.remove('Service', 'otterize-system', 'otterize-network-mapper'), /no mapper found: neither Service/],
    ['forbidden', () => api.forbid('services'), /answered 403.*ask for a role that allows it/],
    ['no ready pod', () => putPod(false), /no pod of the mapper is ready in otterize-system \(mapper-1: Pending\)/],
    [
      'port-forward refused',
      () => api.onPortForward(() => connect(1, '127.0.0.1')),
      /no connection to otterize-system\/otterize-network-mapper: port-forward to pod/,
    ],
    ['API server gone', () => api.plant({ drop: true }), /cannot reach the Kubernetes API/],
  ])('one clear line: %s', async (_name, breakIt, err) => {
    breakIt();
    const ran = await run(['list'], { env });
    expect([ran.code, ran.out]).toEqual([5, '']);
    expect(ran.err).toMatch(err);
    expect(ran.err.split('\n').length).toBe(2);
  });
  test.each([
    ['no such context', ['--context', 'other'], /there is no context other.*it has fake/],
    ['no such kubeconfig', ['--kubeconfig', '/nowhere/config'], /there is no kubeconfig at \/nowhere\/config/],
    ['other port', ['--mapper-service-port', '1'], /has no port 1 \(it has 9090\)/],
  ])('one clear line: %s', async (_name, flags, err) => {
    const ran = await run(['list', ...flags], { env });
    expect([ran.code, ran.err]).toEqual([5, expect.stringMatching(err)]);
  });

  describe('that asks for tokens', () => {
    const asked: string[] = [];
    let gate: Server;
    beforeEach(async () => {
      asked.length = 0;
      gate = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          const needed = body.includes('mutation') ? 'admin' : 'reader';
          asked.push(request.headers.authorization ?? 'none');
          if (request.headers.authorization !== `Bearer token-of-network-mapper-${needed}`) {
            response.writeHead(401, { 'content-type': 'application/json' });
            response.end('{"errors":[{"message":"a token is needed"}],"data":null}');
            return;
          }
          if (needed === 'admin') {
            response.writeHead(200, { 'content-type': 'application/json' });
            response.end('{"data":{"resetCapture":true}}');
            return;
          }
          void mapper.send('/query', { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then((got) => {
            response.writeHead(got.status, { 'content-type': 'application/json' });
            response.end(got.text);
          });
        });
      });
      await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
      api.onPortForward(() => connect((gate.address() as AddressInfo).port, '127.0.0.1'));
    });
    afterEach(() => {
      gate.closeAllConnections();
      gate.close();
    });
    const grant = (): void =>
      api.onCreate('token', (body, path) => {
        const { audiences } = (body as { spec: { audiences: string[] } }).spec;
        expect(audiences).toEqual(['network-mapper']);
        return { status: { token: `token-of-${path.split('/').at(-2) ?? ''}` } };
      });

    test('reads with the reader, resets with the admin', async () => {
      grant();
      expect((await run(['list'], { env })).out).toBe(LIST);
      expect(asked).toEqual(['none', 'Bearer token-of-network-mapper-reader']);
      expect((await run(['reset', '--yes'], { env })).code).toBe(0);
      expect(asked.at(-1)).toBe('Bearer token-of-network-mapper-admin');
    });
    test('by its address, when the cluster is named', async () => {
      grant();
      const url = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`;
      expect((await run(['list', '--url', url, '--context', 'fake'], { env })).out).toBe(LIST);
    });
    test.each([
      [
        'no right to create one',
        403,
        /asks for a token of ServiceAccount otterize-system\/network-mapper-reader, which you may not create/,
      ],
      ['no such ServiceAccount', 404, /network-mapper-reader, which does not exist: the chart creates it/],
    ])('%s', async (_name, status, err) => {
      api.plant({ path: /\/token$/, status });
      const ran = await run(['list'], { env });
      expect([ran.code, ran.err]).toEqual([5, expect.stringMatching(err)]);
    });
  });

  test('record writes what map reads', async () => {
    const pod = (name: string): void =>
      void api.put({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'shop' },
        spec: { containers: [] },
        status: { phase: 'Running', podIP: '10.9.0.1' },
      });
    pod('before');
    const recording = start(['record', '-o', 'recording', '--duration', '1h'], { env });
    await recording.warned('following changes');
    await expect.poll(() => api.requests.some(({ path, query }) => path === '/api/v1/pods' && query.get('watch') === '1')).toBe(true);
    pod('after');
    const changes = join(folder, 'recording/api/pods.ndjson');
    await expect.poll(() => existsSync(changes) && readFileSync(changes, 'utf8')).toContain('"after"');
    recording.stop();
    expect(await recording.ended).toMatchObject({ code: 0, err: expect.stringContaining('network-mapper map --kube recording/api') });
    expect(readFileSync(join(folder, 'recording/api/time'), 'utf8')).toBe('2026-03-01T12:00:00.000Z\n');
    // What is recorded is for whoever recorded it alone.
    const modes = ['recording', 'recording/api', 'recording/api/time', 'recording/api/pods.json', 'recording/api/pods.ndjson'];
    expect(modes.map((path) => statSync(join(folder, path)).mode & 0o777)).toEqual([0o700, 0o700, 0o600, 0o600, 0o600]);
    const found = (await loadDumps([join(folder, 'recording/api')])).flatMap((change) => (change.type === 'pod' ? [change.pod.name] : []));
    expect(found).toEqual(expect.arrayContaining(['before', 'after', 'mapper-1']));
  });
  test('record: no right to list a kind', async () => {
    api.forbid('nodes');
    const recording = start(['record', '-o', 'partly', '--duration', '1s'], { env });
    expect(await recording.ended).toMatchObject({ code: 0, err: expect.stringMatching(/nodes: not allowed to list them/) });
  });
  // The last one: nothing is in the map after it.
  test('status, reset and the empty map after it', async () => {
    expect((await run(['status'], { env })).out).toContain('mapper otterize-system/otterize-network-mapper, version test');
    expect((await run(['reset', '--yes'], { env })).err).toBe('otterize-system/otterize-network-mapper starts afresh.\n');
    expect((await run(['list'], { env })).err).toMatch(/the map was reset at/);
  });
});
