import type { RequestListener } from 'node:http';
import type { Clock, Logger } from '@nm/core';
import type { Startable } from '@nm/runtime';
import type { Registry } from 'prom-client';
import type { ClusterFacts } from '../cluster/cluster-facts.ts';
import type { ReporterBook } from '../ingest/reporter-book.ts';
import type { Store } from '../store/store.ts';
import { createEdgeFeed } from './edge-feed.ts';
import type { EdgeFeed, TakeGrowth } from './edge-feed.ts';
import { createEdgeMetrics } from './edge-metrics/edge-metrics.ts';
import type { ExportMetrics } from './export-metrics.ts';
import type { ExportOptions } from './export-options.ts';
import { createOtelExport } from './otel/create-otel-export.ts';
import { isOtelOn, otelIntervalMs, otelProtocol } from './otel/otel-settings.ts';
import { createServiceGraph } from './otel/service-graph.ts';
import type { ServiceGraph } from './otel/service-graph.ts';
import { createTelemetry } from './telemetry/create-telemetry.ts';
import { TELEMETRY_PATH } from './telemetry/show-telemetry.ts';
import { telemetryState } from './telemetry/telemetry-state.ts';
import { toMagnitude } from './telemetry/usage-report.ts';
import type { UsageReport } from './telemetry/usage-report.ts';

export interface ExportDeps {
  readonly store: Store;
  readonly facts: ClusterFacts;
  readonly reporters: ReporterBook;
  readonly register: Registry;
  readonly metrics: ExportMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Exports extends Startable {
  /** Serves what exports add to the metrics listener, and hands on the rest. */
  wrap(next: RequestListener): RequestListener;
}

/** How often the map is read for /metrics while edges are shown there and nobody scrapes. */
const EDGE_METRICS_INTERVAL_MS = 60_000;
/** A scrape reads the map first, unless that was done so shortly before. */
const SCRAPE_INTERVAL_MS = 5_000;

/** Everything that leaves the mapper by itself. What is off costs nothing. @throws OptionError */
export function createExports(deps: ExportDeps, options: ExportOptions & { readonly podName: string | undefined }): Exports {
  const { clock, log, metrics, store } = deps;
  const env = deps.env ?? {};
  const startedAt = clock.now();
  const telemetry = telemetryState(options, env);
  const parts: Startable[] = [];
  const sizes = new Map<string, () => number>();
  const takers: TakeGrowth[] = [];
  const isOtel = isOtelOn(options.otelExport, env);
  let graph: ServiceGraph | undefined;
  let isStarted = false;

  if (isOtel) {
    const made = createServiceGraph(
      { clock, onOverflow: (count) => metrics.exportOverflow.inc({ export: 'otel' }, count) },
      { maxSeries: options.otelMaxSeries },
    );
    graph = made;
    takers.push(made.take);
    sizes.set('otel', () => made.size);
  }
  if (options.edgeMetrics) {
    const shown = createEdgeMetrics(
      { register: deps.register, clock, onOverflow: (count) => metrics.exportOverflow.inc({ export: 'prometheus' }, count) },
      { maxSeries: options.edgeMetricsMaxSeries, namespaces: options.edgeMetricsNamespaces },
    );
    takers.push(shown.take);
    sizes.set('prometheus', shown.size);
  }
  const feed = takers.length === 0 ? undefined : createEdgeFeed({ store, clock, log, metrics, takers });
  if (feed !== undefined) parts.push({ start: () => feed.start(), stop: () => Promise.resolve() });
  if (feed !== undefined && options.edgeMetrics) parts.push(createPoller(feed, EDGE_METRICS_INTERVAL_MS));
  if (feed !== undefined && graph !== undefined) {
    parts.push(
      createOtelExport(
        { store, feed, graph, clock, log, metrics, env },
        {
          intervalMs: otelIntervalMs(env),
          protocol: otelProtocol(env),
          metricName: options.otelMetricName,
          version: deps.version,
          ...(options.podName !== undefined && { instance: options.podName }),
        },
      ),
    );
  }
  if (telemetry.endpoint !== undefined) parts.push(createTelemetry({ report, log, metrics }, { endpoint: telemetry.endpoint }));

  async function report(): Promise<UsageReport> {
    const { backend, edges } = await store.status();
    const active = deps.reporters.active(clock.now());
    return {
      schema: 'network-mapper/usage/v1',
      version: deps.version,
      uptimeHours: Math.floor((clock.now() - startedAt) / 3_600_000),
      store: backend,
      edges: toMagnitude(edges),
      nodes: toMagnitude(deps.facts.nodes.size),
      namespaces: toMagnitude(deps.facts.namespaces.size),
      sniffers: toMagnitude(active.filter(({ kind }) => kind === 'sniffer').length),
      watchers: active.some(({ kind }) => kind !== 'sniffer'),
      otelExport: isOtel,
      edgeMetrics: options.edgeMetrics,
    };
  }

  function setGauges(): void {
    const watched = new Set(deps.reporters.active(clock.now()).flatMap(({ kind, node }) => (kind === 'sniffer' ? [node] : [])));
    let without = 0;
    for (const node of deps.facts.nodes) if (!watched.has(node)) without += 1;
    metrics.nodesWithoutSniffer.set(without);
    for (const [name, size] of sizes) metrics.exportSeries.set({ export: name }, size());
  }

  let readAt = Number.NEGATIVE_INFINITY;
  async function readFirst(): Promise<void> {
    if (!isStarted || !options.edgeMetrics || performance.now() - readAt < SCRAPE_INTERVAL_MS) return;
    readAt = performance.now();
    await feed?.poll();
  }

  /** Where it would go, without what a URL may carry in secret. */
  const destination = telemetry.endpoint === undefined ? undefined : new URL(telemetry.endpoint).origin;

  return {
    wrap: (next) => (request, response) => {
      const path = (request.url ?? '').split('?', 1)[0];
      if (path === '/metrics') {
        void readFirst().then(() => {
          setGauges();
          next(request, response);
        });
        return;
      }
      if (path !== TELEMETRY_PATH || request.method !== 'GET') {
        next(request, response);
        return;
      }
      report().then(
        (body) => {
          const isSent = destination !== undefined;
          const state = isSent ? { sent: true, to: destination } : { sent: false, reason: 'reason' in telemetry ? telemetry.reason : '' };
          response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
          response.end(`${JSON.stringify({ ...state, body }, undefined, 2)}\n`);
        },
        () => response.writeHead(503, { 'content-type': 'text/plain' }).end('the store is not open\n'),
      );
    },
    async start(signal) {
      for (const part of parts) await part.start(signal);
      isStarted = true;
    },
    async stop() {
      isStarted = false;
      for (const part of parts.toReversed()) await part.stop();
    },
  };
}

function createPoller(feed: EdgeFeed, intervalMs: number): Startable {
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      timer = setInterval(() => void feed.poll(), intervalMs);
      return Promise.resolve();
    },
    stop() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
