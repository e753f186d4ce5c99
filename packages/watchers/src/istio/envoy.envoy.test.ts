import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { silentLogger } from '@nm/core';
import type { Observation } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeReader } from '../kube/kube-reader.ts';
import { ISTIO_METRICS } from './istio-metrics.ts';
import { createIstioWatcher, ISTIO_WATCHER_DEFAULTS } from './istio-watcher.ts';
import { createNetworkSource } from './network-source.ts';
import { printStatistics } from './print-statistics.ts';
import { createProxyReader } from './proxy-reader.ts';
import { createLoopbackPods, startEnvoy } from './testing/envoy.ts';
import type { EnvoySidecar } from './testing/envoy.ts';

/** Two real Envoys as the sidecars of a client and a server, real requests through both. */
const SERVICE = 'cart.shop.svc.cluster.local:8080';
const STARTED = '2026-01-01T00:00:00Z';
const nextAddress = createLoopbackPods();

let application: Server;
let redis: ReturnType<typeof createTcpServer>;
let web: EnvoySidecar;
let cart: EnvoySidecar;
let runs: { web: string; cart: string };

beforeAll(async () => {
  application = createServer((_, response) => response.end('ok'));
  redis = createTcpServer((socket) => socket.end('+OK\r\n'));
  application.listen(0, '127.0.0.1');
  redis.listen(0, '127.0.0.1');
  await Promise.all([once(application, 'listening'), once(redis, 'listening')]);
  const port = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
  const host = '127.0.0.1';
  cart = await startEnvoy(nextAddress(), { workload: 'cart-v1', namespace: 'shop', application: { host, port: port(application) } });
  web = await startEnvoy(nextAddress(), {
    workload: 'web',
    namespace: 'shop',
    application: { host, port: port(application) },
    server: { workload: 'cart-v1', namespace: 'shop', service: SERVICE, address: cart.address, port: 15006 },
    tcpServer: { workload: 'redis', namespace: 'shop', service: 'redis.shop.svc.cluster.local', port: port(redis) },
  });
  runs = { web: 'web-1', cart: 'cart-1' };
});
afterAll(async () => {
  await Promise.all([web.stop(), cart.stop()]);
  application.close();
  redis.close();
});

/** One request by the client's application, as written: fetch would tidy up the path. */
async function call(method: string, path: string): Promise<void> {
  const { hostname, port } = new URL(web.outbound);
  const sent = request({ hostname, port, method, path, headers: { host: SERVICE, 'x-client': 'web' }, agent: false }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
}

async function useRedis(): Promise<void> {
  const socket = connect(web.tcp);
  socket.resume();
  await once(socket, 'close');
}

function pod(name: 'web' | 'cart', address: string): unknown {
  const isNative = name === 'web';
  return {
    metadata: { name: `${name}-0`, namespace: 'shop', uid: name, labels: { 'security.istio.io/tlsMode': 'istio' } },
    spec: {
      nodeName: 'node-1',
      containers: [{ name }, ...(isNative ? [] : [{ name: 'istio-proxy' }])],
      initContainers: [{ name: 'istio-init' }, ...(isNative ? [{ name: 'istio-proxy', restartPolicy: 'Always' }] : [])],
    },
    status: {
      phase: 'Running',
      podIP: address,
      [isNative ? 'initContainerStatuses' : 'containerStatuses']: [
        { name: 'istio-proxy', containerID: runs[name], state: { running: { startedAt: STARTED } } },
      ],
    },
  };
}

type Row = readonly [vantage: string, source: string, destination: string, method: string, path: string, count: number];

function rowsOf(observations: readonly Observation[]): Row[] {
  return observations
    .map(({ vantage, source, destination, http, count }): Row => [
      vantage,
      source.workload?.name ?? '',
      destination.workload?.name ?? '',
      http?.methods.join() ?? '',
      http?.path ?? '',
      count,
    ])
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

/** A watcher of both pods over their real ports; each call looks once. */
async function watch(): Promise<{ look: () => Promise<Row[]>; stop: () => Promise<void> }> {
  const taken: Observation[] = [];
  const reader: KubeReader = {
    request: (path) => Promise.resolve({ items: path.includes('tlsMode') ? [pod('web', web.address), pod('cart', cart.address)] : [] }),
    stream: () => Promise.reject(new Error('not used')),
  };
  const watcher = createIstioWatcher(
    {
      reader,
      proxies: createProxyReader(createNetworkSource(), { timeoutMs: 10_000, maxBytes: 1e7 }),
      sink: { take: (observations) => Promise.resolve(void taken.push(...observations)) },
      clock: { now: Date.now },
      log: silentLogger,
      metrics: createMetrics(ISTIO_METRICS, new Registry()),
    },
    { ...ISTIO_WATCHER_DEFAULTS, intervalMs: 3_600_000 },
  );
  await watcher.start();
  await watcher.round();
  return {
    look: async () => {
      await watcher.round();
      return rowsOf(taken.splice(0));
    },
    stop: () => watcher.stop(),
  };
}

async function printed(text: string, previous?: string): Promise<unknown[]> {
  const edges: unknown[] = [];
  const input = (of: string): Readable => Readable.from([Buffer.from(of)]);
  await printStatistics(input(text), previous === undefined ? undefined : input(previous), (line) => edges.push(JSON.parse(line)));
  return edges;
}

describe('a client and a server with a real Envoy each', () => {
  it('first look, second look, restart', async () => {
    await call('GET', '/cart?user=1');
    await call('GET', '/cart?user=2');
    const watcher = await watch();
    // What was counted before the watcher came has no count.
    expect(await watcher.look()).toEqual([
      ['client', 'web', 'cart-v1', 'GET', '/cart', 0],
      ['server', 'web', 'cart-v1', 'GET', '/cart', 0],
    ]);
    expect(await watcher.look()).toEqual([]);

    await call('GET', '/cart?user=1');
    await call('HEAD', '/cart');
    await call('DELETE', '/v1.2/items/a%2Fb.json');
    await call('PATCH', String.raw`/q"uote\d`);
    await useRedis();
    expect(await watcher.look()).toEqual([
      ['client', 'web', 'cart-v1', 'DELETE', '/v1.2/items/a%2Fb.json', 1],
      ['client', 'web', 'cart-v1', 'GET', '/cart', 1],
      ['client', 'web', 'cart-v1', 'HEAD', '/cart', 1],
      ['client', 'web', 'cart-v1', 'PATCH', String.raw`/q"uote\d`, 1],
      ['client', 'web', 'redis', '', '', 1],
      ['server', 'web', 'cart-v1', 'DELETE', '/v1.2/items/a%2Fb.json', 1],
      ['server', 'web', 'cart-v1', 'GET', '/cart', 1],
      ['server', 'web', 'cart-v1', 'HEAD', '/cart', 1],
      ['server', 'web', 'cart-v1', 'PATCH', String.raw`/q"uote\d`, 1],
    ]);

    // The process began again without a new container: its counters fell.
    await cart.restart();
    await call('GET', '/cart?user=1');
    expect(await watcher.look()).toEqual([
      ['client', 'web', 'cart-v1', 'GET', '/cart', 1],
      ['server', 'web', 'cart-v1', 'GET', '/cart', 1],
    ]);
    // A new run of the container: even a counter that is as high as before is new.
    await web.restart();
    runs.web = 'web-2';
    for (const user of [1, 1]) await call('GET', `/cart?user=${user}`);
    expect(await watcher.look()).toEqual([
      ['client', 'web', 'cart-v1', 'GET', '/cart', 2],
      ['server', 'web', 'cart-v1', 'GET', '/cart', 2],
    ]);
    await watcher.stop();
  });

  it('JSON and Prometheus text say the same', async () => {
    await call('POST', '/orders/1.5?x=1');
    const json = await web.admin('/stats?format=json&filter=istio_requests_total');
    const text = await web.admin('/stats/prometheus?filter=istio_requests_total');
    const lines = await web.admin('/stats?filter=istio_requests_total');
    const edges = await printed(json);
    expect(edges).toContainEqual({
      source: 'web',
      sourceNamespace: 'shop',
      destination: 'cart-v1',
      destinationNamespace: 'shop',
      destinationService: SERVICE,
      destinationServices: [SERVICE],
      path: '/orders/1.5',
      methods: ['POST'],
      requests: 1,
    });
    expect(await printed(text)).toEqual(edges);
    expect(await printed(lines)).toEqual(edges);
    await call('POST', '/orders/1.5?x=2');
    expect(await printed(await web.admin('/stats?format=json&filter=istio_requests_total'), text)).toMatchObject([
      { path: '/orders/1.5', requests: 1 },
    ]);
  });
});
