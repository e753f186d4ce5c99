/**
 * What the OpenTelemetry export costs: 10,000 edges change in every simulated minute, the export reads them and sends
 * all of them by OTLP to a receiver in another process. `node bench/export.ts [minutes]`.
 * CPU is that of reading and sending alone. Memory is that of a process of its own, trimmed after each minute as the
 * mapper does in quiet moments, and compared with one that does everything but export.
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
import type { Clock, EdgeUpdate, WorkloadPeer } from '@nm/core';
import { trimHeap } from '@nm/runtime';
import { Registry } from 'prom-client';
import { createEdgeFeed } from '../packages/mapper/src/export/edge-feed.ts';
import { loadOtelExporter } from '../packages/mapper/src/export/otel/otel-exporter.ts';
import { createServiceGraph } from '../packages/mapper/src/export/otel/service-graph.ts';
import { createMapperMetrics } from '../packages/mapper/src/mapper-metrics.ts';
import { createStore } from '../packages/mapper/src/store/create-store.ts';
import type { Store } from '../packages/mapper/src/store/store.ts';
import { printFigures } from './figures.ts';

const EDGES = 10_000;
const WORKLOADS = 500;
const BATCH = 1_000;
const MINUTE_MS = 60_000;
const WARM_MINUTES = 5;
const MIB = 1_048_576;

type Protocol = 'grpc' | 'http/protobuf';

/** What one process measured, a value for each minute. */
interface Measured {
  readonly cores: readonly number[];
  readonly rss: readonly number[];
  readonly heap: readonly number[];
}

const [role, argument] = process.argv.slice(2);
if (role === 'receive') receive(argument === 'grpc');
else if (role === 'measure') process.send?.(await measure(Number(process.argv[4]), argument as Protocol | 'none'));
else await compare(Number(role ?? 60));

async function compare(minutes: number): Promise<void> {
  const run = async (protocol: Protocol | 'none'): Promise<Measured> => {
    const child = fork(new URL(import.meta.url), ['measure', protocol, String(minutes)]);
    const [measured] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error(`measuring ${protocol} failed`))),
    ])) as [Measured];
    return measured;
  };
  // At once: most of a simulated minute is waiting for the store, and only the process's own time counts.
  const protocols = ['http/protobuf', 'grpc'] as const;
  const [without, ...exporting] = await Promise.all([run('none'), ...protocols.map(run)]);
  const figures: Record<string, readonly number[]> = {
    'without export, MiB (RSS)': lastTwoThirds(without.rss),
    'without export, MiB (heap and buffers)': lastTwoThirds(without.heap),
  };
  for (const [index, { cores, rss, heap }] of exporting.entries()) {
    const protocol = protocols[index] ?? '';
    // Minute by minute: the store itself takes more from one to the next.
    const more = (values: readonly number[], base: readonly number[]): number[] =>
      values.map((value, minute) => value - (base[minute] ?? 0));
    const heapMore = more(heap, without.heap);
    figures[`${protocol}: share of a core, %`] = cores.map((share) => share * 100);
    figures[`${protocol}: memory more than without, MiB (RSS)`] = lastTwoThirds(more(rss, without.rss));
    figures[`${protocol}: memory more than without, MiB (heap and buffers)`] = lastTwoThirds(heapMore);
    const third = Math.floor(minutes / 3);
    figures[`${protocol}: growth from the second third to the last, MiB (heap)`] = [
      median(heapMore.slice(2 * third)) - median(heapMore.slice(third, 2 * third)),
    ];
  }
  printFigures('export', figures, { edges: EDGES, minutes });
}

async function measure(minutes: number, protocol: Protocol | 'none'): Promise<Measured> {
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
  const sending = protocol === 'none' ? undefined : await startExport(store, clock, protocol);
  const cores: number[] = [];
  const rss: number[] = [];
  const heap: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const { version } = await store.status();
    await passMinute();
    // The store tells of changed counts a little later, by real time.
    for (let waited = 0; waited < 100 && (await store.status()).version < version + EDGES; waited++) await sleep(20);
    const start = process.cpuUsage();
    await sending?.send();
    const { user, system } = process.cpuUsage(start);
    cores.push((user + system) / 1e6 / 60);
    trimHeap();
    const { rss: resident, heapUsed, external } = process.memoryUsage();
    rss.push(resident / MIB);
    heap.push((heapUsed + external) / MIB);
  }
  // Changes of counts are numbered at most a twentieth of the time: the last ones come some seconds later.
  await sleep(4_000);
  await sending?.finish(EDGES * minutes * 3);
  await store.stop();
  rmSync(folder, { recursive: true });
  return { cores, rss, heap };
}

interface Sending {
  send(): Promise<void>;
  /** @throws Error unless as many connections were exported. */
  finish(expected: number): Promise<void>;
}

async function startExport(store: Store, clock: Clock, protocol: Protocol): Promise<Sending> {
  const receiver = fork(new URL(import.meta.url), ['receive', protocol]);
  const [port] = (await once(receiver, 'message')) as [number];
  const metrics = createMapperMetrics(new Registry());
  const graph = createServiceGraph({ clock, onOverflow: () => undefined }, { maxSeries: 20_000 });
  const feed = createEdgeFeed({ store, clock, log: silentLogger, metrics, takers: [graph.take] });
  const exporter = await loadOtelExporter(
    { log: silentLogger, env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } },
    { protocol, metricName: 'traces_service_graph_request_total', version: 'bench' },
  );
  await feed.start();
  return {
    async send() {
      await feed.poll();
      const { failed, reason } = await exporter.send(graph.values(), clock.now(), AbortSignal.timeout(MINUTE_MS));
      if (failed > 0) throw new Error(reason);
    },
    async finish(expected) {
      await feed.poll();
      let total = 0;
      for (const { value } of graph.values()) total += value;
      receiver.kill();
      if (total !== expected) throw new Error(`${total} connections were exported, ${expected} were seen`);
    },
  };
}

/** What comes before is the filling of caches. */
function lastTwoThirds(values: readonly number[]): readonly number[] {
  return values.slice(Math.floor(values.length / 3));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
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
