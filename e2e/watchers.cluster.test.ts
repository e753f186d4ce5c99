import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadEnvoy } from '@nm/watchers/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUYERS, EVENTS, MESH, meshManifests } from './mesh/manifests.ts';
import { ROOT, command, eventually, kubectl, loadImage, makeNodeRootfs } from './support/cluster.ts';
import { ask, peerName } from './support/live-map.ts';
import type { LivePeer } from './support/live-map.ts';
import { createRelease } from './support/release.ts';

/** Both watchers as the chart installs them, on pods with real Envoys as sidecars and on a real broker's log. */
const NAMESPACE = 'watchers-system';
const release = createRelease('watchers', NAMESPACE, [
  'image.tag=e2e',
  'sniffer.enabled=false',
  'mapper.store.persistence.enabled=false',
  'kafkaWatcher.enabled=true',
  'kafkaWatcher.servers[0].name=kafka',
  `kafkaWatcher.servers[0].namespace=${EVENTS}`,
  'kafkaWatcher.servers[0].container=broker',
  'istioWatcher.enabled=true',
  'istioWatcher.interval=2s',
]);

interface Edge {
  readonly client: LivePeer;
  readonly server: LivePeer;
  readonly kafka:
    | readonly { readonly topic: string; readonly operation: string; readonly allowed: boolean; readonly principal?: string | null }[]
    | null;
  readonly http: readonly { readonly path: string; readonly methods: readonly string[] }[] | null;
  readonly evidence: { readonly http: { readonly count: number } | null; readonly kafka: { readonly count: number } | null };
}

const EDGES = `{ edges(first: 1000, filter: { includeUnknown: true }) { nodes {
  client { type namespace name kind domain addresses address } server { type namespace name kind domain addresses address }
  kafka { topic operation allowed principal } http { path methods } evidence { http { count } kafka { count } } } } }`;

async function edges(): Promise<ReadonlyMap<string, Edge>> {
  try {
    const data = await ask<{ edges: { nodes: readonly Edge[] } }>(await release.url(), EDGES);
    return new Map(data.edges.nodes.map((edge) => [`${peerName(edge.client)} -> ${peerName(edge.server)}`, edge]));
  } catch (error) {
    await release.close();
    throw error;
  }
}

/** The edge, once it is there and as wanted. */
async function edge(name: string, isWanted: (edge: Edge) => boolean = () => true): Promise<Edge> {
  let seen: ReadonlyMap<string, Edge> = new Map();
  return eventually(async () => {
    seen = await edges();
    const found = seen.get(name);
    return found !== undefined && isWanted(found) ? found : undefined;
  }, 60_000).catch((error: unknown) => {
    throw new Error(`${name}: ${JSON.stringify(seen.get(name) ?? [...seen.keys()])}`, { cause: error });
  });
}

const pathsOf = (found: Edge): string[] => (found.http ?? []).map(({ path, methods }) => `${methods.join()} ${path}`).sort();

beforeAll(async () => {
  await removeAll();
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-sidecar-'));
  try {
    await makeNodeRootfs(folder);
    cpSync(join(ROOT, 'e2e', 'mesh'), join(folder, 'app'), { recursive: true });
    mkdirSync(join(folder, 'usr', 'local', 'bin'), { recursive: true });
    const envoy = await loadEnvoy();
    copyFileSync(envoy, join(folder, 'usr', 'local', 'bin', 'envoy'));
    copyFileSync(join(ROOT, 'e2e', 'mesh', 'pilot-agent'), join(folder, 'usr', 'local', 'bin', 'pilot-agent'));
    chmodSync(join(folder, 'usr', 'local', 'bin', 'pilot-agent'), 0o755);
    for (const library of (await command('ldd', [envoy])).match(/\/[^ ]+/g) ?? []) {
      mkdirSync(join(folder, dirname(library)), { recursive: true });
      copyFileSync(library, join(folder, library));
    }
    await loadImage('sidecar:e2e', folder, { User: '1000' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await kubectl(['apply', '-f', '-'], JSON.stringify(meshManifests()));
  for (const namespace of [MESH, EVENTS, BUYERS]) {
    const kinds = namespace === MESH ? ['deployment', 'daemonset'] : [namespace === EVENTS ? 'statefulset' : 'deployment'];
    for (const kind of kinds) await kubectl(['-n', namespace, 'rollout', 'status', kind, '--timeout=120s']);
  }
  await release.install();
}, 400_000);

afterAll(removeAll, 300_000);

async function removeAll(): Promise<void> {
  await release.remove();
  await kubectl(['delete', 'namespace', NAMESPACE, MESH, EVENTS, BUYERS, '--ignore-not-found', '--wait', '--timeout=120s']);
}

describe('a mesh', () => {
  test('real Envoys in a native and a regular sidecar: every path and method, counted', async () => {
    const before = await edge('mesh/web -> mesh/cart', (found) => pathsOf(found).length >= 3);
    expect(pathsOf(before)).toEqual(['GET /cart', 'HEAD /healthz', 'POST /v1.2/orders/a%2Fb.json']);
    const { count = 0 } = before.evidence.http ?? {};
    await edge('mesh/web -> mesh/cart', (found) => (found.evidence.http?.count ?? 0) > count + 10);
  });

  test('an agent’s port with recorded statistics', async () => {
    expect(pathsOf(await edge('shop/frontend -> shop/ads'))).toEqual(['POST /hipstershop.AdService/GetAds']);
  });

  test.each([
    ['a gateway', 'mesh/gateway -> mesh/cart', ['GET /from-outside']],
    ['a waypoint', 'mesh/web -> mesh/ledger', ['GET /entries']],
    ['ztunnel, by its connections', 'mesh/web -> mesh/redis', []],
  ])('%s', async (_, name, paths) => {
    expect(pathsOf(await edge(name, (found) => (found.evidence.http?.count ?? 0) > 0))).toEqual(paths);
  });
});

describe('a broker’s log', () => {
  test('topics and operations of the pods that had the addresses', async () => {
    const found = await edge('buyers/orders -> events/kafka', ({ kafka }) =>
      (kafka ?? []).some(({ topic, operation }) => topic === 'shop.orders.v1' && operation === 'produce'),
    );
    const uses = (found.kafka ?? []).map(({ topic, operation, allowed }) => `${topic} ${operation} ${allowed}`);
    expect(uses).toContain('shop.orders.v1 produce true');
    expect(found.kafka?.find(({ topic }) => topic === 'shop.orders.v1')?.principal).toBe('User:CN=orders.shop');
    await edge('buyers/billing -> events/kafka');
  });

  test('is what the command line lists and exports', async () => {
    const run = async (...args: string[]): Promise<string> =>
      command(process.execPath, ['dist/network-mapper.mjs', ...args, '--url', await release.url()]);
    const list = await run('list');
    expect(list).toMatch(/Kafka topic: shop\.orders\.v1, operations: \[.*produce/);
    expect(list).toMatch(/path \/cart, methods: \[GET\]/);
    const exported = await run('export');
    expect(exported).toMatch(/type: kafka/);
    expect(exported).toMatch(/type: http/);
  });
});

describe('rights', () => {
  const account = `system:serviceaccount:${NAMESPACE}:network-mapper-watcher`;
  test.each([
    ['get', 'pods', 'log', EVENTS, 'yes'],
    ['get', 'pods', 'log', MESH, 'no'],
    ['get', 'pods', 'log', 'kube-system', 'no'],
    ['list', 'pods', '', MESH, 'yes'],
    ['create', 'pods', 'exec', MESH, 'no'],
    ['get', 'secrets', '', EVENTS, 'no'],
  ])('%s %s/%s in %s: %s', async (verb, resource, part, namespace, expected) => {
    const args = ['auth', 'can-i', verb, resource, ...(part === '' ? [] : [`--subresource=${part}`]), '-n', namespace, '--as', account];
    // It ends with 1 for no.
    const answer = await kubectl(args).then(
      () => 'yes',
      () => 'no',
    );
    expect(answer).toBe(expected);
  });
});

describe('in the mapper, by a command in the containers', () => {
  test('reads a proxy that shows its statistics to nobody else', async () => {
    expect((await edges()).has('mesh/locked -> mesh/cart')).toBe(false);
    await release.close();
    await release.upgrade(['istioWatcher.inMapper=true', 'istioWatcher.readBy=exec']);
    expect(pathsOf(await edge('mesh/locked -> mesh/cart'))).toEqual(['GET /by-exec']);
    const watchers = await kubectl(['-n', NAMESPACE, 'get', 'deployments', '-o', 'name']);
    expect(watchers).not.toContain('istio-watcher');
  });
});
