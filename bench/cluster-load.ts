import { setTimeout as sleep } from 'node:timers/promises';
import { kubectl } from '../e2e/support/cluster.ts';
import { setup } from '../e2e/support/global-setup.ts';
import { createRelease, lossesOfSniffers } from '../e2e/support/release.ts';
import { shopManifests } from '../e2e/shop/manifests.ts';
import { printFigures } from './figures.ts';

/**
 * CPU time and memory of each node's sniffer on the test cluster (e2e/cluster, root) at the load of the test's shop, in
 * whole minutes of the process's life, from the start that an upgrade of the chart causes while the shop runs. The first
 * ten minutes and those after them are told apart.
 * `node bench/cluster-load.ts [minutes, 15]`
 */
const MINUTES = Number(process.argv[2] ?? 15);
const FIRST_MINUTES = 10;
const NAMESPACE = 'otterize-system';
const NODES = { 'node-1': 'http://172.30.0.11:2112', 'node-2': 'http://172.30.0.12:2112' } as const;
const MINUTE_MS = 60_000;

interface Reading {
  readonly cpuSeconds: number;
  readonly mib: number;
}

const release = createRelease('network-mapper', NAMESPACE, ['image.tag=e2e', 'mapper.store.persistence.enabled=false']);

await setup();
await release.install();
try {
  await kubectl(['apply', '-f', '-'], JSON.stringify(shopManifests('shop:e2e')));
  await kubectl(['-n', 'shop', 'wait', '--for=condition=Available', 'deployment', '--all', '--timeout=120s']);
  await release.upgrade(['sniffer.podAnnotations.round=measured']);
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'daemonset/network-mapper-sniffer', '--timeout=60s']);
  await Promise.all(Object.entries(NODES).map(([node, url]) => measure(node, url)));
  console.log(`losses: ${(await lossesOfSniffers()).join(', ') || 'none'}`);
} finally {
  await release.remove();
  await kubectl(['delete', 'namespace', NAMESPACE, 'shop', 'staging', '--ignore-not-found', '--timeout=90s']);
}

async function measure(node: string, url: string): Promise<void> {
  const startedAt = await startOf(node);
  const shares: number[] = [];
  const sizes: number[] = [];
  let before = 0;
  for (let minute = 1; minute <= MINUTES; minute++) {
    await sleep(Math.max(0, startedAt + minute * MINUTE_MS - Date.now()));
    const { cpuSeconds, mib } = await read(url);
    shares.push(((cpuSeconds - before) / MINUTE_MS) * 1_000 * 100);
    sizes.push(mib);
    before = cpuSeconds;
    console.log(`${node}, minute ${minute}: ${shares.at(-1)?.toFixed(2)} % of a core, ${mib.toFixed(0)} MiB`);
  }
  printFigures(
    `cluster-load-${node}`,
    withoutEmpty({
      'first minute, the start included, % of a core': shares.slice(0, 1),
      [`minutes 2 to ${FIRST_MINUTES}, % of a core`]: shares.slice(1, FIRST_MINUTES),
      'the minutes after them, % of a core': shares.slice(FIRST_MINUTES),
      'RSS, MiB': sizes,
    }),
    { mean: `${(shares.reduce((sum, share) => sum + share, 0) / shares.length).toFixed(2)} % of a core` },
  );
}

/** A short run has no minutes after the first ten. */
function withoutEmpty(figures: Readonly<Record<string, readonly number[]>>): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(Object.entries(figures).filter(([, values]) => values.length > 0));
}

/** When the container of the node's youngest sniffer began, to the second; its process begins with it. */
async function startOf(node: string): Promise<number> {
  const selected = ['-l', 'app.kubernetes.io/component=sniffer', '--field-selector', `spec.nodeName=${node}`];
  const path = '{range .items[*]}{.status.containerStatuses[0].state.running.startedAt}{"\\n"}{end}';
  const starts = (await kubectl(['-n', NAMESPACE, 'get', 'pods', ...selected, '-o', `jsonpath=${path}`])).trim().split('\n');
  return Math.max(...starts.map((text) => Date.parse(text)).filter((at) => !Number.isNaN(at)));
}

/** User and system time of all threads since the process began. */
async function read(url: string): Promise<Reading> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return { cpuSeconds: value('process_cpu_seconds_total'), mib: value('process_resident_memory_bytes') / 1_048_576 };
}
