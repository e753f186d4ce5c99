import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '@nm/core';
import type { Observation } from '@nm/core';
import { createFakeApiServer } from '@nm/kube/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLiveSource } from './cluster/live-source.ts';
import { shopObjects, ADDRESSES } from './testing/shop-cluster.ts';
import { attempt, startTestMapper } from './testing/start-test-mapper.ts';
import type { TestMapper } from './testing/start-test-mapper.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const HEALTH = JSON.stringify({ query: '{ health }' });

describe('the HTTP surface', () => {
  let mapper: TestMapper;
  beforeAll(async () => {
    mapper = await startTestMapper({ args: ['--max-body', '128Ki', '--allowed-hosts', 'map.example.com'] });
  });
  afterAll(() => mapper.stop());

  const bodies: readonly [string, Record<string, string>, string | Buffer, number][] = [
    ['a query', JSON_TYPE, HEALTH, 200],
    ['a charset', { 'content-type': 'application/json; charset=utf-8' }, HEALTH, 200],
    ['gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(HEALTH), 200],
    ['what is no JSON', JSON_TYPE, 'nonsense', 400],
    ['nothing', JSON_TYPE, '', 400],
    ['a list of operations', JSON_TYPE, `[${HEALTH}]`, 400],
    ['no query', JSON_TYPE, '{"variables":{}}', 400],
    ['variables that are a list', JSON_TYPE, '{"query":"{ health }","variables":[]}', 400],
    ['what is no gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }, HEALTH, 400],
    ['another compression', { ...JSON_TYPE, 'content-encoding': 'br' }, HEALTH, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'query={health}', 415],
    ['plain text, which a foreign page may send', { 'content-type': 'text/plain' }, HEALTH, 415],
    ['more than the bound', JSON_TYPE, JSON.stringify({ query: '{ health }', x: 'x'.repeat(140_000) }), 413],
    ['a gzip bomb', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(JSON.stringify({ x: 'x'.repeat(10_000_000) })), 413],
  ];
  test.each(bodies)('%s', async (_, headers, body, status) => {
    expect((await mapper.send('/query', { method: 'POST', headers, body })).status).toBe(status);
  });

  test('a trailing slash is the same path', async () => {
    expect((await mapper.send('/query/', { method: 'POST', headers: JSON_TYPE, body: HEALTH })).text).toBe('{"data":{"health":true}}');
  });

  const hosts: readonly [string, Record<string, string>, number][] = [
    ['its Service', { host: 'mapper:9090' }, 200],
    ['its full name', { host: 'mapper.nm.svc.cluster.local:9090' }, 200],
    ['an address', { host: '10.1.2.3' }, 200],
    ['IPv6', { host: '[fd00::1]:9090' }, 200],
    ['a name that was allowed', { host: 'MAP.example.com' }, 200],
    ['a foreign name (DNS rebinding)', { host: 'evil.example.org' }, 421],
    ['a foreign name with our suffix in the middle', { host: 'a.svc.cluster.local.example.org' }, 421],
    ['nonsense', { host: 'a b' }, 400],
    ['the same origin', { host: 'localhost:1', origin: 'http://localhost:1' }, 200],
    ['a foreign origin', { host: 'localhost:1', origin: 'http://evil.example.org' }, 403],
    ['the null origin', { host: 'localhost:1', origin: 'null' }, 403],
    ['a cross-site request', { host: 'localhost', 'sec-fetch-site': 'cross-site' }, 403],
  ];
  test.each(hosts)('asked as %s', async (_, headers, status) => {
    expect((await mapper.send('/query', { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: HEALTH })).status).toBe(status);
  });

  test('CORS is off: no answer allows another origin', async () => {
    const preflight = await mapper.send('/query', { method: 'OPTIONS', headers: { origin: 'http://localhost', host: 'localhost' } });
    const answer = await mapper.send('/query', { method: 'POST', headers: JSON_TYPE, body: HEALTH });
    expect([preflight.status, preflight.headers['access-control-allow-origin'], answer.headers['access-control-allow-origin']]).toEqual([
      405,
      undefined,
      undefined,
    ]);
  });

  test('queries by GET are refused', async () => {
    const answer = await mapper.send('/query?query={health}');
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
  });

  test('a report that comes slowly, or says that it will be large, keeps no other out', async () => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip', 'content-length': '131072' };
    const slow = request(`${mapper.url}/query`, { method: 'POST', headers, agent: false }).on('error', () => undefined);
    slow.write(gzipSync(HEALTH).subarray(0, 5));
    await new Promise((resolve) => slow.once('socket', (socket) => socket.once('connect', resolve)));
    for (let i = 0; i < 5; i++) {
      const other = await mapper.send('/query', {
        method: 'POST',
        headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
        body: gzipSync(HEALTH),
      });
      expect(other.status).toBe(200);
    }
    slow.destroy();
  });

  const deep = `{ edges { nodes ${'{ via '.repeat(20)} { name } ${'}'.repeat(20)} } }`;
  const bomb = `query { ...A } fragment A on Query { ...B ...B } ${'BCDEFGHIJKLMNOP'
    .split('')
    .map((name, i, all) => `fragment ${name} on Query { ${all[i + 1] === undefined ? 'health' : `...${all[i + 1]} ...${all[i + 1]}`} }`)
    .join(' ')}`;
  const queries: readonly [string, string][] = [
    ['introspection', '{ __schema { types { name } } }'],
    ['introspection of a type', '{ __type(name: "Edge") { name } }'],
    ['a query that is too deep', deep],
    ['aliases that multiply work', `{ ${Array.from({ length: 30 }, (_, i) => `a${i}: intents { client { name } }`).join(' ')} }`],
    ['fragments that multiply fields', bomb],
    ['fragments that go in a circle', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
    ['a text that is too long', `{ health } #${'x'.repeat(66_000)}`],
    ['too many tokens', `{ ${'health '.repeat(5_000)} }`],
    ['an unknown field', '{ nothing }'],
    ['an unknown argument', '{ intents(colour: "red") { client { name } } }'],
  ];
  test.each(queries)('%s is refused with 422', async (_, query) => {
    const { status, body } = await mapper.query(query);
    expect([status, body.data]).toEqual([422, null]);
  });

  test('readiness shows its details, health only its own life', async () => {
    expect(JSON.parse((await mapper.send('/readyz')).text)).toMatchObject({
      ready: true,
      checks: { store: { ok: true }, cluster: { ok: true } },
    });
    expect((await mapper.send('/healthz', { headers: { host: 'evil.example.org' } })).status).toBe(200);
  });

  test('unknown paths are not found', async () => expect((await mapper.send('/admin')).status).toBe(404));
});

describe('the web UI', () => {
  test('is served with a strict policy, and cached by content', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nm-web-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>map</title>');
    await writeFile(join(folder, 'assets', 'app-a1B2c3D4.js'), 'x'.repeat(5_000));
    const mapper = await startTestMapper({ args: ['--web', folder] });
    try {
      const page = await mapper.send('/');
      expect([page.status, page.headers['content-type'], page.headers['cache-control']]).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-cache',
      ]);
      expect(page.headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';/);
      expect((await mapper.send('/', { headers: { 'if-none-match': String(page.headers.etag) } })).status).toBe(304);
      expect((await mapper.send('/workloads/shop/cart')).text).toBe(page.text);
      const script = await mapper.send('/assets/app-a1B2c3D4.js', { headers: { 'accept-encoding': 'gzip' } });
      expect([script.headers['cache-control'], script.headers['content-encoding']]).toEqual([
        'public, max-age=31536000, immutable',
        'gzip',
      ]);
      for (const path of ['/../package.json', '/assets%2fapp', '/assets/..%2fpackage', '/nothing.js'])
        expect((await mapper.send(path)).status).toBe(404);
    } finally {
      await mapper.stop();
      await rm(folder, { recursive: true });
    }
  });
});

test('who goes away within a body leaves nothing in the log', async () => {
  const errors: string[] = [];
  const mapper = await startTestMapper({ log: { ...silentLogger, error: (message) => void errors.push(message) } });
  try {
    const headers = { ...JSON_TYPE, 'content-length': '1000' };
    const outgoing = request(`${mapper.url}/query`, { method: 'POST', headers, agent: false }).on('error', () => undefined);
    await new Promise<void>((resolve) => outgoing.write('{', () => resolve()));
    // What was sent before is there when this is answered.
    await mapper.send('/healthz');
    outgoing.destroy();
    const counted = /network_mapper_http_requests_total\{status="\d+"\} 1/;
    await expect.poll(async () => (await (await fetch(`${mapper.metricsUrl}/metrics`)).text()).match(counted)).not.toBeNull();
    expect(errors).toEqual([]);
  } finally {
    await mapper.stop();
  }
});

test('a mapper that stops ends its subscriptions instead of waiting for them', async () => {
  const errors: string[] = [];
  const mapper = await startTestMapper({ log: { ...silentLogger, error: (message) => void errors.push(message) } });
  const answer = await fetch(`${mapper.url}/query`, {
    method: 'POST',
    headers: { ...JSON_TYPE, accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { changes { cursor } }' }),
  });
  const reader = answer.body?.getReader();
  await reader?.read();
  const stopped = mapper.stop();
  // To its end: a connection that was cut would throw.
  while (reader !== undefined && !(await reader.read()).done);
  await stopped;
  expect(errors).toEqual([]);
});

describe('against a live API server', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function startLive(
    args: readonly string[] = [],
  ): Promise<{ mapper: TestMapper; api: Awaited<ReturnType<typeof createFakeApiServer>> }> {
    const api = await createFakeApiServer();
    closers.push(() => api.close());
    for (const object of shopObjects()) api.put(object as Parameters<typeof api.put>[0]);
    api.onCreate('tokenreviews', (body) => {
      const { token, audiences } = (body as { spec: { token: string; audiences: string[] } }).spec;
      const [account, node] = token.split('.');
      const user = {
        username: `system:serviceaccount:nm:${account}`,
        extra: node === undefined ? {} : { 'authentication.kubernetes.io/node-name': [node] },
      };
      return { status: token === 'bad' ? { authenticated: false } : { authenticated: true, audiences, user } };
    });
    const folder = await mkdtemp(join(tmpdir(), 'nm-kubeconfig-'));
    closers.push(() => rm(folder, { recursive: true }));
    const kubeconfig = join(folder, 'config');
    await writeFile(kubeconfig, api.kubeconfig());
    const mapper = await startTestMapper({
      args: ['--auth', 'kubernetes', ...args],
      namespace: 'nm',
      createSource: (apply) => createLiveSource({ apply, log: silentLogger, env: {} }, { kubeconfig, ownerKinds: [] }),
    });
    closers.push(() => mapper.stop());
    return { mapper, api };
  }

  const REPORT = 'mutation R($b: ReportBatch!) { report(batch: $b) { stored } }';
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  test('reports need the identity of the node, reads and resets their own permission', async () => {
    const { mapper } = await startLive();
    const b = mapper.batch([attempt(ADDRESSES.frontend, ADDRESSES.cart)]);
    // A proxy in between: the connection no longer tells that it is local.
    const remote = { 'x-forwarded-for': '10.9.9.9' };
    const rows: [string, object, Record<string, string>, number][] = [
      [REPORT, { b }, remote, 401],
      [REPORT, { b }, bearer('bad'), 401],
      [REPORT, { b }, bearer('network-mapper-reader'), 403],
      [REPORT, { b }, bearer('network-mapper-sniffer.node-2'), 403],
      [REPORT, { b }, bearer('network-mapper-sniffer'), 403],
      [REPORT, { b }, bearer('network-mapper-sniffer.node-1'), 200],
      ['{ edges { totalCount } }', {}, remote, 401],
      ['{ edges { totalCount } }', {}, bearer('network-mapper-sniffer.node-1'), 403],
      ['{ edges { totalCount } }', {}, bearer('network-mapper-reader'), 200],
      ['mutation { resetCapture }', {}, bearer('network-mapper-reader'), 403],
      ['mutation { resetCapture }', {}, remote, 401],
      ['{ edges { totalCount } }', {}, {}, 200],
      ['mutation { resetCapture }', {}, bearer('network-mapper-admin'), 200],
      ['{ health }', {}, remote, 200],
    ];
    for (const [query, variables, headers, status] of rows) {
      const answer = await mapper.query(query, variables, headers);
      expect([query, headers, answer.status]).toEqual([query, headers, status]);
    }
  });

  test('a sniffer’s token is of no use to tell of workloads by name, nor a watcher’s to tell of packets', async () => {
    const { mapper } = await startLive();
    const packets = attempt(ADDRESSES.frontend, ADDRESSES.cart);
    const named = { ...packets, source: { workload: { namespace: 'shop', name: 'frontend' } } };
    const query = 'mutation R($b: ReportBatch!) { report(batch: $b) { stored rejected { code } } }';
    const ask = async (token: string, observation: Observation, reporter: object) => {
      const batch = mapper.batch([observation], { reporter });
      return (await mapper.query(query, { b: batch }, bearer(token))).body.data?.['report'];
    };
    const watcher = { kind: 'istio-watcher', instance: 'watcher-1', node: undefined };
    const refused = (code: string): object => ({ stored: 0, rejected: [{ code }] });
    expect(await ask('network-mapper-sniffer.node-1', named, {})).toEqual(refused('bad-detail'));
    expect(await ask('network-mapper-sniffer.node-1', { ...packets, kind: 'kafka' }, {})).toEqual(refused('bad-kind'));
    expect(await ask('network-mapper-watcher', packets, watcher)).toEqual(refused('bad-kind'));
    expect(await ask('network-mapper-watcher', { ...named, kind: 'http' }, watcher)).toEqual({ stored: 1, rejected: [] });
    const old = 'mutation C($r: CaptureResults!) { reportCaptureResults(results: $r) }';
    for (const token of ['network-mapper-sniffer.node-1', 'network-mapper-watcher'])
      expect((await mapper.query(old, { r: { results: [] } }, bearer(token))).status).toBe(403);
  });

  test('a sniffer’s token makes edges of its node alone', async () => {
    const { mapper } = await startLive(['--resolve-wait', '0s']);
    const headers = bearer('network-mapper-sniffer.node-1');
    const query = 'mutation R($b: ReportBatch!) { report(batch: $b) { stored } }';
    const calls = [
      attempt(ADDRESSES.frontend, ADDRESSES.cart),
      attempt(ADDRESSES.cart, ADDRESSES.kafka),
      attempt(ADDRESSES.kafka, '203.0.113.7'),
    ];
    expect((await mapper.query(query, { b: mapper.batch(calls) }, headers)).status).toBe(200);
    const { body } = await mapper.query('{ edges { nodes { client { name } server { name } } } status { dropped } }');
    expect(body.data).toMatchObject({
      edges: { nodes: [{ client: { name: 'frontend' }, server: { name: 'cart' } }] },
      status: { dropped: { 'not-of-this-node': 2 } },
    });
  });

  test('who has no right is refused before its body is read, so that it takes no place of others', async () => {
    const { mapper } = await startLive();
    const promised = { ...JSON_TYPE, 'x-forwarded-for': '10.9.9.9' };
    for (const headers of [
      { ...promised, 'content-length': '1000000' },
      { ...promised, 'content-encoding': 'gzip', 'content-length': '1000' },
      { ...promised, 'transfer-encoding': 'chunked' },
    ]) {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      const outgoing = request(`${mapper.url}/query`, { method: 'POST', headers, agent: false }, (answer) => resolve(answer.statusCode));
      outgoing.on('error', reject).flushHeaders();
      expect([headers, await promise]).toEqual([headers, 401]);
      outgoing.destroy();
    }
  });

  test('a browser is not shown the map under a name that anybody can have, though a namespace is called like it', async () => {
    const { mapper } = await startLive();
    const body = JSON.stringify({ query: '{ edges { totalCount } }' });
    const ask = async (headers: Record<string, string>): Promise<number> =>
      (await mapper.send('/query', { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })).status;
    expect(await ask({ host: 'mapper.nm:9090' })).toBe(200);
    expect(await ask({ host: 'evil.nm:9090', origin: 'http://evil.nm:9090' })).toBe(421);
  });

  test('existing sniffers, which have no token, report only where that was allowed', async () => {
    const query = 'mutation C($r: CaptureResults!) { reportCaptureResults(results: $r) }';
    const remote = { 'x-forwarded-for': '10.9.9.9' };
    expect((await (await startLive()).mapper.query(query, { r: { results: [] } }, remote)).status).toBe(401);
    const { mapper } = await startLive(['--auth-compatible-reports']);
    expect((await mapper.query(query, { r: { results: [] } }, remote)).status).toBe(200);
    expect((await mapper.query('mutation { resetCapture }', {}, remote)).status).toBe(401);
  });

  test('an observation of a pod that the API tells a moment later waits, and is resolved to that pod', async () => {
    const { mapper, api } = await startLive(['--resolve-wait', '60s']);
    const headers = bearer('network-mapper-sniffer.node-1');
    await mapper.query(REPORT, { b: mapper.batch([attempt('10.1.0.77', ADDRESSES.cart)]) }, headers);
    const waiting = await mapper.query('{ status { waiting } edges { totalCount } }', {}, bearer('network-mapper-reader'));
    expect(waiting.body.data).toEqual({ status: { waiting: 1 }, edges: { totalCount: 0 } });
    const pod = structuredClone(shopObjects().find((object) => JSON.stringify(object).includes('"frontend-1"'))) as {
      metadata: { name: string; uid: string };
      status: { podIP: string; podIPs: { ip: string }[] };
    };
    pod.metadata.name = 'frontend-2';
    pod.metadata.uid = 'frontend-2';
    pod.status.podIP = '10.1.0.77';
    pod.status.podIPs = [{ ip: '10.1.0.77' }];
    api.put(pod as unknown as Parameters<typeof api.put>[0]);
    await expect
      .poll(async () => (await mapper.query('{ edges { nodes { client { name } } } }', {}, bearer('network-mapper-reader'))).body.data, {
        timeout: 10_000,
      })
      .toEqual({ edges: { nodes: [{ client: { name: 'frontend' } }] } });
  });

  test('what stays unknown after the stated time is stored as unknown, with a reason', async () => {
    const { mapper } = await startLive(['--resolve-wait', '60s']);
    await mapper.query(REPORT, { b: mapper.batch([attempt(ADDRESSES.frontend, '10.96.0.5')]) }, bearer('network-mapper-sniffer.node-1'));
    mapper.now += 61_000;
    await expect
      .poll(async () => (await mapper.query('{ status { waiting unresolved } }', {}, bearer('network-mapper-reader'))).body.data, {
        timeout: 10_000,
      })
      .toEqual({ status: { waiting: 0, unresolved: { 'never-owned': 1 } } });
  });
});

describe('options that exclude one another stop the start', () => {
  test.each([
    ['anybody from anywhere', ['--listen', ':0'], /--auth none lets anybody/],
    ['tokens without an API server', ['--auth', 'kubernetes', '--kube', 'dump'], /needs an API server/],
    ['a certificate without its key', ['--tls-cert', 'x'], /go together/],
    ['TLS without a certificate', ['--tls-listen', '127.0.0.1:0'], /needs --tls-cert/],
    ['anybody from anywhere with TLS', ['--tls-listen', ':0', '--tls-cert', 'x', '--tls-key', 'x'], /--auth none lets anybody/],
  ])('%s', async (_, args, message) => {
    await expect(startTestMapper({ args })).rejects.toMatchObject({
      code: 'option_conflict',
      message: expect.stringMatching(message) as string,
    });
  });
});
