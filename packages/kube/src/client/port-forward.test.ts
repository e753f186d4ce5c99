import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeApiServer } from '../testing/index.ts';
import type { FakeApiServer } from '../testing/index.ts';
import { findMapper } from './find-mapper.ts';
import { createKubeClient } from './kube-client.ts';
import type { KubeClient } from './kube-client.ts';
import { loadKubeClient } from './kubeconfig.ts';
import { createPortForward } from './port-forward.ts';
import type { PortForward } from './port-forward.ts';

let server: FakeApiServer;
let client: KubeClient;
let folder = '';
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nm-forward-'));
  server = await createFakeApiServer({ token: 'secret' });
  writeFileSync(join(folder, 'config'), server.kubeconfig());
  client = await loadKubeClient({ kubeconfig: join(folder, 'config'), env: {} });
});
afterEach(async () => {
  client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const pod = (
  name: string,
  options: { ready?: boolean; labels?: Record<string, string>; namespace?: string; port?: number; leaving?: boolean } = {},
): void => {
  const { ready = true, labels = { app: 'mapper' }, namespace = 'otterize-system', port = 9090, leaving = false } = options;
  server.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers: [{ name: 'mapper', ports: [{ name: 'http', containerPort: port }] }] },
    status: {
      phase: ready ? 'Running' : 'Pending',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: ready ? [] : [{ state: { waiting: { reason: 'ImagePullBackOff' } } }],
    },
  });
};
const service = (name: string, namespace: string, spec: object = {}): void => {
  server.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/name': 'network-mapper', 'app.kubernetes.io/component': 'mapper' } },
    spec: {
      selector: { app: 'mapper' },
      ports: [
        { name: 'metrics', port: 2112 },
        { name: 'http', port: 9090, targetPort: 'http' },
      ],
      ...spec,
    },
  });
};

describe('finding the mapper', () => {
  test('the Service by name, a ready pod, a named port', async () => {
    service('otterize-network-mapper', 'otterize-system');
    pod('a', { ready: false });
    pod('b', { leaving: true });
    pod('c', { port: 19090 });
    pod('other', { labels: { app: 'other' } });
    expect(await findMapper(client)).toEqual({
      namespace: 'otterize-system',
      service: 'otterize-network-mapper',
      servicePort: 9090,
      pod: 'c',
      port: 19090,
    });
  });

  test('by label in another namespace', async () => {
    service('nm', 'observability', { ports: [{ port: 80, targetPort: 8080 }] });
    pod('a', { namespace: 'observability' });
    expect(await findMapper(client)).toMatchObject({ namespace: 'observability', service: 'nm', pod: 'a', port: 8080 });
  });

  test('the Service of its metrics is not a second mapper', async () => {
    service('network-mapper-metrics', 'observability', { clusterIP: 'None', ports: [{ name: 'metrics', port: 2112 }] });
    service('otterize-network-mapper', 'observability');
    pod('a', { namespace: 'observability' });
    expect(await findMapper(client, { servicePort: 9090 })).toMatchObject({ service: 'otterize-network-mapper', port: 9090 });
  });

  test.each<[string, () => void, Parameters<typeof findMapper>[1], string, RegExp]>([
    ['not there', () => undefined, {}, 'kube-mapper-not-found', /neither Service otterize-system\/otterize-network-mapper, nor anywhere/],
    [
      'not in the namespace that was named',
      () => service('nm', 'elsewhere'),
      { namespace: 'here' },
      'kube-mapper-not-found',
      /nor there by the labels/,
    ],
    [
      'several',
      () => {
        service('a', 'one');
        service('b', 'two');
      },
      {},
      'kube-mapper-not-found',
      /several mappers found \(one\/a, two\/b\): choose one with --mapper-namespace/,
    ],
    ['services may not be read', () => server.forbid('services'), {}, 'kube-forbidden', /services is forbidden/],
    ['no pods', () => service('otterize-network-mapper', 'otterize-system'), {}, 'kube-no-ready-pod', /there is none/],
    [
      'no ready pod',
      () => {
        service('otterize-network-mapper', 'otterize-system');
        pod('a', { ready: false });
      },
      {},
      'kube-no-ready-pod',
      /a: Pending, ImagePullBackOff/,
    ],
    [
      'no such port',
      () => service('otterize-network-mapper', 'otterize-system'),
      { servicePort: 1234 },
      'kube-mapper-not-found',
      /has no port 1234 \(it has 2112, 9090\)/,
    ],
    [
      'no selector',
      () => service('otterize-network-mapper', 'otterize-system', { selector: {} }),
      {},
      'kube-mapper-not-found',
      /no selector/,
    ],
  ])('%s', async (_name, prepare, options, code, message) => {
    prepare();
    const error: unknown = await findMapper(client, options).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toContain('\n');
  });
});

describe('port-forward', () => {
  let mapper: Server;
  let forward: PortForward;
  const connections = new Set<number | undefined>();

  beforeEach(async () => {
    connections.clear();
    mapper = createServer((request, response) => {
      connections.add(request.socket.remotePort);
      if (request.url === '/large') response.end(Buffer.alloc(5_000_000, 'x'));
      else response.end(`hello ${request.url}`);
    });
    await new Promise<void>((resolve) => mapper.listen(0, '127.0.0.1', resolve));
    const { port } = mapper.address() as AddressInfo;
    server.onPortForward((target) => connect(target.port === 9090 ? port : 1, '127.0.0.1'));
    forward = createPortForward(client, { namespace: 'otterize-system', pod: 'a', port: 9090 });
  });
  afterEach(async () => {
    await forward.close();
    mapper.closeAllConnections();
    mapper.close();
  });

  const fetchText = async (path: string, way: PortForward): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ path, host: 'mapper', agent: way.agent }, (response) => void text(response).then(resolve, reject)).on('error', reject);
    });

  test('requests share one connection', async () => {
    expect(await fetchText('/a', forward)).toBe('hello /a');
    expect(await Promise.all([fetchText('/b', forward), fetchText('/c', forward)])).toEqual(['hello /b', 'hello /c']);
    expect(connections.size).toBe(1);
    expect(server.requests.filter((request) => request.method === 'UPGRADE')).toMatchObject([
      { path: '/api/v1/namespaces/otterize-system/pods/a/portforward', headers: { authorization: 'Bearer secret' } },
    ]);
  });

  test('a large answer comes whole', async () => {
    expect((await fetchText('/large', forward)).length).toBe(5_000_000);
  });

  test('a local endpoint', async () => {
    const url = await forward.listen();
    expect(await (await fetch(`${url}/x`)).text()).toBe('hello /x');
  });

  test('the pod does not listen there', async () => {
    const closed = createPortForward(client, { namespace: 'n', pod: 'a', port: 1 });
    await expect(fetchText('/', closed)).rejects.toMatchObject({
      code: 'port-forward-failed',
      message: expect.stringMatching(/port-forward to pod n\/a port 1 failed: .*ECONNREFUSED/) as string,
    });
    expect(closed.lastError()?.code).toBe('port-forward-failed');
    await closed.close();
  });

  test('the API server refuses', async () => {
    const none = await createFakeApiServer();
    writeFileSync(join(folder, 'none'), none.kubeconfig());
    const refused = createPortForward(await loadKubeClient({ kubeconfig: join(folder, 'none'), env: {} }), {
      namespace: 'n',
      pod: 'a',
      port: 1,
    });
    await expect(refused.connect()).rejects.toMatchObject({ code: 'kube-not-found' });
    await none.close();
  });

  test('the mapper goes away during an answer', async () => {
    mapper.removeAllListeners('request');
    mapper.on('request', (_request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(fetchText('/', forward)).rejects.toThrow(/aborted|hang up/);
  });

  test('needs a kubeconfig', async () => {
    const bare = createKubeClient({ baseUrl: server.url, namespace: 'n', options: async () => ({}) });
    await expect(createPortForward(bare, forward.target).connect()).rejects.toMatchObject({ code: 'port-forward-failed' });
  });
});
