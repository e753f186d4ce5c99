import type { Edge, Peer } from '@nm/core';
import { runCli } from '../cli.ts';
import { createTestHost, edge, mapText, seen, workload } from './test-host.ts';
import type { TestHost, TestHostOptions } from './test-host.ts';

export const web: Peer = workload('web', 'shop', 'Deployment', { app: 'web' });
/** One edge of each kind that a map may hold. */
export const edges: readonly Edge[] = [
  edge(web, workload('cart'), {
    evidence: { dns: seen, tcp: seen },
    ports: [{ port: 7070, protocol: 'TCP', service: { namespace: 'shop', name: 'cart-svc' }, servicePort: 80, evidence: { tcp: seen } }],
  }),
  edge(web, { type: 'internet', domain: 'api.example.com', scope: 'public' }, { evidence: { dns: seen } }),
  edge(
    web,
    { type: 'internet', addresses: ['203.0.113.7', '203.0.113.8'], addressCount: 9, scope: 'public' },
    { ports: [{ port: 25, protocol: 'TCP', evidence: {} }] },
  ),
  edge(web, { type: 'aws', resource: 'arn:aws:s3:::bucket' }, { evidence: { aws: seen }, actions: [{ action: 's3:GetObject', count: 1 }] }),
  edge(workload('op', 'ops'), { type: 'apiServer', cluster: 'default' }),
  edge(workload('op', 'ops'), workload('kafka', 'kafka', 'StatefulSet'), {
    evidence: { kafka: seen },
    kafka: [
      { topic: 't', operation: 'consume', allowed: false },
      { topic: 'g', operation: 'describe', allowed: true, resourceType: 'group' },
    ],
  }),
  edge({ type: 'internet', scope: 'public', addresses: ['198.51.100.1'] }, web),
  edge({ type: 'node', cluster: 'default', name: 'n1' }, web),
  edge({ type: 'node', cluster: 'default', name: 'n1' }, workload('cart'), { class: 'system' }),
  edge(web, { type: 'unknown', cluster: 'default', address: '10.0.0.9', reason: 'pod-gone' }),
];

/** Runs the command line in a new folder with the maps `map.json` (of `edges`) and `empty.json`. */
export async function run(args: readonly string[], options: TestHostOptions = {}): Promise<{ code: number; host: TestHost }> {
  const host = createTestHost({ ...options, files: { 'map.json': mapText(edges), 'empty.json': mapText([]), ...options.files } });
  return { code: await runCli(args, host), host };
}
