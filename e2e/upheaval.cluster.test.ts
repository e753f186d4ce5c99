import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from '../packages/mapper/src/store/testing/embedded-postgres.ts';
import type { PostgresForTests } from '../packages/mapper/src/store/testing/embedded-postgres.ts';
import { callOnce, shopManifests } from './shop/manifests.ts';
import { ROOT, command, eventually, kubectl } from './support/cluster.ts';
import { edgeKey } from './support/live-map.ts';
import { MAX_WAIT_MS, createRelease, lossesOfSniffers } from './support/release.ts';
import { callNodePort, inventedCalls, isOfShop, lostCalls, miscountedCalls, missingCalls, spokenCalls } from './support/shop-truth.ts';

/**
 * Two mappers on PostgreSQL while the cluster itself is in upheaval: a rolling upgrade of everything, the API server
 * away for a minute, a node drained. Every connection of the shop must be in the map, and nothing else.
 */
const NAMESPACE = 'otterize-system';
/** This machine, as seen from the cluster (e2e/cluster/lib.sh). */
const MACHINE = '172.30.8.2';
const JOB_EVERY_MS = 500;
const API_SERVER_AWAY_MS = 60_000;
const release = createRelease('network-mapper', NAMESPACE, [
  'image.tag=e2e',
  'mapper.replicas=2',
  'mapper.store.type=postgresql',
  'mapper.store.postgresql.existingSecret=map-db',
]);

let postgres: PostgresForTests | undefined;
let door: Server | undefined;
/** Calls that the shop said before pods, and their logs with them, were evicted. */
let said: Awaited<ReturnType<typeof spokenCalls>> = new Map();
/** Clients that were started beside the shop. */
const jobs: string[] = [];

beforeAll(async () => {
  await removeAll();
  postgres = await startPostgres();
  const url = new URL(await postgres.createDatabase());
  door = await openDoor(Number(url.port));
  url.hostname = MACHINE;
  url.port = String((door.address() as AddressInfo).port);
  await kubectl(['create', 'namespace', NAMESPACE]);
  await kubectl(['-n', NAMESPACE, 'create', 'secret', 'generic', 'map-db', `--from-literal=url=${url.href}`]);
  await release.install();
  await kubectl(['apply', '-f', '-'], JSON.stringify(shopManifests('shop:e2e')));
  await kubectl(['-n', 'shop', 'wait', '--for=condition=Available', 'deployment', '--all', '--timeout=120s']);
}, 300_000);

afterAll(async () => {
  await removeAll();
  door?.close();
  await postgres?.stop();
}, 300_000);

test('two mappers on PostgreSQL: the map is whole', async () => {
  const pods = await kubectl(['-n', NAMESPACE, 'get', 'pods', '-l', 'app.kubernetes.io/component=mapper', '-o', 'name']);
  expect(pods.trim().split('\n')).toHaveLength(2);
  await callNodePort(5);
  await isWhole();
});

test('a rolling upgrade under load: every connection is in the map, and counted', async () => {
  const upgrading = { isOver: false };
  const upgrade = async (): Promise<void> => {
    try {
      await release.upgrade(['mapper.podAnnotations.round=second', 'sniffer.podAnnotations.round=second']);
      await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'daemonset/network-mapper-sniffer', '--timeout=60s']);
    } finally {
      upgrading.isOver = true;
    }
  };
  await Promise.all([startJobs(upgrading), upgrade()]);
  const missing = async (): Promise<string[]> => {
    const known = new Set((await release.edges()).filter((edge) => edge.evidence['tcp'] !== null).map(edgeKey));
    return jobs.filter((job) => !known.has(`shop/${job} -> shop/cart`));
  };
  const isThere = await eventually(async () => ((await missing()).length === 0 ? true : undefined), MAX_WAIT_MS).catch(() => false);
  process.stdout.write(`${jobs.length} programs that lived for one call during the upgrade\n`);
  expect(isThere ? [] : await missing()).toEqual([]);
  expect(jobs.length).toBeGreaterThan(5);
  await isWhole();
  await isCounted();
});

test('the API server is away for a minute: every connection is in the map, and counted', async () => {
  const before = (await release.edges()).filter(isOfShop);
  await release.close();
  await command(join(ROOT, 'e2e', 'cluster', 'api-server'), ['stop']);
  try {
    await new Promise((resolve) => setTimeout(resolve, API_SERVER_AWAY_MS));
  } finally {
    await command(join(ROOT, 'e2e', 'cluster', 'api-server'), ['start']);
  }
  expect(lostCalls(before, await release.edges())).toEqual([]);
  await isWhole();
  await isCounted();
});

test('a node is drained: the map stays and goes on', async () => {
  const before = (await release.edges()).filter(isOfShop);
  try {
    await kubectl(['drain', 'node-2', '--ignore-daemonsets', '--delete-emptydir-data', '--force', '--timeout=120s']);
    expect(lostCalls(before, await release.edges())).toEqual([]);
    expect(await release.advances('shop/front -> shop/cart')).toBe(true);
  } finally {
    await kubectl(['uncordon', 'node-2']);
  }
  await kubectl(['-n', 'shop', 'wait', '--for=condition=Available', 'deployment', '--all', '--timeout=120s']);
  // A pod without an owner does not come back after it was evicted.
  await kubectl(['apply', '-f', '-'], JSON.stringify(shopManifests('shop:e2e')));
  expect(await release.advances('shop/nodeporter -> shop/web')).toBe(true);
});

test('nothing was invented and nothing lost', async () => {
  const clients = new Set(jobs.map((job) => `shop/${job} -> shop/cart`));
  expect(inventedCalls(await release.edges({}), said, clients)).toEqual([]);
  expect(await lossesOfSniffers()).toEqual([]);
});

test('uninstalling leaves nothing', async () => {
  await release.remove();
  await eventually(async () => ((await release.objects()) === '' ? true : undefined), 30_000);
  expect(await release.objects()).toBe('');
});

async function isWhole(): Promise<void> {
  const missing = await eventually(async () => {
    const lines = missingCalls(await release.edges(), await spokenCalls());
    if (lines.length > 0) throw new Error(`not in the map:\n${lines.join('\n')}`);
    return lines;
  }, MAX_WAIT_MS);
  expect(missing).toEqual([]);
}

async function isCounted(): Promise<void> {
  const wrong = async (): Promise<unknown[]> => {
    said = await spokenCalls(Date.now() - 5_000);
    return miscountedCalls(await release.edges(), said);
  };
  const isRight = await eventually(async () => ((await wrong()).length === 0 ? true : undefined), MAX_WAIT_MS).catch(() => false);
  expect(isRight ? [] : await wrong()).toEqual([]);
}

/** Programs that live for one call, on the server's node and on the other, until it is over. */
async function startJobs(until: { readonly isOver: boolean }): Promise<void> {
  while (!until.isOver) {
    const name = `once-${jobs.length + 1}`;
    jobs.push(name);
    await kubectl(['apply', '-f', '-'], JSON.stringify(callOnce(name, jobs.length % 4 === 0 ? 'node-2' : 'node-1', 'shop:e2e')));
    await new Promise((resolve) => setTimeout(resolve, JOB_EVERY_MS));
  }
  for (const job of jobs) await kubectl(['-n', 'shop', 'wait', '--for=condition=complete', `job/${job}`, '--timeout=60s']);
}

/** A way from the cluster to the database, which listens on this machine's loopback alone. */
async function openDoor(port: number): Promise<Server> {
  const server = createServer((socket: Socket) => {
    const inner = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, MACHINE, resolve));
  return server;
}

/** Also what an earlier, broken run left. */
async function removeAll(): Promise<void> {
  await release.remove();
  await kubectl(['delete', 'namespace', NAMESPACE, 'shop', 'staging', '--ignore-not-found', '--timeout=90s']);
  await kubectl(['uncordon', 'node-1', 'node-2']);
}
