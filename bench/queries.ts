import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient, createReportWriter, EDGES, INTENTS, OVERVIEW, REPORT } from '@nm/api';
import { startMapper } from './support/mapper-process.ts';
import { writeCluster } from './support/synthetic-cluster.ts';

/** Time of queries on 100,000 edges, and the mapper's memory before and after them: `node bench/queries.ts`. */
const PODS = 10_000;
const WORKLOADS = 1_000;
const EDGE_COUNT = 100_000;
const ROWS = 1_000;
const REPEATS = 5;

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
const { pods } = writeCluster(join(folder, 'kube'), { pods: PODS, workloads: WORKLOADS, nodes: 100 });
const mapper = await startMapper(['--store', `sqlite:${join(folder, 'map.db')}`, '--kube', join(folder, 'kube')]);
const client = createApiClient({ url: mapper.url, timeoutMs: 120_000 });
let overviews = 0;
const mebibytes = (): string => `${(mapper.usage().rssBytes / 1_048_576).toFixed(0)} MiB`;

async function timed(name: string, run: () => Promise<number>): Promise<void> {
  const times: number[] = [];
  let size = 0;
  const before = mapper.usage().cpuSeconds;
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    size = await run();
    times.push(performance.now() - start);
  }
  const cpu = (((mapper.usage().cpuSeconds - before) / REPEATS) * 1_000).toFixed(0);
  times.sort((a, b) => a - b);
  const shown = [times[0], times[times.length >> 1], times.at(-1)].map((time) => (time ?? 0).toFixed(0)).join(' / ');
  console.log(`${name}: ${shown} ms (min / median / max), ${cpu} ms of CPU, ${size} items, then ${mebibytes()}`);
}

try {
  console.log(`ready: ${mebibytes()}`);
  for (let first = 0, sequence = 1; first < EDGE_COUNT; first += ROWS, sequence++) {
    const now = Date.now();
    const writer = createReportWriter();
    for (let edge = first; edge < first + ROWS; edge++) {
      const source = pods[edge % WORKLOADS]?.address ?? '';
      const address = pods[(edge + 1 + Math.floor(edge / WORKLOADS)) % WORKLOADS]?.address ?? '';
      const destination = { protocol: 'TCP', address, port: 8080 } as const;
      writer.add({
        kind: 'tcp',
        vantage: 'client',
        source: { address: source },
        destination,
        count: 1,
        firstSeenAt: now - 9,
        lastSeenAt: now - 9,
      });
    }
    await client.run(REPORT, {
      batch: writer.finish({ kind: 'sniffer', node: 'node-0', instance: 'bench', version: 'bench' }, sequence, now),
    });
  }
  console.log(`${EDGE_COUNT} edges stored: ${mebibytes()}`);
  await timed('edges, first page of 100', async () => (await client.run(EDGES, { first: 100 })).edges.nodes.length);
  await timed(
    'edges of one namespace',
    async () => (await client.run(EDGES, { first: 100, filter: { namespaces: ['team-7'] } })).edges.nodes.length,
  );
  await timed('intents of one namespace', async () => (await client.run(INTENTS, { namespaces: ['team-7'] })).intents.length);
  await timed('overview by namespaces', async () => {
    // Answers serve everybody for two seconds: each of these is made anew.
    const since = new Date(Date.now() - 86_400_000 - overviews++ * 3_600_000).toISOString();
    return (await client.run(OVERVIEW, { since })).overview.edgeCount;
  });
  await timed('all intents', async () => (await client.run(INTENTS, {})).intents.length);
  console.log(`peak ${(mapper.usage().peakBytes / 1_048_576).toFixed(0)} MiB`);
} finally {
  await mapper.stop();
  rmSync(folder, { recursive: true, force: true });
}
