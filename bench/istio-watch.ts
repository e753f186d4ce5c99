import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { silentLogger } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { createIstioWatcher, createNetworkSource, createProxyReader, ISTIO_METRICS, ISTIO_WATCHER_DEFAULTS } from '@nm/watchers';
import { Registry } from 'prom-client';
import { answer } from './support/istio-statistics.ts';

/**
 * The whole watcher with its network: 500 proxies of 2,000 series each on addresses of the loopback network, one series
 * in a hundred risen between two rounds. Prints the share of one core at a round every 30 s, of this process alone (the
 * proxies are another one), and how much its memory grew. Goals: 10 % and 64 MiB.
 */
const PROXIES = 500;
const INTERVAL_SECONDS = 30;
const ROUNDS = 3;
const PORT = 15090;

/** The proxies: one server on every address of the loopback network. */
async function serve(): Promise<void> {
  let body = answer(0);
  process.on('message', (look) => {
    body = answer(Number(look));
    process.send?.('ready');
  });
  const server = createServer((_, response) => response.end(body)).listen(PORT, '0.0.0.0');
  await once(server, 'listening');
  process.send?.('ready');
}

const pods = Array.from({ length: PROXIES }, (_, index) => ({
  metadata: { name: `frontend-${index}`, namespace: 'shop', uid: `uid-${index}`, labels: { 'security.istio.io/tlsMode': 'istio' } },
  spec: {
    nodeName: `node-${index % 20}`,
    containers: [{ name: 'app' }],
    initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always' }],
  },
  status: {
    phase: 'Running',
    podIP: `127.77.${index >> 8}.${index & 255 || 254}`,
    initContainerStatuses: [{ name: 'istio-proxy', containerID: 'c', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }],
  },
}));

async function measure(): Promise<void> {
  const proxies = fork(new URL(import.meta.url), ['serve'], { execArgv: process.execArgv });
  await once(proxies, 'message');
  let observations = 0;
  const watcher = createIstioWatcher(
    {
      reader: {
        request: (path) => Promise.resolve({ items: path.includes('tlsMode') ? pods : [] }),
        stream: () => Promise.reject(new Error('not used')),
      },
      proxies: createProxyReader(createNetworkSource(), { timeoutMs: 60_000, maxBytes: 64 * 1024 * 1024 }),
      sink: { take: (batch) => Promise.resolve(void (observations += batch.length)) },
      clock: { now: Date.now },
      log: silentLogger,
      metrics: createMetrics(ISTIO_METRICS, new Registry()),
    },
    { ...ISTIO_WATCHER_DEFAULTS, intervalMs: 3_600_000, reportsSeenBefore: false },
  );
  global.gc?.();
  const before = process.memoryUsage();
  await watcher.start();
  await watcher.round();
  const shares: number[] = [];
  let peak = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    proxies.send(round);
    await once(proxies, 'message');
    const startedAt = process.cpuUsage();
    const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50);
    await watcher.round();
    clearInterval(watching);
    const { user, system } = process.cpuUsage(startedAt);
    shares.push((user + system) / 1e6 / INTERVAL_SECONDS);
  }
  await watcher.stop();
  proxies.kill();
  if (observations === 0) throw new Error('nothing rose');
  shares.sort((a, b) => a - b);
  const percent = (share: number | undefined): number => Math.round((share ?? 0) * 1000) / 10;
  const result = {
    what: '500 proxies of 2,000 series read over the network every 30 s',
    bytesPerProxy: answer(0).length,
    percentOfCore: { min: percent(shares[0]), median: percent(shares[ROUNDS >> 1]), max: percent(shares.at(-1)) },
    moreMiB: Math.round((peak - before.rss) / 1_048_576),
  };
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('istio-watch.json', folder), `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result));
}

await (process.argv.includes('serve') ? serve() : measure());
