import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDumps } from '@nm/kube';
import { stringify } from 'yaml';

/** Reads dumps of a cluster with 10,000 pods: JSON list, watch stream, YAML (a tenth of it). Prints min/median/max. */
const PODS = 10_000;
const REPEATS = 3;

function pod(index: number): object {
  const app = `app-${index % 500}`;
  const status = { running: { startedAt: '2026-01-01T00:00:05Z' } };
  const condition = (type: string): object => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:06Z' });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${app}-7d9c5b8f6d-${index.toString(36)}`,
      namespace: `team-${index % 40}`,
      uid: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
      resourceVersion: String(1000 + index),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app, 'pod-template-hash': '7d9c5b8f6d', team: `team-${index % 40}` },
      annotations: { 'cni.projectcalico.org/podIP': `10.1.${index >> 8}.${index & 255}/32` },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${app}-7d9c5b8f6d`,
          uid: `rs-${index % 500}`,
          controller: true,
          blockOwnerDeletion: true,
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
        resources: { limits: { cpu: '1', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
        volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', name: 'kube-api-access-abcde', readOnly: true }],
      })),
      volumes: [
        {
          name: 'kube-api-access-abcde',
          projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }] },
        },
      ],
    },
    status: {
      phase: 'Running',
      hostIP: `10.0.0.${index % 200}`,
      podIP: `10.1.${index >> 8}.${index & 255}`,
      podIPs: [{ ip: `10.1.${index >> 8}.${index & 255}` }, { ip: `fd00:10:1::${index.toString(16)}` }],
      startTime: '2026-01-01T00:00:01Z',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
      containerStatuses: Array.from({ length: 2 }, (_, container) => ({
        name: `c${container}`,
        ready: true,
        restartCount: 0,
        state: status,
        lastState: {},
      })),
    },
  };
}

async function measure(name: string, path: string, pods: number): Promise<void> {
  const times: number[] = [];
  let cpuMs = Infinity;
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const start = performance.now();
    const cpu = process.cpuUsage();
    const changes = await loadDumps([path]);
    times.push(performance.now() - start);
    const used = process.cpuUsage(cpu);
    cpuMs = Math.min(cpuMs, Math.round((used.user + used.system) / 1000));
    if (changes.length !== pods) throw new Error(`${changes.length} changes of ${pods}`);
  }
  times.sort((a, b) => a - b);
  const [min, median, max] = [times[0], times[REPEATS >> 1], times.at(-1)].map((time) => Math.round(time ?? 0));
  console.log(
    JSON.stringify({
      bench: 'kube-dump',
      form: name,
      pods,
      minMs: min,
      medianMs: median,
      maxMs: max,
      minCpuMs: cpuMs,
      rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20),
    }),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
try {
  const pods = Array.from({ length: PODS }, (_, index) => pod(index));
  const list = { apiVersion: 'v1', kind: 'List', items: pods };
  writeFileSync(join(folder, 'pods.json'), JSON.stringify(list, null, 4));
  writeFileSync(join(folder, 'pods.ndjson'), pods.map((object) => JSON.stringify({ type: 'ADDED', object })).join('\n'));
  writeFileSync(join(folder, 'pods.yaml'), stringify({ ...list, items: pods.slice(0, PODS / 10) }));
  pods.length = 0;
  await measure('json list', join(folder, 'pods.json'), PODS);
  await measure('watch stream', join(folder, 'pods.ndjson'), PODS);
  await measure('yaml list', join(folder, 'pods.yaml'), PODS / 10);
} finally {
  rmSync(folder, { recursive: true });
}
