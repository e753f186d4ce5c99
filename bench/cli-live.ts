import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeApiServer } from '@nm/kube/testing';
import { START, startTestMapper } from '@nm/mapper/testing';
import { printFigures } from './figures.ts';

/** `list` of the bundle through a port-forward: kubeconfig, Service, pods, one connection, a page of 1,000 edges; start to exit, in milliseconds. */
const REPEATS = 10;
const EDGES = 1_000;
const bundle = join(import.meta.dirname, '..', 'dist', 'network-mapper.mjs');
if (!existsSync(bundle)) throw new Error('no bundle: run "npm run build" first');

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
const api = await createFakeApiServer();
const mapper = await startTestMapper();
try {
  await mapper.report(
    Array.from({ length: EDGES }, (_, index) => ({
      kind: 'dns' as const,
      vantage: 'client' as const,
      source: { address: '10.1.0.1' },
      destination: { protocol: 'UDP' as const, name: `www.d${index}.example`, address: '203.0.113.1' },
      count: 1,
      firstSeenAt: START - 1_000,
      lastSeenAt: START - 1_000,
    })),
  );
  const metadata = { name: 'otterize-network-mapper', namespace: 'otterize-system' };
  api.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: { app: 'mapper' }, ports: [{ port: 9090, targetPort: 9090 }] },
  });
  api.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'mapper-1', namespace: 'otterize-system', labels: { app: 'mapper' } },
    spec: { containers: [{ name: 'mapper' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  api.onPortForward(() => connect(Number(new URL(mapper.url).port), '127.0.0.1'));
  const kubeconfig = join(folder, 'config');
  writeFileSync(kubeconfig, api.kubeconfig());
  const figures: Record<string, number[]> = {};
  for (let run = 0; run < REPEATS; run += 1) {
    for (const [what, args] of [
      ['list through port-forward, ms', ['list', '--kubeconfig', kubeconfig]],
      ['list --url, ms', ['list', '--url', mapper.url]],
    ] as const) {
      const startedAt = performance.now();
      const code = await new Promise((done) => spawn(process.execPath, [bundle, ...args], { stdio: 'ignore' }).once('exit', done));
      if (code !== 0) throw new Error(`list ended with ${String(code)}`);
      (figures[what] ??= []).push(performance.now() - startedAt);
    }
  }
  printFigures('cli-live', figures, { edges: EDGES, node: process.versions.node });
} finally {
  await mapper.stop();
  await api.close();
  rmSync(folder, { recursive: true, force: true });
}
