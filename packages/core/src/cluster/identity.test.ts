import { describe, expect, test } from 'vitest';
import { owner, pod, ref, T } from '../testing/cluster.ts';
import { createClusterView } from './cluster-view.ts';
import type { ClusterViewOptions } from './cluster-view.ts';
import type { ClusterChange, PodRecord } from './records.ts';

function identityOf(record: Partial<PodRecord>, owners: readonly ClusterChange[] = [], options: Partial<ClusterViewOptions> = {}): string {
  const view = createClusterView({ cluster: 'c', ...options });
  view.apply(pod('web-abc-x', '10.0.0.9', record));
  for (const change of owners) view.apply(change);
  const found = view.pods.ownerAt('10.0.0.9', T);
  return `${found?.kind ?? '?'}/${found?.name ?? '?'}`;
}

const replicaSet = owner('ReplicaSet', 'web-abc', 'rs', 'shop', [ref('Deployment', 'web', 'd')]);
const deployment = owner('Deployment', 'web', 'd', 'shop', []);
const rollout = owner('ReplicaSet', 'web-abc', 'rs', 'shop', [ref('Rollout', 'web-rollout', 'ro')]);

describe('workload identity', () => {
  test.each<[string, Partial<PodRecord>, readonly ClusterChange[], string]>([
    ['a bare pod', {}, [], 'Pod/web-abc-x'],
    ['up to the Deployment', { owners: [ref('ReplicaSet', 'web-abc', 'rs')] }, [replicaSet, deployment], 'Deployment/web'],
    ['the Deployment named by its ReplicaSet is enough', { owners: [ref('ReplicaSet', 'web-abc', 'rs')] }, [replicaSet], 'Deployment/web'],
    ['cut where the owner is missing', { owners: [ref('ReplicaSet', 'web-abc', 'rs')] }, [], 'ReplicaSet/web-abc'],
    [
      'a custom owner',
      { owners: [ref('ReplicaSet', 'web-abc', 'rs')] },
      [rollout, owner('Rollout', 'web-rollout', 'ro', 'shop', [])],
      'Rollout/web-rollout',
    ],
    [
      'the controller before the first owner',
      { owners: [ref('Backup', 'b', 'b', false), ref('StatefulSet', 'db', 's')] },
      [],
      'StatefulSet/db',
    ],
    [
      'the first owner when none controls',
      { owners: [ref('StrimziPodSet', 'kafka', 'k', false), ref('Other', 'o', 'o', false)] },
      [],
      'StrimziPodSet/kafka',
    ],
    [
      'a CronJob above its Job',
      { owners: [ref('Job', 'backup-1', 'j')] },
      [owner('Job', 'backup-1', 'j', 'shop', [ref('CronJob', 'backup', 'cj')])],
      'CronJob/backup',
    ],
    [
      'owners that own each other',
      { owners: [ref('A', 'a', 'a')] },
      [owner('A', 'a', 'a', 'shop', [ref('B', 'b', 'b')]), owner('B', 'b', 'b', 'shop', [ref('A', 'a', 'a')])],
      'B/b',
    ],
    ['a dot in a name', { owners: [ref('StatefulSet', 'db.v1', 's')] }, [], 'StatefulSet/db_v1'],
    [
      'a pod that owns a pod',
      { owners: [ref('Pod', 'driver', 'uid-driver')] },
      [pod('driver', '10.0.0.8', { owners: [ref('SparkApplication', 'pi', 'sp')] })],
      'SparkApplication/pi',
    ],
    [
      'the label wins',
      { labels: { 'otterize/service-name': 'named' }, annotations: { 'intents.otterize.com/workload-name': 'annotated' } },
      [],
      '/named',
    ],
    [
      'then the annotation',
      { annotations: { 'intents.otterize.com/workload-name': 'annotated', 'intents.otterize.com/service-name': 'old' } },
      [],
      '/annotated',
    ],
    ['then the old annotation', { annotations: { 'intents.otterize.com/service-name': 'old.name' } }, [], '/old.name'],
    [
      'a static pod without its node',
      { name: 'etcd-node-1', annotations: { 'kubernetes.io/config.mirror': 'h' }, owners: [ref('Node', 'node-1', 'n')] },
      [],
      'Pod/etcd',
    ],
  ])('%s', (_name, record, owners, expected) => {
    expect(identityOf(record, owners)).toBe(expected);
  });

  test('owners may become known after the pod', () => {
    const record = { owners: [ref('ReplicaSet', 'web-abc', 'rs')] };
    expect(identityOf(record, [deployment, replicaSet])).toBe('Deployment/web');
  });

  test('climbing stops at a kind that is declared a root', () => {
    const record = { owners: [ref('ReplicaSet', 'web-abc', 'rs')] };
    expect(identityOf(record, [rollout], { identity: { rootKinds: ['ReplicaSet.apps'] } })).toBe('ReplicaSet/web-abc');
  });

  test('Jobs by image, when asked for', () => {
    const containers = [
      { name: 'main', image: 'registry.example/team/report:v1' },
      { name: 'istio-proxy', image: 'x/proxy:1' },
      { name: 'log-sidecar', image: 'x/log:1' },
    ];
    const record = { owners: [ref('Job', 'j-1', 'j')], containers };
    expect(identityOf(record, [], { identity: { imageNameForJobs: true } })).toBe('/team/report');
    expect(identityOf(record, [])).toBe('Job/j-1');
  });

  test('a reused pod name is another pod: identity is by UID', () => {
    const view = createClusterView({ cluster: 'c' });
    view.apply(pod('db-0', '10.0.0.9', { uid: 'a', owners: [ref('StatefulSet', 'old', 's1')], finishedAt: T - 60_000 }));
    view.apply(pod('db-0', '10.0.0.9', { uid: 'b', owners: [ref('StatefulSet', 'new', 's2')], startedAt: T - 30_000 }));
    expect([view.pods.ownerAt('10.0.0.9', T - 90_000)?.name, view.pods.ownerAt('10.0.0.9', T)?.name]).toEqual(['old', 'new']);
  });

  test('what ended before a time can be forgotten, owners below nobody with it', () => {
    const view = createClusterView({ cluster: 'c' });
    view.apply(replicaSet);
    view.apply(pod('a', '10.0.0.1', { owners: [ref('ReplicaSet', 'web-abc', 'rs')], finishedAt: T - 60_000 }));
    view.apply(pod('b', '10.0.0.2'));
    expect(view.prune(T - 30_000)).toBe(1);
    expect([view.pods.ownerAt('10.0.0.1', T - 90_000), view.pods.ownerAt('10.0.0.2', T)?.name]).toEqual([undefined, 'b']);
  });
});
