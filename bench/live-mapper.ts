import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiClient, createReportWriter, EDGES, REPORT, STATUS } from '@nm/api';
import type { Message, Order, Tenure } from './support/churning-cluster.ts';
import { namespaceOf, PODS, WORKLOADS, workloadName } from './support/churning-cluster.ts';
import { startMapper } from './support/mapper-process.ts';

/**
 * The mapper against a live API over HTTP with 10,000 pods: time to ready, memory, CPU at rest, pods never seen before,
 * and a churn of 100 pods a second, of which every observation must be booked on the pod that had the address then.
 * Every workload calls 100 others, so that the map has 100,000 edges and then no more: what grows after that is a leak.
 * `node bench/live-mapper.ts [seconds of churn, 600]`
 */
const CHURN_SECONDS = Number(process.argv[2] ?? 600);
const CHURN_PER_SECOND = 100;
const IDLE_SECONDS = 20;
const NEW_PODS = 5_000;
const ROWS = 1_000;
const SERVERS_OF_A_WORKLOAD = 100;
/** Observations are up to so old; old enough that a pod's end in whole seconds does not matter. */
const MAX_AGE_MS = 5_000;
const MARGIN_MS = 1_500;

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
const cluster = fork(new URL('./support/churning-cluster.ts', import.meta.url).pathname, ['serve-churning-cluster']);
const order = (message: Order): void => void cluster.send(message);

/** Who had which address when, in the order of their times. */
const tenures = new Map<string, Tenure[]>();
const addresses: string[] = [];
let kubeconfig = '';
const ready = new Promise<void>((resolve) => {
  cluster.on('message', (message: Message) => {
    if ('kubeconfig' in message) {
      ({ kubeconfig } = message);
      return;
    }
    for (const gone of message.gone) {
      const list = tenures.get(gone.address);
      if (list !== undefined) list[list.length - 1] = gone;
    }
    for (const born of message.born) {
      const list = tenures.get(born.address);
      if (list === undefined) {
        tenures.set(born.address, [born]);
        addresses.push(born.address);
      } else {
        list.push(born);
        if (list.length > 4) list.shift();
      }
    }
    resolve();
  });
});
await ready;

const configFile = join(folder, 'kubeconfig');
writeFileSync(configFile, kubeconfig);
const mapper = await startMapper(['--store', `sqlite:${join(folder, 'map.db')}`, '--kubeconfig', configFile]);
const client = createApiClient({ url: mapper.url, timeoutMs: 120_000 });
const mebibytes = (bytes = mapper.usage().rssBytes): string => `${(bytes / 1_048_576).toFixed(0)} MiB`;

/** Calls expected, by client and server. */
const expected = new Map<string, number>();
let sequence = 0;

function tenantAt(address: string, at: number): Tenure | undefined {
  return tenures.get(address)?.find(({ from, to }) => from + MARGIN_MS <= at && at < (to ?? Number.POSITIVE_INFINITY) - MARGIN_MS);
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}

/** A batch of calls between two pods each, at times within the last seconds. */
async function report(choose: () => string | undefined, margin = MAX_AGE_MS): Promise<number> {
  const now = Date.now();
  const writer = createReportWriter();
  let rows = 0;
  for (let tries = 0; rows < ROWS && tries < 40 * ROWS; tries++) {
    const at = now - random(margin);
    const client = tenantAt(choose() ?? '', at);
    const server = tenantAt(choose() ?? '', at);
    if (client === undefined || server === undefined || client.address === server.address) continue;
    if ((server.workload - client.workload + WORKLOADS) % WORKLOADS >= SERVERS_OF_A_WORKLOAD) continue;
    writer.add({
      kind: 'tcp',
      vantage: 'client',
      node: `node-${client.node}`,
      source: { address: client.address },
      destination: { protocol: 'TCP', address: server.address, port: 8080 },
      count: 1,
      firstSeenAt: at,
      lastSeenAt: at,
    });
    const key = `${namespaceOf(client.workload)}/${workloadName(client.workload)} ${namespaceOf(server.workload)}/${workloadName(server.workload)}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
    rows++;
  }
  if (rows === 0) return 0;
  sequence += 1;
  const batch = writer.finish({ kind: 'sniffer', node: 'node-0', instance: 'bench', version: 'bench' }, sequence, now);
  for (;;) {
    try {
      await client.run(REPORT, { batch });
      return rows;
    } catch (error) {
      if ((error as { code?: string }).code !== 'API_BUSY') throw error;
      await sleep(200);
    }
  }
}

/** Waits until nothing waits for the API any more. */
async function settled(): Promise<void> {
  while ((await client.run(STATUS, {})).status.waiting > 0) await sleep(200);
}

/**
 * Compares the map with what was sent. A call is wrong when it is booked on a pair that did not make it; a call that is
 * only missing was not resolved in time, because the API told of its pod later than --resolve-wait, and is `unknown`.
 */
async function compare(): Promise<{ pairs: number; calls: number; wrong: number; missing: number; example: string | undefined }> {
  const found = new Map<string, number>();
  let after: string | undefined;
  do {
    const { edges } = await client.run(EDGES, { first: 1_000, ...(after !== undefined && { after }) });
    for (const edge of edges.nodes) {
      const name = (peer: { namespace?: string | null; name?: string | null }): string => `${peer.namespace}/${peer.name}`;
      const count = edge.evidence.tcp?.count ?? 0;
      found.set(`${name(edge.client)} ${name(edge.server)}`, count);
    }
    after = edges.pageInfo.hasNextPage ? (edges.pageInfo.endCursor ?? undefined) : undefined;
  } while (after !== undefined);
  let wrong = 0;
  let missing = 0;
  let example: string | undefined;
  const keys = new Set([...found.keys(), ...expected.keys()]);
  for (const key of keys) {
    const difference = (found.get(key) ?? 0) - (expected.get(key) ?? 0);
    wrong += Math.max(0, difference);
    missing += Math.max(0, -difference);
    if (difference > 0) example ??= `${key}: sent ${expected.get(key) ?? 0}, shown ${found.get(key) ?? 0}`;
  }
  return {
    pairs: keys.size,
    calls: [...expected.values()].reduce((sum, count) => sum + count, 0),
    wrong,
    missing: missing - wrong,
    example,
  };
}

try {
  console.log(
    `${PODS} pods: start ${mapper.startMs} ms, from the spawn ${mapper.readyMs.toFixed(0)} ms, ${mapper.usage().cpuSeconds.toFixed(2)} s of CPU; ${mebibytes()}, at its highest ${mebibytes(mapper.usage().peakBytes)}`,
  );
  // What the start left behind is collected, and the addresses of all pods are stored.
  await sleep(16_000);
  const before = mapper.usage().cpuSeconds;
  await sleep(IDLE_SECONDS * 1_000);
  console.log(`idle: ${(((mapper.usage().cpuSeconds - before) / IDLE_SECONDS) * 100).toFixed(2)} % of a core, ${mebibytes()}`);

  // Pods nobody has seen: told to the API just now, reported as soon as their first second is over.
  const known = addresses.length;
  order({ add: NEW_PODS });
  while (addresses.length === known) await sleep(50);
  await sleep(MARGIN_MS + 1_000);
  const cpu = mapper.usage().cpuSeconds;
  const start = performance.now();
  let stored = 0;
  for (let i = 0; i < 20; i++) stored += await report(() => addresses[known + random(addresses.length - known)], 500);
  await settled();
  const used = mapper.usage().cpuSeconds - cpu;
  console.log(
    `${NEW_PODS} pods never seen before: ${stored} observations, ${(stored / used).toFixed(0)} per CPU second, ${(stored / ((performance.now() - start) / 1_000)).toFixed(0)}/s`,
  );

  order({ churnPerSecond: CHURN_PER_SECOND });
  const end = Date.now() + CHURN_SECONDS * 1_000;
  for (let nextLook = Date.now(); Date.now() < end;) {
    const from = mapper.usage().cpuSeconds;
    nextLook = Math.min(end, nextLook + Math.max(10_000, (CHURN_SECONDS * 1_000) / 12));
    let sent = 0;
    while (Date.now() < nextLook) {
      sent += await report(() => addresses[random(addresses.length)]);
      await sleep(500);
    }
    const cores = (mapper.usage().cpuSeconds - from) * 1_000;
    console.log(`churn of ${CHURN_PER_SECOND}/s: ${sent} observations, ${cores.toFixed(0)} ms of CPU, ${mebibytes()}`);
  }
  order({ churnPerSecond: 0 });
  await settled();
  const { pairs, calls, wrong, missing, example } = await compare();
  const { unresolved } = (await client.run(STATUS, {})).status;
  console.log(
    `${calls} calls between ${pairs} pairs: ${wrong} wrong${example === undefined ? '' : ` (${example})`}, ${missing} not resolved in time (${JSON.stringify(unresolved)}); peak ${mebibytes(mapper.usage().peakBytes)}`,
  );
  if (wrong > 0) process.exitCode = 1;
} finally {
  await mapper.stop();
  cluster.kill();
  rmSync(folder, { recursive: true, force: true });
}
