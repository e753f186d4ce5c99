import { silentLogger } from '@nm/core';
import type { Logger, Observation } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeReader } from '../kube/kube-reader.ts';
import { createStatsServer } from '../testing/stats-server.ts';
import type { StatsServer } from '../testing/stats-server.ts';
import { ISTIO_METRICS } from './istio-metrics.ts';
import { createIstioWatcher, ISTIO_WATCHER_DEFAULTS } from './istio-watcher.ts';
import type { IstioWatcherOptions } from './istio-watcher.ts';
import { createNetworkSource } from './network-source.ts';
import { createProxyReader } from './proxy-reader.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const OLD = '2026-01-01T00:00:00Z';

function series(path: string | undefined, value: number, labels: Record<string, string> = {}): string {
  const all = {
    reporter: 'source',
    source_workload: 'web',
    source_workload_namespace: 'shop',
    destination_workload: 'cart-v1',
    destination_workload_namespace: 'shop',
    destination_service: 'cart.shop.svc.cluster.local:8080',
    destination_service_name: 'cart',
    request_method: 'GET',
    ...(path === undefined ? {} : { request_path: path }),
    ...labels,
  };
  return `istio_requests_total{${Object.entries(all)
    .map(([key, text]) => `${key}="${text}"`)
    .join(',')}} ${value}\n`;
}

const connections = (value: number): string =>
  `istio_tcp_connections_opened_total{reporter="source",source_workload="web",source_workload_namespace="shop",destination_workload="redis",destination_workload_namespace="shop",destination_service="redis.shop.svc.cluster.local"} ${value}\n`;

interface PodShape {
  readonly started?: string;
  readonly id?: string;
  readonly native?: boolean;
}

const pod = ({ started = OLD, id = 'run-1', native = false }: PodShape = {}): unknown => ({
  metadata: { name: 'web-1', namespace: 'shop', uid: 'uid-1', labels: { 'security.istio.io/tlsMode': 'istio' } },
  spec: {
    nodeName: 'node-1',
    containers: [{ name: 'web' }, ...(native ? [] : [{ name: 'istio-proxy' }])],
    initContainers: [{ name: 'istio-init' }, ...(native ? [{ name: 'istio-proxy', restartPolicy: 'Always' }] : [])],
  },
  status: {
    phase: 'Running',
    podIP: '127.0.0.1',
    [native ? 'initContainerStatuses' : 'containerStatuses']: [
      { name: 'istio-proxy', containerID: id, state: { running: { startedAt: started } } },
    ],
  },
});

describe('rounds over the proxies of a mesh', () => {
  let server: StatsServer;
  let pods: readonly unknown[];
  let taken: Observation[];
  let warnings: string[];
  let now: number;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    server = await createStatsServer();
    pods = [pod()];
    taken = [];
    warnings = [];
    now = NOW;
    stop = () => Promise.resolve();
  });
  afterEach(async () => {
    await stop();
    await server.close();
  });

  async function watch(
    options: Partial<IstioWatcherOptions> = {},
    limits: { timeoutMs?: number; maxBytes?: number } = {},
    isElected?: () => Promise<boolean>,
  ): Promise<() => Promise<Observation[]>> {
    const reader: KubeReader = {
      request: (path) => Promise.resolve({ items: path.includes('tlsMode') ? pods : [] }),
      stream: () => Promise.reject(new Error('not used')),
    };
    const log: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
    const proxies = createProxyReader(createNetworkSource(), { timeoutMs: 5_000, maxBytes: 1e6, ...limits });
    const watcher = createIstioWatcher(
      {
        reader,
        // The real ports are fixed; the test's server has another.
        proxies: { ...proxies, read: (proxy, onChunk, signal) => proxies.read({ ...proxy, ports: [1, server.port] }, onChunk, signal) },
        sink: { take: (observations) => Promise.resolve(void taken.push(...observations)) },
        clock: { now: () => now },
        log,
        metrics: createMetrics(ISTIO_METRICS, new Registry()),
        ...(isElected === undefined ? {} : { isElected }),
      },
      { ...ISTIO_WATCHER_DEFAULTS, intervalMs: 3_600_000, ...options },
    );
    await watcher.start();
    stop = () => watcher.stop();
    await watcher.round();
    return async () => {
      taken.length = 0;
      await watcher.round();
      return taken;
    };
  }

  const counts = (observations: readonly Observation[]): (string | number)[][] =>
    observations.map(({ http, count, destination }) => [http?.path ?? destination.workload?.name ?? destination.name ?? '', count]);

  it('tells what was before from what is new', async () => {
    server.text = series('/a', 5) + series('/b', 7);
    const next = await watch();
    const before = Date.parse(OLD);
    expect(
      taken.map((observation) => [observation.http?.path, observation.count, observation.lastSeenAt, observation.approximate]),
    ).toEqual([
      ['/a', 0, before, true],
      ['/b', 0, before, true],
    ]);
    now += 30_000;
    server.text = series('/a', 5) + series('/b', 9) + series('/c?x=1', 1);
    expect(await next()).toEqual([
      {
        kind: 'http',
        vantage: 'client',
        node: 'node-1',
        source: { workload: { namespace: 'shop', name: 'web' } },
        destination: { protocol: 'TCP', workload: { namespace: 'shop', name: 'cart-v1' }, name: 'cart.shop.svc.cluster.local' },
        count: 2,
        firstSeenAt: now,
        lastSeenAt: now,
        http: { path: '/b', methods: ['GET'] },
      },
      expect.objectContaining({ count: 1, http: { path: '/c', methods: ['GET'] } }),
    ]);
    expect(await next()).toEqual([]);
  });

  it('asks for the two counters only', async () => {
    await watch();
    expect(decodeURIComponent(server.requests[0] ?? '')).toBe('/stats/prometheus?filter=istio_requests|istio_tcp_connections_opened');
  });

  it('a native sidecar that is younger than the watcher has nothing from before', async () => {
    pods = [pod({ started: '2026-01-02T03:04:06Z', native: true })];
    server.text = series('/a', 5);
    await watch();
    expect(counts(taken)).toEqual([['/a', 5]]);
  });

  it('counters that fall, vanish or belong to another run begin at zero', async () => {
    server.text = series('/a', 5) + series('/b', 5);
    const next = await watch({ reportsSeenBefore: false });
    expect(taken).toEqual([]);
    server.text = series('/a', 2);
    expect(counts(await next())).toEqual([['/a', 2]]);
    server.text = series('/a', 2) + series('/b', 1);
    expect(counts(await next())).toEqual([['/b', 1]]);
    pods = [pod({ id: 'run-2' })];
    server.text = series('/a', 3) + series('/b', 1);
    expect(counts(await next())).toEqual([
      ['/a', 3],
      ['/b', 1],
    ]);
  });

  it('an answer that breaks off loses nothing and invents nothing', async () => {
    server.text = series('/a', 5) + series('/b', 5);
    const next = await watch({ reportsSeenBefore: false });
    server.mode = 'cut';
    server.text = series('/a', 6);
    expect(counts(await next())).toEqual([['/a', 1]]);
    server.mode = 'ok';
    server.text = series('/a', 6) + series('/b', 6);
    expect(counts(await next())).toEqual([['/b', 1]]);
  });

  it('a first answer that breaks off is no base', async () => {
    server.mode = 'cut';
    server.text = series('/a', 5);
    const next = await watch({ reportsSeenBefore: false });
    server.mode = 'ok';
    server.text = series('/a', 5) + series('/b', 5);
    expect(await next()).toEqual([]);
    server.text = series('/a', 5) + series('/b', 6);
    expect(counts(await next())).toEqual([['/b', 1]]);
  });

  it.each([
    ['gzip', {}, [['/a', 1]]],
    ['refuse', {}, []],
    ['hang', { timeoutMs: 50 }, [['/a', 1]]],
    ['endless', { maxBytes: 100_000 }, []],
  ] as const)('an answer of the kind: %s', async (mode, limits, expected) => {
    server.text = series('/a', 5);
    const next = await watch({ reportsSeenBefore: false }, limits);
    server.text = series('/a', 6);
    server.mode = mode;
    expect(counts(await next())).toEqual(expected);
  });

  it('a proxy that is too slow is left out of more and more rounds, and loses no count by that', async () => {
    server.text = series('/a', 5);
    const next = await watch({ reportsSeenBefore: false }, { timeoutMs: 300 });
    server.mode = 'hang';
    const asked: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const before = server.requests.length;
      await next();
      asked.push(server.requests.length - before);
    }
    expect(asked).toEqual([1, 0, 1, 0, 0, 0, 1, 0]);
    server.mode = 'ok';
    server.text = series('/a', 9);
    const later = [];
    for (let round = 0; round < 7; round += 1) later.push(...counts(await next()));
    expect(later).toEqual([['/a', 4]]);
  });

  it('adds up what the map does not tell apart, keeps namespaces and sides apart', async () => {
    const next = await watch();
    server.text =
      series('/a', 1, { response_code: '200' }) +
      series('/a', 2, { response_code: '503' }) +
      series('/a', 4, { destination_workload_namespace: 'other' }) +
      series('/a', 8, { reporter: 'destination' }) +
      series('/a', 16, { reporter: 'waypoint', source_workload: 'x' });
    const observations = await next();
    expect(observations.map(({ vantage, count, destination }) => [vantage, destination.workload?.namespace, count])).toEqual([
      ['client', 'shop', 3],
      ['client', 'other', 4],
      ['server', 'shop', 8],
      ['server', 'shop', 16],
    ]);
  });

  it('connections without paths, hosts outside the mesh, servers and clients without a proxy; not what was refused', async () => {
    const next = await watch();
    const outside = { destination_workload: 'unknown', destination_workload_namespace: 'unknown' };
    server.text =
      connections(2) +
      series('/x', 1, { ...outside, destination_service: 'API.example.com:443', destination_service_name: 'PassthroughCluster' }) +
      series('/x', 1, { ...outside, destination_service: 'PassthroughCluster', destination_service_name: 'PassthroughCluster' }) +
      series('/x', 1, { ...outside, destination_service: 'evil.example.com', destination_service_name: 'BlackHoleCluster' }) +
      series('/x', 1, { reporter: 'destination', source_workload: 'unknown', source_workload_namespace: 'unknown' }) +
      series('/x', 1, { ...outside, source_workload: '', source_workload_namespace: '' }) +
      series('/y', 1, { ...outside, destination_service: 'cart.shop.svc.cluster.local', destination_service_name: 'cart' }) +
      series('/z', 1, { destination_workload: 'unknown', destination_canonical_service: 'cart' });
    const observations = await next();
    const web = { workload: { namespace: 'shop', name: 'web' } };
    const unknown = { workload: { namespace: 'unknown', name: 'unknown' } };
    const shop = (name: string): object => ({ protocol: 'TCP', workload: { namespace: 'shop', name } });
    expect(observations.map(({ source, destination, http, count }) => [source, destination, http?.path, count])).toEqual([
      [web, { ...shop('redis'), name: 'redis.shop.svc.cluster.local' }, undefined, 2],
      [web, { protocol: 'TCP', name: 'api.example.com' }, '/x', 1],
      [web, { protocol: 'TCP', ...unknown }, '/x', 1],
      [unknown, { ...shop('cart-v1'), name: 'cart.shop.svc.cluster.local' }, '/x', 1],
      [web, { protocol: 'TCP', name: 'cart.shop.svc.cluster.local' }, '/y', 1],
      [web, { ...shop('cart'), name: 'cart.shop.svc.cluster.local' }, '/z', 1],
    ]);
  });

  it('takes no name that Kubernetes could not have given', async () => {
    const next = await watch();
    const longest = 'w'.repeat(253);
    server.text = series('/a', 1, { source_workload: longest }) + series('/b', 1, { source_workload: `${longest}w` });
    expect((await next()).map(({ source }) => source.workload?.name)).toEqual([longest, 'unknown']);
  });

  it('an impossible count does not take the possible ones of the same call with it', async () => {
    const next = await watch();
    server.text = series('/a', 3) + series('/a', 1e300, { response_code: '500' }) + series('/b', 0.25);
    expect(counts(await next())).toEqual([
      ['/a', 1_000_000_000],
      ['/b', 1],
    ]);
  });

  it('of several watchers the elected one looks; what another has counted is not counted again', async () => {
    let elected = true;
    pods = [pod({ started: '2026-01-02T03:04:06Z' })];
    server.text = series('/a', 5);
    now += 2_000;
    const next = await watch({}, {}, () => Promise.resolve(elected));
    expect(counts(taken)).toEqual([['/a', 0]]);
    elected = false;
    const asked = server.requests.length;
    server.text = series('/a', 9);
    expect(await next()).toEqual([]);
    expect(server.requests.length).toBe(asked);
    elected = true;
    expect(counts(await next())).toEqual([['/a', 0]]);
    server.text = series('/a', 10);
    expect(counts(await next())).toEqual([['/a', 1]]);
  });

  it('says what to set when requests come without paths, and when there is no mesh', async () => {
    const next = await watch();
    server.text = series(undefined, 3);
    now += 600_000;
    await next();
    expect(warnings).toEqual([expect.stringContaining('Telemetry')]);
  });

  it('says so when there is no mesh', async () => {
    pods = [];
    const next = await watch();
    now += 600_000;
    await next();
    expect(warnings).toEqual([expect.stringContaining('no proxies')]);
  });
});
