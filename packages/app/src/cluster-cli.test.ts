import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadDumps } from '@nm/kube';
import { createFakeApiServer } from '@nm/kube/testing';
import type { FakeApiServer } from '@nm/kube/testing';
import { ADDRESSES, attempt, startTestMapper } from '@nm/mapper/testing';
import type { TestMapper } from '@nm/mapper/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { folder, LIST, run, start } from './testing/run-cli.ts';

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
