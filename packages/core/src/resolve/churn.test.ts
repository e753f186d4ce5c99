import { expect, test } from 'vitest';
import { createClusterView } from '../cluster/cluster-view.ts';
import type { ClusterChange, PodRecord } from '../cluster/records.ts';
import { createResolver } from './resolver.ts';

const SECOND = 1_000;
const START = Date.parse('2026-03-01T12:00:00Z');

function podRecord(uid: string, name: string, address: string, from: number): PodRecord {
  return {
    uid,
    namespace: 'shop',
    name,
    labels: {},
    annotations: {},
    owners: [],
    hostNetwork: false,
    phase: 'Running',
    addresses: [address],
    hostAddresses: [],
    createdAt: from,
    startedAt: from,
    ports: [],
    containers: [],
  };
}

const born = (pod: PodRecord): ClusterChange => ({ type: 'pod', pod, at: pod.createdAt });
const gone = (pod: PodRecord, at: number): ClusterChange => ({ type: 'pod', pod, at, deleted: true });

test('an address that goes from pod to pod is answered for its time, asked in any order between any changes', () => {
  const view = createClusterView({ cluster: 'one' });
  const resolver = createResolver({ view });
  view.apply(born(podRecord('client', 'client', '10.0.0.1', START - 60 * SECOND)));
  const serverAt = (at: number): string | undefined => {
    const { updates } = resolver.resolve(
      {
        kind: 'tcp',
        vantage: 'client',
        source: { address: '10.0.0.1' },
        destination: { protocol: 'TCP', address: '10.0.0.2', port: 80 },
        count: 1,
        firstSeenAt: at,
        lastSeenAt: at,
      },
      at,
    );
    const [update] = updates;
    return update?.server.type === 'workload' ? update.server.name : update?.server.type;
  };
  const TENANTS = 50;
  for (let tenant = 0; tenant < TENANTS; tenant++) {
    const from = START + tenant * 10 * SECOND;
    const pod = podRecord(`pod-${tenant}`, `tenant-${tenant}`, '10.0.0.2', from);
    view.apply(born(pod));
    expect(serverAt(from + 5 * SECOND)).toBe(`tenant-${tenant}`);
    // Others come and go meanwhile.
    view.apply(born(podRecord(`other-${tenant}`, `other-${tenant}`, `10.0.1.${tenant}`, from)));
    view.apply(gone(pod, from + 8 * SECOND));
    for (const earlier of [tenant, tenant >> 1, 0]) {
      expect(serverAt(START + earlier * 10 * SECOND + 6 * SECOND), `tenant ${earlier} asked late`).toBe(`tenant-${earlier}`);
    }
    expect(serverAt(from + 9 * SECOND), 'nobody had it').toBe('unknown');
  }
});

test('a pod that is named anew is answered by its new name', () => {
  const view = createClusterView({ cluster: 'one' });
  const resolver = createResolver({ view });
  const pod = podRecord('a', 'a', '10.0.0.1', START);
  view.apply(born(pod));
  view.apply(born(podRecord('b', 'b', '10.0.0.2', START)));
  const at = START + SECOND;
  const clientName = (): unknown =>
    resolver.resolve(
      {
        kind: 'tcp',
        vantage: 'client',
        source: { address: '10.0.0.1' },
        destination: { protocol: 'TCP', address: '10.0.0.2', port: 80 },
        count: 1,
        firstSeenAt: at,
        lastSeenAt: at,
      },
      at,
    ).updates[0]?.client;
  expect(clientName()).toMatchObject({ name: 'a' });
  view.apply(born({ ...pod, annotations: { 'intents.otterize.com/workload-name': 'renamed' } }));
  expect(clientName()).toMatchObject({ name: 'renamed' });
});

test('of many pods that are gone those that ended first are forgotten, never a living one', () => {
  const view = createClusterView({ cluster: 'one' });
  for (let index = 0; index < 100; index++) {
    const pod = podRecord(`pod-${index}`, `pod-${index}`, `10.0.0.${index}`, START);
    view.apply(born(pod));
    if (index >= 10) view.apply(gone(pod, START + (200 - index) * SECOND));
  }
  expect(view.prune(START, 30)).toBe(60);
  expect(view.pods.size).toBe(40);
  expect(view.pods.ownerAt('10.0.0.5', START + SECOND)?.name, 'lives').toBe('pod-5');
  expect(view.pods.ownerAt('10.0.0.10', START + SECOND)?.name, 'ended last').toBe('pod-10');
  expect(view.pods.ownerAt('10.0.0.99', START + SECOND), 'ended first').toBeUndefined();
});
