import { mkdtempSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENTS, NODE_ADDRESS, NODE_PORT, serverOf, shopManifests } from './shop/manifests.ts';
import type { Step } from './shop/manifests.ts';
import {
  CHART,
  ROOT,
  command,
  eventually,
  helm,
  inNode,
  kubectl,
  loadImage,
  makeNodeRootfs,
  portForward,
  startCluster,
} from './support/cluster.ts';
import type { PortForward } from './support/cluster.ts';
import { edgeLine, peerName, readEdges } from './support/live-map.ts';
import type { LiveEdge } from './support/live-map.ts';

/**
 * The built image, installed by the chart on a real cluster, against what the shop's programs say they did. The shop
 * starts after the sniffers, so that every call can be held against the map.
 */
const NAMESPACE = 'otterize-system';
const RELEASE = 'network-mapper';
const DATA = '/run/network-mapper-data';
const ALL_KINDS = 'all,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,persistentvolumeclaims,poddisruptionbudgets';
/** Longest time until every recurring call must be in the map. */
const MAX_WAIT_MS = 60_000;

let forward: PortForward;
let firstEdgeMs = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  await startCluster();
  await removeAll();
  await command('npm', ['run', '-s', 'build']);
  await command(process.execPath, ['tools/build-image.ts', '--load', 'network-mapper:e2e']);
  await loadShopImage();
  // The cluster has no storage: a folder of a node that outlives the mapper's pod.
  await inNode('node-1', ['mkdir', '-p', DATA]);
  await kubectl(['apply', '-f', '-'], JSON.stringify(localVolume()));
  const installedAt = Date.now();
  await install('install');
  const installMs = Date.now() - installedAt;
  forward = await portForward(NAMESPACE, 'service/otterize-network-mapper', 9090);
  await eventually(async () => ((await readEdges(forward.url)).length > 0 ? true : undefined), 30_000, 100);
  firstEdgeMs = Date.now() - installedAt;
  process.stdout.write(`helm install --wait: ${(installMs / 1000).toFixed(1)} s; first edge after ${(firstEdgeMs / 1000).toFixed(1)} s\n`);
  await kubectl(['apply', '-f', '-'], JSON.stringify(shopManifests('shop:e2e')));
  await kubectl(['-n', 'shop', 'wait', '--for=condition=Available', 'deployment', '--all', '--timeout=120s']);
}, 600_000);

afterAll(async () => {
  await forward?.close();
  await removeAll();
}, 300_000);

describe('the map of a shop', () => {
  test('begins within 20 seconds of helm install', () => {
    expect(firstEdgeMs).toBeLessThan(20_000);
  });

  test('has every call that the shop says it made', async () => {
    await callNodePort(5);
    const isWhole = await eventually(async () => {
      const missing = missingCalls(await readEdges(forward.url), await spokenCalls());
      if (missing.length > 0) throw new Error(`not in the map:\n${missing.join('\n')}`);
      return true;
    }, MAX_WAIT_MS);
    expect(isWhole).toBe(true);
  });

  test('has nothing that the shop did not do', async () => {
    // From this machine through a NodePort; kube-proxy puts the node's address in its place on the way.
    const outside = new Set(['internet 172.30.8.2 -> shop/web']);
    const invented = async (): Promise<string[]> => {
      const edges = await readEdges(forward.url, {});
      const said = new Set([...(await spokenCalls()).values()].map(({ line }) => line));
      const unsaid = edges.filter(isOfShop).filter((edge) => {
        const line = `${peerName(edge.client)} -> ${peerName(edge.server)}`;
        return !said.has(line) && !outside.has(line);
      });
      return unsaid.map(edgeLine);
    };
    // A program says a call when it is done; one that was refused at first is on the map before it is said.
    const isClean = await eventually(async () => ((await invented()).length === 0 ? true : undefined), 20_000).catch(() => false);
    expect(isClean ? [] : await invented()).toEqual([]);
  });

  test('is what the command line lists', async () => {
    const text = await command(process.execPath, ['dist/network-mapper.mjs', 'list', '--url', forward.url, '--namespaces', 'staging']);
    expect(text).toMatch(/front[^]*staging[^]*cart[^]*web/);
  });

  test('counts the calls', async () => {
    // Calls of which the log was read and that were reported: ask the map first, then the log up to that time.
    const at = Date.now() - 5_000;
    const calls = await spokenCalls(at);
    const edges = await readEdges(forward.url);
    const rows = [...calls.values()]
      .filter(({ connects }) => connects > 0)
      .map(({ line, connects }) => {
        const edge = edges.find((one) => `${peerName(one.client)} -> ${peerName(one.server)}` === line);
        return { line, said: connects, counted: edge?.evidence['tcp']?.count ?? 0 };
      });
    // Some seconds lie between the two looks: at most that many rounds more.
    const wrong = rows.filter(({ said, counted }) => counted < said * 0.98 - 1 || counted > said * 1.02 + 16);
    expect(wrong).toEqual([]);
  });
});

describe('what happens to a cluster', () => {
  test('a workload is restarted: its calls stay those of the same workload', async () => {
    await kubectl(['-n', 'shop', 'rollout', 'restart', 'deployment/cart', 'deployment/front']);
    await kubectl(['-n', 'shop', 'rollout', 'status', 'deployment/cart', '--timeout=60s']);
    expect(await advances('shop/front -> shop/cart')).toBe(true);
  });

  test('the mapper is deleted: it comes back with what it knew', async () => {
    const before = (await readEdges(forward.url)).filter(isOfShop);
    await forward.close();
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', 'app.kubernetes.io/component=mapper']);
    await kubectl(['-n', NAMESPACE, 'rollout', 'status', `deployment/${RELEASE}-mapper`, '--timeout=90s']);
    forward = await eventually(() => portForward(NAMESPACE, 'service/otterize-network-mapper', 9090), 30_000);
    const after = new Map((await readEdges(forward.url)).map((edge) => [key(edge), edge]));
    const lost = before.filter((edge) => counts(after.get(key(edge))) < counts(edge));
    expect(lost.map(edgeLine)).toEqual([]);
    expect(await advances('shop/front -> shop/cart')).toBe(true);
  });

  test('calls made while the mapper was away are in the map', async () => {
    const isWhole = await eventually(async () => {
      const at = Date.now() - 10_000;
      const calls = await spokenCalls(at);
      const edges = await readEdges(forward.url);
      const egress = edges.find((edge) => key(edge) === 'shop/egress -> internet db.example.net');
      const said = calls.get('shop/egress -> internet db.example.net')?.connects ?? Number.POSITIVE_INFINITY;
      return (egress?.evidence['tcp']?.count ?? 0) >= said - 1 ? true : undefined;
    }, 60_000);
    expect(isWhole).toBe(true);
  });

  test('a sniffer is killed: the next one goes on', async () => {
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', 'app.kubernetes.io/component=sniffer', '--grace-period=0', '--force']);
    await kubectl(['-n', NAMESPACE, 'rollout', 'status', `daemonset/${RELEASE}-sniffer`, '--timeout=60s']);
    expect(await advances('shop/front -> shop/cart')).toBe(true);
    expect(await advances('staging/front -> staging/cart')).toBe(true);
  });

  test('the chart is upgraded: the map stays', async () => {
    const before = (await readEdges(forward.url)).filter(isOfShop).length;
    await forward.close();
    await install('upgrade', ['--set', 'logLevel=debug']);
    forward = await portForward(NAMESPACE, 'service/otterize-network-mapper', 9090);
    expect((await readEdges(forward.url)).filter(isOfShop).length).toBeGreaterThanOrEqual(before);
    expect(await advances('shop/front -> shop/cart')).toBe(true);
  });

  test('nothing was lost', async () => {
    for (const node of ['172.30.0.11', '172.30.0.12']) {
      const metrics = await (await fetch(`http://${node}:2112/metrics`)).text();
      const losses = metrics.match(/^network_mapper_sniffer_(kernel_drops|ring_overruns)_total [^0].*$/gm);
      expect(losses).toBeNull();
    }
  });
});

test('figures at rest', async () => {
  const mapper = await portForward(NAMESPACE, `deployment/${RELEASE}-mapper`, 2112);
  const targets = { 'sniffer on node-1': 'http://172.30.0.11:2112', 'sniffer on node-2': 'http://172.30.0.12:2112', mapper: mapper.url };
  const read = async (url: string): Promise<{ cpu: number; rss: number }> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return { cpu: value('process_cpu_seconds_total'), rss: value('process_resident_memory_bytes') };
  };
  const seconds = 20;
  const first = await Promise.all(Object.values(targets).map(read));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const second = await Promise.all(Object.values(targets).map(read));
  await mapper.close();
  for (const [index, name] of Object.keys(targets).entries()) {
    const [before, after] = [first[index], second[index]];
    if (before === undefined || after === undefined) continue;
    const cpu = ((after.cpu - before.cpu) / seconds) * 100;
    process.stdout.write(`${name}: ${cpu.toFixed(2)} % of a core, ${(after.rss / 1_048_576).toFixed(0)} MiB\n`);
    expect(after.rss).toBeGreaterThan(0);
  }
});

test('uninstalling leaves nothing', async () => {
  await forward.close();
  await helm(['uninstall', RELEASE, '-n', NAMESPACE, '--wait', '--timeout', '90s']);
  const label = `app.kubernetes.io/instance=${RELEASE}`;
  const left = async (args: readonly string[]): Promise<string> => (await kubectl(['get', ...args, '-l', label, '-o', 'name'])).trim();
  await eventually(async () => ((await left([ALL_KINDS, '-n', NAMESPACE])) === '' ? true : undefined), 30_000);
  expect(await left(['clusterroles,clusterrolebindings'])).toBe('');
});

/** One way of calling, as the programs' logs tell it. */
interface SpokenCall {
  /** `client -> server` */
  readonly line: string;
  /** Connections that were made. */
  connects: number;
}

/** What the programs said they did until `until`, from the logs of all their pods. */
async function spokenCalls(until = Number.POSITIVE_INFINITY): Promise<Map<string, SpokenCall>> {
  const calls = new Map<string, SpokenCall>();
  for (const { namespace, name, peer } of CLIENTS) {
    const log = await kubectl(['-n', namespace, 'logs', '-l', `w=${name}`, '--tail=-1', '--prefix=false']);
    for (const text of log.split('\n')) {
      if (!text.startsWith('{')) continue;
      const entry = JSON.parse(text) as Step & { readonly at: number; readonly ok?: string };
      if (entry.ok === undefined || entry.at > until) continue;
      const line = `${peer} -> ${serverOf(namespace, entry)}`;
      const call = calls.get(line) ?? { line, connects: 0 };
      if ('connect' in entry || 'address' in entry) call.connects += 1;
      calls.set(line, call);
    }
  }
  return calls;
}

function missingCalls(edges: readonly LiveEdge[], calls: ReadonlyMap<string, SpokenCall>): string[] {
  const known = new Set(edges.map(key));
  if (calls.size < CLIENTS.length - 1) return [`only ${calls.size} calls were made yet`];
  return [...calls.keys()].filter((line) => !known.has(line));
}

function isOfShop(edge: LiveEdge): boolean {
  return [edge.client, edge.server].some(({ namespace }) => namespace === 'shop' || namespace === 'staging');
}

function key(edge: LiveEdge): string {
  return `${peerName(edge.client)} -> ${peerName(edge.server)}`;
}

function counts(edge: LiveEdge | undefined): number {
  return Object.values(edge?.evidence ?? {}).reduce((sum, evidence) => sum + (evidence?.count ?? 0), 0);
}

/** Waits until a call that repeats was counted again. */
async function advances(line: string): Promise<boolean> {
  const look = async (): Promise<number> => counts((await readEdges(forward.url)).find((edge) => key(edge) === line));
  const start = await look();
  return eventually(async () => ((await look()) > start ? true : undefined), MAX_WAIT_MS);
}

/** Connects from this machine, which is outside of the cluster, to the NodePort. */
async function callNodePort(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host: NODE_ADDRESS, port: NODE_PORT }, () => socket.end(resolve));
      socket.setTimeout(3_000, () => socket.destroy(new Error('no answer')));
      socket.on('error', reject);
    });
  }
}

async function install(verb: 'install' | 'upgrade', more: readonly string[] = []): Promise<void> {
  const values = ['image.tag=e2e', 'mapper.store.persistence.storageClassName=e2e', 'mapper.store.persistence.size=1Gi'];
  const sets = values.flatMap((value) => ['--set', value]);
  await helm(
    [verb, RELEASE, CHART, '-n', NAMESPACE, '--create-namespace', '--wait', '--timeout', '90s', ...sets, ...more].filter(
      (arg) => verb === 'install' || arg !== '--create-namespace',
    ),
  );
}

function localVolume(): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'network-mapper-e2e' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'e2e',
      persistentVolumeReclaimPolicy: 'Retain',
      local: { path: DATA },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1'] }] }] },
      },
    },
  };
}

async function loadShopImage(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-shop-'));
  try {
    await makeNodeRootfs(folder);
    mkdirSync(join(folder, 'app'));
    cpSync(join(ROOT, 'e2e', 'shop', 'main.js'), join(folder, 'app', 'main.mjs'));
    await loadImage('shop:e2e', folder, { Entrypoint: ['node', '/app/main.mjs'] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Also what an earlier, broken run left. */
async function removeAll(): Promise<void> {
  await helm(['uninstall', RELEASE, '-n', NAMESPACE, '--ignore-not-found', '--wait', '--timeout', '60s']);
  await kubectl(['delete', 'namespace', NAMESPACE, 'shop', 'staging', '--ignore-not-found', '--timeout=90s']);
  await kubectl(['delete', 'persistentvolume', 'network-mapper-e2e', '--ignore-not-found', '--timeout=30s']);
  await inNode('node-1', ['rm', '-rf', DATA]);
}
