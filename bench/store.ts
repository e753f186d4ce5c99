/**
 * How fast the store takes and gives: 200 reporters send batches of 1,000 observations between random pods of 10,000,
 * new edges until 100,000, then repeats. `node bench/store.ts [postgres]`, default a SQLite file; `postgres` starts one.
 * On a busy machine the CPU per update says more than the rate.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import type { EdgeUpdate, WorkloadPeer } from '@nm/core';
import { createStore } from '../packages/mapper/src/store/create-store.ts';
import type { Store } from '../packages/mapper/src/store/store.ts';
import { startPostgres } from '../packages/mapper/src/store/testing/embedded-postgres.ts';

const PODS = 10_000;
const WORKLOADS = 2_000;
const NAMESPACES = 100;
const EDGES = 100_000;
const REPORTERS = 200;
const BATCH = 1_000;
const REPEATED_BATCHES = 300;
const IN_FLIGHT = 4;
const REPEATS = 7;

interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** The resolver gives the same peer again and again. */
const peers = Array.from({ length: WORKLOADS }, (_, index) => workload(index));

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-store-'));
const postgres = process.argv[2] === 'postgres' ? await startPostgres() : undefined;
const url = (await postgres?.createDatabase()) ?? `sqlite:${join(folder, 'map.db')}`;
const figures: Figure[] = [];
const store = createStore({ clock: { now: () => Date.now() }, log: silentLogger }, { url });
await store.start();
try {
  await measure(store);
} finally {
  await store.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true });
}
mkdirSync(new URL('results/', import.meta.url), { recursive: true });
const name = url.startsWith('sqlite:') ? 'store-sqlite' : 'store-postgres';
writeFileSync(new URL(`results/${name}.json`, import.meta.url), `${JSON.stringify({ node: process.version, figures }, null, 2)}\n`);

async function measure(target: Store): Promise<void> {
  const pairs = randomPairs();
  const sequences = Array.from({ length: REPORTERS }, () => 0);
  let next = 0;
  const newEdges = Array.from({ length: EDGES / BATCH }, (_, index) => () => pairs.slice(index * BATCH, (index + 1) * BATCH));
  const repeats = Array.from(
    { length: REPEATED_BATCHES },
    () => () => Array.from({ length: BATCH }, () => pairs[Math.floor(Math.random() * EDGES)] ?? [0, 0]),
  );
  for (const [what, phases] of [
    ['new edges', [newEdges]],
    ['repeats', [repeats, repeats, repeats]],
  ] as const) {
    const rates: number[] = [];
    const latencies: number[] = [];
    const costs: number[] = [];
    for (const batches of phases) {
      const startedAt = performance.now();
      const cpu = process.cpuUsage();
      let taken = 0;
      const worker = async (): Promise<void> => {
        for (let make = batches[taken++]; make !== undefined; make = batches[taken++]) {
          const reporter = next++ % REPORTERS;
          sequences[reporter] = (sequences[reporter] ?? 0) + 1;
          const updates = make().map(([client = 0, server = 0]) => updateOf(client, server));
          const sentAt = performance.now();
          await target.applyBatch({
            reporter: {
              instance: `r${reporter}`,
              sequence: sequences[reporter] ?? 0,
              kind: 'sniffer',
              cluster: 'bench',
              seenAt: Date.now(),
            },
            parts: [{ updates }],
          });
          latencies.push(performance.now() - sentAt);
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
      const seconds = (performance.now() - startedAt) / 1000;
      const used = process.cpuUsage(cpu);
      rates.push((batches.length * BATCH) / seconds);
      costs.push((used.user + used.system) / (batches.length * BATCH));
    }
    add(`${what} stored`, 'updates/s', rates);
    add(`${what}, CPU per update, making it included`, 'us', costs);
    add(`${what}, a batch`, 'ms', latencies);
    add(`${what}, longest transaction`, 'ms', [target.stats().longestTransactionMs]);
  }
  await timed('a round of maintenance', () => target.maintain(), 1);
  await timed('first page of edges (100)', () => target.edges({ first: 100 }));
  await timed('page of edges (1000)', () => target.edges({ first: 1000 }));
  await timed('page in the last hour', () => target.edges({ first: 100, window: { since: Date.now() - 3_600_000 } }));
  await timed('page of one namespace', () => target.edges({ first: 100, filter: { either: [{ namespaces: ['ns-42'] }] } }));
  await timed('page by label', () => target.edges({ first: 100, filter: { either: [{ labels: [{ key: 'app', value: 'app-77' }] }] } }));
  await timed('page by port', () => target.edges({ first: 100, filter: { ports: [8003] } }));
  await timed('count of edges', () => target.countEdges({}));
  await timed('page of workloads (100)', () => target.workloads({ first: 100 }));
  await timed('namespaces', () => target.namespaces());
  await timed('activity of all', () => target.activity({ widthMs: 300_000 }));
  await timed('all edges of one namespace', () => drain(target, 'ns-42', false));
  await timed('all 100,000 edges, without counts', () => drain(target, undefined, false), 3);
  await timed('all 100,000 edges, with counts', () => drain(target, undefined, true), 3);
  const { sizeBytes } = await target.status();
  add('file', 'MiB', [sizeBytes / 2 ** 20]);
  pairs.length = 0;
  add('memory after queries (RSS)', 'MiB', [process.memoryUsage().rss / 2 ** 20]);
  global.gc?.();
  add('memory after queries (heap used)', 'MiB', [process.memoryUsage().heapUsed / 2 ** 20]);
}

async function drain(target: Store, namespace: string | undefined, counts: boolean): Promise<number> {
  let edges = 0;
  const filter = namespace === undefined ? {} : { client: { namespaces: [namespace] } };
  for await (const chunk of target.exportEdges({ counts, filter })) edges += chunk.length;
  return edges;
}

function randomPairs(): [number, number][] {
  const seen = new Set<number>();
  while (seen.size < EDGES) seen.add(Math.floor(Math.random() * WORKLOADS) * PODS + Math.floor(Math.random() * WORKLOADS));
  return [...seen].map((pair) => [Math.floor(pair / PODS), pair % PODS]);
}

function workload(index: number): WorkloadPeer {
  const labels = { app: `app-${index}`, 'app.kubernetes.io/part-of': `shop-${index % 20}`, tier: index % 2 === 0 ? 'web' : 'data' };
  return {
    type: 'workload',
    cluster: 'bench',
    namespace: `ns-${index % NAMESPACES}`,
    name: `workload-${index}`,
    kind: 'Deployment',
    labels,
  };
}

function updateOf(client: number, server: number): EdgeUpdate {
  const now = Date.now();
  return {
    client: peers[client] ?? workload(client),
    server: peers[server] ?? workload(server),
    class: 'app',
    shared: false,
    evidence: 'tcp',
    vantage: 'client',
    count: 1,
    firstSeenAt: now - 1000,
    lastSeenAt: now,
    port: {
      port: 8000 + (server % 10),
      protocol: 'TCP',
      service: { namespace: `ns-${server % NAMESPACES}`, name: `workload-${server}` },
      servicePort: 80,
    },
  };
}

async function timed(what: string, run: () => Promise<unknown>, repeats = REPEATS): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < repeats; index += 1) {
    const startedAt = performance.now();
    await run();
    times.push(performance.now() - startedAt);
  }
  add(what, 'ms', times);
}

function add(what: string, unit: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => Number((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toPrecision(4));
  const figure = { what, unit, min: at(0), median: at(0.5), max: at(1) };
  figures.push(figure);
  console.log(
    `${what.padEnd(48)} ${figure.min} / ${figure.median} / ${figure.max} ${unit}${values.length > 20 ? ` (p99 ${at(0.99)})` : ''}`,
  );
}
