import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shopManifests } from './shop/manifests.ts';
import { command, eventually, kubectl, portForward } from './support/cluster.ts';
import { edgeKey } from './support/live-map.ts';
import { LOCAL_VOLUME_VALUES, createLocalVolume, removeLocalVolume } from './support/local-volume.ts';
import { MAX_WAIT_MS, createRelease, lossesOfSniffers } from './support/release.ts';
import { callNodePort, inventedCalls, isOfShop, lostCalls, miscountedCalls, missingCalls, spokenCalls } from './support/shop-truth.ts';

/**
 * The built image, installed by the chart on a real cluster, against what the shop's programs say they did. The shop
 * starts after the sniffers, so that every call can be held against the map.
 */
const NAMESPACE = 'otterize-system';
const MAX_SNIFFER_MIB = 72;
const MAX_MAPPER_MIB = 128;
const release = createRelease('network-mapper', NAMESPACE, ['image.tag=e2e', ...LOCAL_VOLUME_VALUES]);

let firstEdgeMs = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  await removeAll();
  await createLocalVolume();
  const installedAt = Date.now();
  await release.install();
  const installMs = Date.now() - installedAt;
  await eventually(async () => ((await release.edges()).length > 0 ? true : undefined), 30_000, 100);
  firstEdgeMs = Date.now() - installedAt;
  process.stdout.write(`helm install --wait: ${(installMs / 1000).toFixed(1)} s; first edge after ${(firstEdgeMs / 1000).toFixed(1)} s\n`);
  await kubectl(['apply', '-f', '-'], JSON.stringify(shopManifests('shop:e2e')));
  await kubectl(['-n', 'shop', 'wait', '--for=condition=Available', 'deployment', '--all', '--timeout=120s']);
}, 300_000);

afterAll(removeAll, 300_000);

describe('the map of a shop', () => {
  test('begins within 20 seconds of helm install', () => {
    // The time is what is promised, with room for a busy machine.
    expect(firstEdgeMs).toBeLessThan(20_000);
  });

  test('has every call that the shop says it made', async () => {
    await callNodePort(5);
    const isWhole = await eventually(async () => {
      const missing = missingCalls(await release.edges(), await spokenCalls());
      if (missing.length > 0) throw new Error(`not in the map:\n${missing.join('\n')}`);
      return true;
    }, MAX_WAIT_MS);
    expect(isWhole).toBe(true);
  });

  test('has nothing that the shop did not do', async () => {
    const invented = async (): Promise<string[]> => inventedCalls(await release.edges({}), await spokenCalls());
    // A program says a call when it is done; one that was refused at first is on the map before it is said.
    const isClean = await eventually(async () => ((await invented()).length === 0 ? true : undefined), 20_000).catch(() => false);
    expect(isClean ? [] : await invented()).toEqual([]);
  });

  test('is what the command line lists', async () => {
    const url = await release.url();
    const text = await command(process.execPath, ['dist/network-mapper.mjs', 'list', '--url', url, '--namespaces', 'staging']);
    expect(text).toMatch(/front[^]*staging[^]*cart[^]*web/);
  });

  test('is shown in the browser', async () => {
    const page = await fetch(`${await release.url()}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toMatch(/<script type="module"/);
  });

  test('counts the calls', async () => {
    // Calls of which the log was read and that were reported: ask the map first, then the log up to that time.
    const calls = await spokenCalls(Date.now() - 5_000);
    expect(miscountedCalls(await release.edges(), calls)).toEqual([]);
  });
});

describe('what happens to a cluster', () => {
  test('a workload is restarted: its calls stay those of the same workload', async () => {
    await kubectl(['-n', 'shop', 'rollout', 'restart', 'deployment/cart', 'deployment/front']);
    await kubectl(['-n', 'shop', 'rollout', 'status', 'deployment/cart', '--timeout=60s']);
    expect(await release.advances('shop/front -> shop/cart')).toBe(true);
  });

  test('the mapper is deleted: it comes back with what it knew', async () => {
    const before = (await release.edges()).filter(isOfShop);
    const deletedAt = Date.now();
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', 'app.kubernetes.io/component=mapper']);
    const goneMs = Date.now() - deletedAt;
    await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/network-mapper-mapper', '--timeout=90s']);
    expect(lostCalls(before, await release.edges())).toEqual([]);
    expect(await release.advances('shop/front -> shop/cart')).toBe(true);
    const backMs = Date.now() - deletedAt;
    process.stdout.write(
      `mapper deleted: gone after ${(goneMs / 1000).toFixed(1)} s, counting again after ${(backMs / 1000).toFixed(1)} s\n`,
    );
  });

  test('calls made while the mapper was away are in the map', async () => {
    const isWhole = await eventually(async () => {
      const calls = await spokenCalls(Date.now() - 10_000);
      const egress = (await release.edges()).find((edge) => edgeKey(edge) === 'shop/egress -> internet db.example.net');
      const said = calls.get('shop/egress -> internet db.example.net')?.connects ?? Number.POSITIVE_INFINITY;
      return (egress?.evidence['tcp']?.count ?? 0) >= said - 1 ? true : undefined;
    }, 60_000);
    expect(isWhole).toBe(true);
  });

  test('a sniffer is killed: the next one goes on', async () => {
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', 'app.kubernetes.io/component=sniffer', '--grace-period=0', '--force']);
    await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'daemonset/network-mapper-sniffer', '--timeout=60s']);
    expect(await release.advances('shop/front -> shop/cart')).toBe(true);
    expect(await release.advances('staging/front -> staging/cart')).toBe(true);
  });

  test('the chart is upgraded: the map stays', async () => {
    const before = (await release.edges()).filter(isOfShop);
    await release.close();
    await release.upgrade(['logLevel=debug']);
    expect(lostCalls(before, await release.edges())).toEqual([]);
    expect(await release.advances('shop/front -> shop/cart')).toBe(true);
  });

  test('nothing was lost', async () => {
    expect(await lossesOfSniffers()).toEqual([]);
  });
});

test('memory at the load of the shop is within its bounds; what processors do is only said', async () => {
  const mapper = await portForward(NAMESPACE, 'deployment/network-mapper-mapper', 2112);
  const targets = [
    { name: 'sniffer on node-1', url: 'http://172.30.0.11:2112', maxMib: MAX_SNIFFER_MIB },
    { name: 'sniffer on node-2', url: 'http://172.30.0.12:2112', maxMib: MAX_SNIFFER_MIB },
    { name: 'mapper', url: mapper.url, maxMib: MAX_MAPPER_MIB },
  ];
  const read = async (url: string): Promise<{ cpu: number; mib: number }> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return { cpu: value('process_cpu_seconds_total'), mib: value('process_resident_memory_bytes') / 1_048_576 };
  };
  const seconds = 20;
  const before = await Promise.all(targets.map(({ url }) => read(url)));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await Promise.all(targets.map(({ url }) => read(url)));
  await mapper.close();
  const found = targets.map(({ name, maxMib }, index) => {
    const { cpu = Number.NaN, mib = Number.NaN } = after[index] ?? {};
    const share = ((cpu - (before[index]?.cpu ?? Number.NaN)) / seconds) * 100;
    return { name, maxMib, mib, text: `${name}: ${share.toFixed(2)} % of a core, ${mib.toFixed(0)} MiB` };
  });
  process.stdout.write(`${found.map(({ text }) => text).join('\n')}\n`);
  expect(found.filter(({ mib, maxMib }) => !(mib <= maxMib))).toEqual([]);
});

test('uninstalling leaves nothing', async () => {
  await release.remove();
  await eventually(async () => ((await release.objects()) === '' ? true : undefined), 30_000);
  expect(await release.objects()).toBe('');
});

/** Also what an earlier, broken run left. */
async function removeAll(): Promise<void> {
  await release.remove();
  await kubectl(['delete', 'namespace', NAMESPACE, 'shop', 'staging', '--ignore-not-found', '--timeout=90s']);
  await removeLocalVolume();
}
