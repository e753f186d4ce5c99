/**
 * What the OpenTelemetry export costs: 10,000 edges change in every simulated minute, the export reads them and sends
 * all of them by OTLP to a receiver in another process. `node --expose-gc bench/export.ts [minutes] [grpc]`.
 * CPU is that of reading and sending alone; memory is compared with the same store without export.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@nm/core';
import type { EdgeUpdate, WorkloadPeer } from '@nm/core';
import { Registry } from 'prom-client';
import { createEdgeFeed } from '../packages/mapper/src/export/edge-feed.ts';
import { loadOtelExporter } from '../packages/mapper/src/export/otel/otel-exporter.ts';
import { createServiceGraph } from '../packages/mapper/src/export/otel/service-graph.ts';
import { createMapperMetrics } from '../packages/mapper/src/mapper-metrics.ts';
import { createStore } from '../packages/mapper/src/store/create-store.ts';
import { printFigures } from './figures.ts';

const EDGES = 10_000;
const WORKLOADS = 500;
const BATCH = 1_000;
const MINUTE_MS = 60_000;
const WARM_MINUTES = 5;

if (process.argv[2] === 'receive') receive(process.argv[3] === 'grpc');
else await measure(Number(process.argv[2] ?? 60), process.argv[3] === 'grpc' ? 'grpc' : 'http/protobuf');

async function measure(minutes: number, protocol: 'grpc' | 'http/protobuf'): Promise<void> {
  const receiver = fork(new URL(import.meta.url), ['receive', protocol]);
  const [port] = (await once(receiver, 'message')) as [number];
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'nm-bench-export-'));
  const time = { now: Date.parse('2026-03-01T00:00:00Z') };
  const clock = { now: () => time.now };
  const store = createStore({ clock, log: silentLogger }, { url: `sqlite:${join(folder, 'map.db')}`, changeIntervalMs: 20 });
  await store.start();
  await store.registerCluster({ name: 'bench' });

  async function passMinute(): Promise<void> {
    time.now += MINUTE_MS;
    for (let from = 0; from < EDGES; from += BATCH) {
      const updates = Array.from({ length: BATCH }, (_, index) => update(from + index, time.now));
      await store.applyBatch({ parts: [{ updates }] });
    }
    await store.maintain();
  }

  for (let minute = 0; minute < WARM_MINUTES; minute++) await passMinute();
  const before = memory();

  const metrics = createMapperMetrics(new Registry());
  const graph = createServiceGraph({ clock, onOverflow: () => undefined }, { maxSeries: 20_000 });
  const feed = createEdgeFeed({ store, clock, log: silentLogger, metrics, takers: [graph.take] });
  const exporter = await loadOtelExporter(
    { log: silentLogger },
    { protocol, metricName: 'traces_service_graph_request_total', version: 'bench' },
  );
  await feed.start();
  const cores: number[] = [];
  const rss: number[] = [];
  const heap: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const { version } = await store.status();
    await passMinute();
    // The store tells of changed counts a little later, by real time.
    for (let waited = 0; waited < 100 && (await store.status()).version < version + EDGES; waited++) await sleep(20);
    const start = process.cpuUsage();
    await feed.poll();
    await exporter.send(graph.values(), time.now);
    const { user, system } = process.cpuUsage(start);
    cores.push((user + system) / 1e6 / 60);
    const now = memory();
    rss.push(now.rss);
    heap.push(now.heap);
  }
  // Changes of counts are numbered at most a twentieth of the time: the last ones come some seconds later.
  await sleep(4_000);
  await feed.poll();
  let total = 0;
  for (const { value } of graph.values()) total += value;
  const expected = EDGES * minutes * 3;
  if (total !== expected) throw new Error(`${total} connections were exported, ${expected} were seen`);
  const third = Math.floor(minutes / 3);
  const mib = 1_048_576;
  printFigures(
    'export',
    {
      'share of a core, %': cores.map((share) => share * 100),
      'memory more than without, MiB (RSS)': rss.slice(third).map((value) => (value - before.rss) / mib),
      'memory more than without, MiB (heap and buffers)': heap.slice(third).map((value) => (value - before.heap) / mib),
      'growth from the second third to the last, MiB (heap)': [
        (median(heap.slice(2 * third)) - median(heap.slice(third, 2 * third))) / mib,
      ],
    },
    { edges: EDGES, minutes, protocol, series: graph.size, followed: feed.followed },
  );
  await exporter.stop();
  await store.stop();
  receiver.kill();
  rmSync(folder, { recursive: true });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function memory(): { readonly rss: number; readonly heap: number } {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

function workload(index: number): WorkloadPeer {
  return {
    type: 'workload',
    cluster: 'bench',
    namespace: `team-${index % 50}`,
    name: `service-with-a-usual-name-${index}`,
    kind: 'Deployment',
  };
}

function update(index: number, at: number): EdgeUpdate {
  const client = index % WORKLOADS;
  return {
    client: workload(client),
    server: workload((client + 1 + Math.floor(index / WORKLOADS)) % WORKLOADS),
    class: 'app',
    shared: false,
    evidence: 'tcp',
    vantage: 'client',
    count: 3,
    firstSeenAt: at - 1_000,
    lastSeenAt: at - 500,
    port: { port: 8_080, protocol: 'TCP' },
  };
}

/** Takes everything and keeps nothing. */
function receive(isGrpc: boolean): void {
  const server = isGrpc
    ? createHttp2Server()
    : createServer((request, response) => void request.resume().on('end', () => response.writeHead(200).end()));
  if (isGrpc) {
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.resume().on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.alloc(5));
      });
    });
  }
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}
