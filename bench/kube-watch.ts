import { execFileSync, fork } from 'node:child_process';
import { silentLogger } from '@nm/core';
import { createClusterWatch, createKubeClient } from '@nm/kube';
import { createFakeApiServer } from '@nm/kube/testing';

/**
 * A live cluster of 10,000 pods over HTTP (the fake API server in a process of its own): time until synced, memory of
 * the watching process, CPU at rest, and time and memory of 30 s of churn (100 pods/s replaced). `node bench/kube-watch.ts`.
 */
const PODS = 10_000;
const CHURN_SECONDS = Number(process.env['CHURN'] ?? 30);
const CHURN_PER_SECOND = 100;

function pod(index: number, generation = 0): Parameters<Awaited<ReturnType<typeof createFakeApiServer>>['put']>[0] {
  const app = `app-${index % 500}`;
  const address = `10.${1 + generation}.${index >> 8}.${index & 255}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${app}-7d9c5b8f6d-${index.toString(36)}-${generation}`,
      namespace: `team-${index % 40}`,
      labels: { app, 'pod-template-hash': '7d9c5b8f6d', team: `team-${index % 40}` },
      annotations: { 'example.com/config-hash': `${index}-0123456789abcdef0123456789abcdef` },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-7d9c5b8f6d`, uid: `rs-${index % 500}`, controller: true },
      ],
      managedFields: [
        {
          manager: 'kubelet',
          operation: 'Update',
          time: '2026-01-01T00:00:00Z',
          fieldsV1: Object.fromEntries(Array.from({ length: 30 }, (_, field) => [`f:field-${field}`, {}])),
        },
      ],
    },
    spec: {
      nodeName: `node-${index % 200}`,
      containers: Array.from({ length: 2 }, (_, container) => ({
        name: `c${container}`,
        image: `registry.example.com/${app}:1.2.3`,
        ports: [{ name: 'http', containerPort: 8080 + container, protocol: 'TCP' }],
        env: Array.from({ length: 25 }, (_unused, variable) => ({
          name: `SETTING_NUMBER_${variable}`,
          value: `some value that takes room ${variable}`,
        })),
      })),
    },
    status: {
      phase: 'Running',
      hostIP: `10.0.0.${index % 200}`,
      podIP: address,
      podIPs: [{ ip: address }],
      startTime: '2026-01-01T00:00:01Z',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: '2026-01-01T00:00:06Z',
      })),
      containerStatuses: [0, 1].map((container) => ({
        name: `c${container}`,
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: '2026-01-01T00:00:05Z' } },
      })),
    },
  };
}

async function serve(): Promise<void> {
  const server = await createFakeApiServer();
  for (let index = 0; index < PODS; index += 1) server.put(pod(index));
  process.on('message', () => {
    let replaced = 0;
    const timer = setInterval(() => {
      for (let count = 0; count < CHURN_PER_SECOND / 10; count += 1) {
        const index = replaced % PODS;
        const before = pod(index);
        server.remove('Pod', before.metadata.namespace, before.metadata.name);
        server.put(pod(index, 1));
        replaced += 1;
      }
      server.watches.bookmark();
      if (replaced < CHURN_SECONDS * CHURN_PER_SECOND) return;
      clearInterval(timer);
    }, 100);
  });
  process.send?.(server.url);
}

function memory(): object {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssMiB: Math.round(rss / 2 ** 20), heapMiB: Math.round(heapUsed / 2 ** 20) };
}

async function measure(): Promise<void> {
  const child = fork(import.meta.filename, ['serve']);
  const url = await new Promise<string>((resolve) => child.once('message', (message) => resolve(message as string)));
  const before = memory();
  const client = createKubeClient({ baseUrl: url, namespace: 'default', options: async () => ({}) });
  let seen = 0;
  const watch = createClusterWatch(
    { client, logger: silentLogger, onChanges: (changes) => (seen += changes.length) },
    { reflector: { pageSize: Number(process.env['PAGE'] ?? 500) } },
  );
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  watch.start();
  await watch.settled();
  const syncedMs = Math.round(performance.now() - startedAt);
  const syncCpuMs = Math.round(process.cpuUsage(cpuAtStart).user / 1000);
  if (seen < PODS) throw new Error(`only ${seen} changes`);
  const synced = memory();
  console.log(JSON.stringify({ bench: 'kube-watch', pods: PODS, syncedMs, syncCpuMs, before, synced }));
  const cpu = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const idle = process.cpuUsage(cpu);
  console.log(JSON.stringify({ bench: 'kube-watch idle', cpuPercent: (idle.user + idle.system) / 50_000 }));
  seen = 0;
  const churnCpu = process.cpuUsage();
  child.send('churn');
  const expected = CHURN_SECONDS * CHURN_PER_SECOND * 2;
  while (seen < expected) await new Promise((resolve) => setTimeout(resolve, 100));
  const used = process.cpuUsage(churnCpu);
  console.log(
    JSON.stringify({
      bench: 'kube-watch churn',
      changes: seen,
      cpuPercent: Math.round((used.user + used.system) / (CHURN_SECONDS * 10_000)),
      ...memory(),
    }),
  );
  await watch.stop();
  child.kill();
}

if (process.argv[2] === 'serve') await serve();
else if (globalThis.gc === undefined) execFileSync(process.execPath, ['--expose-gc', import.meta.filename], { stdio: 'inherit' });
else await measure();
