import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createReportWriter, REPORT } from '@nm/api';
import type { Observation } from '@nm/core';
import { startMapper } from './support/mapper-process.ts';
import type { MapperProcess } from './support/mapper-process.ts';
import { writeCluster } from './support/synthetic-cluster.ts';
import type { SyntheticCluster } from './support/synthetic-cluster.ts';

/**
 * Observations per second that the mapper acknowledges, which means: stored in SQLite. 200 reporters, batches of 1,000
 * over HTTP with gzip, each reporter with one batch in flight; 10,000 pods; new edges until 100,000, then repeats.
 * `node bench/ingest.ts [rounds [rounds of compatible mutations]]`
 */
const REPORTERS = 200;
const ROWS = 1_000;
const PODS = 10_000;
const WORKLOADS = 1_000;
const EDGES = 100_000;
/** So many that those who come back last do not decide. */
const BATCHES_PER_ROUND = 5;
/** Rounds that follow the new edges: a million observations in all make the mix. */
const ROUNDS = Number(process.argv[2] ?? 2);
const COMPATIBLE_ROUNDS = Number(process.argv[3] ?? ROUNDS);
/** Below saturation: what a batch waits is then the mapper's own doing. */
const PACED_PER_SECOND = 10_000;
const PACED_BATCHES = 80;
const COMPATIBLE_BATCHES = 100;
const COMPATIBLE_DESTINATIONS = 200;

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
const cluster = writeCluster(join(folder, 'kube'), { pods: PODS, workloads: WORKLOADS, nodes: REPORTERS });
const agent = new Agent({ keepAlive: true, maxSockets: REPORTERS });

/** Times a batch was told to come back. */
let refused = 0;

/** Deterministic (xorshift32), so that runs compare. */
let state = 123_456_789;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

function post(url: string, body: Buffer, gzip: boolean): Promise<{ status: number; text: string; retryAfterMs: number }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length, ...(gzip && { 'content-encoding': 'gzip' }) };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1_000;
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, retryAfterMs }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The pair of pods that makes edge number `edge`: workload a to workload b, any pod of each. */
function pairOf(edge: number, { pods }: SyntheticCluster): [SyntheticCluster['pods'][number], SyntheticCluster['pods'][number]] {
  const a = edge % WORKLOADS;
  const b = (a + 1 + Math.floor(edge / WORKLOADS)) % WORKLOADS;
  const podOf = (workload: number): SyntheticCluster['pods'][number] => {
    const pod = pods[workload + WORKLOADS * random(PODS / WORKLOADS)];
    if (pod === undefined) throw new Error('no such pod');
    return pod;
  };
  return [podOf(a), podOf(b)];
}

function reportBody(reporter: number, sequence: number, nextEdge: () => number): Buffer {
  const now = Date.now();
  const writer = createReportWriter();
  for (let i = 0; i < ROWS; i++) {
    const [client, server] = pairOf(nextEdge(), cluster);
    const observation: Observation = {
      kind: i % 4 === 0 ? 'socket' : 'tcp',
      vantage: 'client',
      source: { address: client.address },
      destination: { protocol: 'TCP', address: server.address, port: 8080 },
      count: 1,
      firstSeenAt: now - 900,
      lastSeenAt: now - 10,
    };
    writer.add(observation);
  }
  const batch = writer.finish(
    { kind: 'sniffer', node: `node-${reporter}`, instance: `bench-${reporter}`, version: 'bench' },
    sequence,
    now,
  );
  return gzipSync(JSON.stringify({ query: REPORT.text, variables: { batch } }), { level: 1 });
}

/** Sends each lane's bodies one after the other, all lanes at once; returns the latencies. */
async function send(url: string, lanes: readonly (readonly Buffer[])[], gzip: boolean): Promise<number[]> {
  const latencies: number[] = [];
  await Promise.all(
    lanes.map(async (bodies) => {
      for (const body of bodies) {
        let start = performance.now();
        let answer = await post(url, body, gzip);
        while (answer.status === 503) {
          refused++;
          // As reporters do: when told, and some later than others.
          await sleep(answer.retryAfterMs + random(500));
          start = performance.now();
          answer = await post(url, body, gzip);
        }
        if (answer.status !== 200 || answer.text.includes('"errors"'))
          throw new Error(`HTTP ${answer.status}: ${answer.text.slice(0, 300)}`);
        latencies.push(performance.now() - start);
      }
    }),
  );
  return latencies;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}

function spread(values: readonly number[], digits = 0): string {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)].map((value) => (value ?? 0).toFixed(digits)).join(' / ');
}

async function measure(
  mapper: MapperProcess,
  name: string,
  count: number,
  lanes: readonly (readonly Buffer[])[],
  gzip: boolean,
): Promise<Row> {
  const before = mapper.usage();
  const start = performance.now();
  const latencies = await send(mapper.url, lanes, gzip);
  const seconds = (performance.now() - start) / 1_000;
  const after = mapper.usage();
  const cpu = after.cpuSeconds - before.cpuSeconds;
  const row = { perSecond: count / seconds, perCpuSecond: count / cpu, p99: percentile(latencies, 0.99), rss: after.rssBytes / 1_048_576 };
  console.log(
    `  ${name}: ${row.perSecond.toFixed(0)}/s, ${row.perCpuSecond.toFixed(0)} per CPU second, p99 ${row.p99.toFixed(0)} ms, ${row.rss.toFixed(0)} MiB`,
  );
  return row;
}

interface Row {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly p99: number;
  readonly rss: number;
}

/** Rates of several measurements together, by the time and the CPU time that each took. */
function mixOf(parts: readonly { readonly row: Row; readonly batches: number }[]): Pick<Row, 'perSecond' | 'perCpuSecond'> {
  const total = parts.reduce((sum, { batches }) => sum + batches, 0);
  const rate = (of: (row: Row) => number): number => total / parts.reduce((sum, { row, batches }) => sum + batches / of(row), 0);
  return { perSecond: rate((row) => row.perSecond), perCpuSecond: rate((row) => row.perCpuSecond) };
}

function summary(name: string, rows: readonly Row[]): void {
  console.log(`${name} (min / median / max)`);
  console.log(`  per second      ${spread(rows.map((row) => row.perSecond))}`);
  console.log(`  per CPU second  ${spread(rows.map((row) => row.perCpuSecond))}`);
  console.log(`  p99 of a batch  ${spread(rows.map((row) => row.p99))} ms`);
}

const mapper = await startMapper(['--store', `sqlite:${join(folder, 'map.db')}`, '--kube', join(folder, 'kube')]);
try {
  console.log(`ready after ${mapper.readyMs.toFixed(0)} ms with ${PODS} pods, ${(mapper.usage().rssBytes / 1_048_576).toFixed(0)} MiB`);
  const sequences = Array.from({ length: REPORTERS }, () => 0);
  let edge = 0;
  const makeLanes = (batches: number, nextEdge: () => number): Buffer[][] =>
    sequences.map((_, reporter) =>
      Array.from({ length: batches }, () => {
        const sequence = (sequences[reporter] ?? 0) + 1;
        sequences[reporter] = sequence;
        return reportBody(reporter, sequence, nextEdge);
      }),
    );
  const fresh = await measure(
    mapper,
    'new edges',
    REPORTERS * ROWS,
    makeLanes(1, () => edge++ % EDGES),
    true,
  );
  const rows: Row[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const lanes = makeLanes(BATCHES_PER_ROUND, () => random(EDGES));
    rows.push(await measure(mapper, `round ${round + 1}`, REPORTERS * ROWS * BATCHES_PER_ROUND, lanes, true));
  }
  if (rows.length > 0) {
    const lanes = makeLanes(1, () => random(EDGES)).slice(0, PACED_BATCHES);
    const latencies = await Promise.all(
      lanes.map(async (bodies, index) => {
        await sleep((index * ROWS * 1_000) / PACED_PER_SECOND);
        return send(mapper.url, [bodies], true);
      }),
    );
    const all = latencies.flat();
    console.log(
      `  paced at ${PACED_PER_SECOND}/s: a batch p50 ${percentile(all, 0.5).toFixed(0)} ms, p99 ${percentile(all, 0.99).toFixed(0)} ms, ${(mapper.usage().rssBytes / 1_048_576).toFixed(0)} MiB`,
    );
  }
  const compatible: Row[] = [];
  for (let round = 0; round < COMPATIBLE_ROUNDS; round++) {
    compatible.push(
      await measure(mapper, `compatible ${round + 1}`, COMPATIBLE_BATCHES * COMPATIBLE_DESTINATIONS, compatibleLanes(), false),
    );
  }
  summary(`observations, new edges`, [fresh]);
  summary('the mix: new edges, then repeats', [
    { ...fresh, ...mixOf([{ row: fresh, batches: 1 }, ...rows.map((row) => ({ row, batches: BATCHES_PER_ROUND }))]) },
  ]);
  if (rows.length > 0) summary(`observations acknowledged, ${EDGES} edges`, rows);
  if (compatible.length > 0) summary('compatible destinations', compatible);
  console.log(`told to come back ${refused} times`);
  console.log(`peak memory ${(mapper.usage().peakBytes / 1_048_576).toFixed(0)} MiB`);
} finally {
  await mapper.stop();
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}

function compatibleLanes(): Buffer[][] {
  const query = 'mutation R($results: CaptureTCPResults!) { reportTCPCaptureResults(results: $results) }';
  return Array.from({ length: COMPATIBLE_BATCHES }, () => {
    const lastSeen = new Date().toISOString();
    const results = Array.from({ length: COMPATIBLE_DESTINATIONS / 10 }, () => {
      // Like the repeats before: edges that are known already.
      const workload = random(WORKLOADS);
      return {
        srcIp: pairOf(workload, cluster)[0].address,
        srcHostname: '',
        destinations: Array.from({ length: 10 }, () => {
          const { address } = pairOf(workload + WORKLOADS * random(EDGES / WORKLOADS), cluster)[1];
          return { destination: address, destinationIP: address, destinationPort: 8080, TTL: null, lastSeen, srcPorts: null };
        }),
      };
    });
    return [Buffer.from(JSON.stringify({ query, variables: { results: { results } }, operationName: 'R' }))];
  });
}
