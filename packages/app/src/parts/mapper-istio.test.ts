import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeApiServer } from '@nm/kube/testing';
import type { FakeApiServer } from '@nm/kube/testing';
import { runMapper } from '@nm/mapper';
import { freePort } from '@nm/mapper/testing';
import { embedIstioWatcher } from '@nm/watchers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A pod of this machine's loopback network, so that it has the mesh's own port. */
const POD = `127.${randomInt(64, 250)}.${randomInt(1, 250)}.7`;
const ENVOY_PORT = 15090;
const LABELS =
  'reporter="source",source_workload="web",source_workload_namespace="shop",destination_workload="cart",destination_workload_namespace="shop",destination_service="cart.shop.svc.cluster.local",request_method="GET",request_path="/cart"';

let folder: string;
let api: FakeApiServer;
let requests = 1;
const proxy = createServer((_, response) => response.end(`istio_requests_total{${LABELS}} ${requests}\n`));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nm-mapper-istio-'));
  api = await createFakeApiServer();
  api.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', labels: { 'security.istio.io/tlsMode': 'istio' } },
    spec: { containers: [{ name: 'web' }], initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always' }] },
    status: {
      phase: 'Running',
      podIP: POD,
      podIPs: [{ ip: POD }],
      initContainerStatuses: [{ name: 'istio-proxy', containerID: 'c1', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }],
    },
  });
  api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'cluster-1' } });
  writeFileSync(join(folder, 'config'), api.kubeconfig());
  proxy.listen(ENVOY_PORT, POD);
  await once(proxy, 'listening');
});
afterEach(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await api.close();
  rmSync(folder, { recursive: true });
});

async function ask(port: number, query: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return ((await answer.json()) as { data: unknown }).data;
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('mapper --istio', () => {
  test('reads the mesh in its own process and keeps what it finds', async () => {
    const stop = new AbortController();
    const [port, metricsPort] = [await freePort(), await freePort()];
    const store = `sqlite:${join(folder, 'map.db')}`;
    const argv = [
      `--listen=127.0.0.1:${port}`,
      `--metrics-listen=127.0.0.1:${metricsPort}`,
      '--auth=none',
      `--store=${store}`,
      `--kubeconfig=${join(folder, 'config')}`,
      '--istio',
      '--istio-interval=1s',
      '--log-level=error',
    ];
    const running = runMapper(
      argv,
      {},
      { signal: stop.signal, stdout: () => undefined, version: '1.2.3', createMeshWatcher: embedIstioWatcher },
    );
    const paths = async (): Promise<string | undefined> => {
      const data = (await ask(
        port,
        '{ edges { nodes { client { name } server { name } http { path methods } evidence { http { count } } } } }',
      )) as {
        edges: { nodes: readonly unknown[] };
      };
      return data.edges.nodes.length === 0 ? undefined : JSON.stringify(data.edges.nodes);
    };
    const first = await eventually(paths);
    expect(JSON.parse(first)).toMatchObject([
      { client: { name: 'web' }, server: { name: 'cart' }, http: [{ path: '/cart', methods: ['GET'] }] },
    ]);
    requests += 41;
    await eventually(async () => ((await paths())?.includes('"count":41') === true ? true : undefined));
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).toContain('network_mapper_istio_proxies 1');
    stop.abort();
    await running;
  });

  test.each([
    ['a dump', ['--kube=x', '--auth=none', '--listen=127.0.0.1:0'], /--kube reads a dump/],
    ['a build without it', ['--auth=none', '--listen=127.0.0.1:0'], /no watcher of meshes/],
  ])('is refused with %s', async (_, argv, message) => {
    const settings = { signal: new AbortController().signal, stdout: () => undefined, version: '1' };
    const more = argv.includes('--kube=x') ? { createMeshWatcher: embedIstioWatcher } : {};
    await expect(runMapper(['--istio', '--store=sqlite::memory:', ...argv], {}, { ...settings, ...more })).rejects.toThrow(message);
  });
});
