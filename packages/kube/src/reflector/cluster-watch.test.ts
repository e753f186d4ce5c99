import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '@nm/core';
import type { ClusterChange } from '@nm/core';
import { createKubeClient } from '../client/kube-client.ts';
import { createFakeApiServer } from '../testing/index.ts';
import type { FakeApiServer, FakeApiServerOptions } from '../testing/index.ts';
import { createClusterWatch } from './cluster-watch.ts';
import type { ClusterWatch, ClusterWatchOptions } from './cluster-watch.ts';
import { parseOwnerKind } from './custom-owners.ts';

const ROLLOUT = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', plural: 'rollouts', namespaced: true };

let server: FakeApiServer;
let watch: ClusterWatch | undefined;
let changes: ClusterChange[] = [];

beforeEach(() => {
  changes = [];
});
afterEach(async () => {
  await watch?.stop();
  await server.close();
});

async function start(serverOptions: FakeApiServerOptions, options: ClusterWatchOptions, prepare: () => void): Promise<ClusterWatch> {
  server = await createFakeApiServer(serverOptions);
  prepare();
  const client = createKubeClient({ baseUrl: server.url, namespace: 'default', options: async () => ({}) });
  const reflector = { backoff: { firstMs: 5, maxMs: 20 }, slowRetryMs: 40, optionalRetryMs: 40 };
  watch = createClusterWatch({ client, logger: silentLogger, onChanges: (more) => changes.push(...more) }, { ...options, reflector });
  watch.start();
  await watch.settled(AbortSignal.timeout(10_000));
  return watch;
}

const object = (apiVersion: string, kind: string, name: string): Parameters<FakeApiServer['put']>[0] => ({
  apiVersion,
  kind,
  metadata: { name },
});

test('every kind of the view is read', async () => {
  const started = await start({}, {}, () => {
    server.put(object('v1', 'Pod', 'p'));
    server.put(object('v1', 'Service', 's'));
    server.put(object('v1', 'Node', 'n'));
    server.put(object('v1', 'Namespace', 'ns'));
    server.put({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'kubernetes' },
      spec: { cidrs: ['10.96.0.0/16'] },
    });
    server.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 's-x', labels: { 'kubernetes.io/service-name': 's' } },
    });
    for (const kind of ['ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet']) server.put(object('apps/v1', kind, 'o'));
    for (const kind of ['Job', 'CronJob']) server.put(object('batch/v1', kind, 'o'));
  });
  const kinds = changes.map((change) => (change.type === 'owner' ? change.owner.kind : change.type)).toSorted();
  expect(kinds).toEqual([
    'CronJob',
    'DaemonSet',
    'Deployment',
    'Job',
    'ReplicaSet',
    'StatefulSet',
    'endpoints',
    'namespace',
    'node',
    'pod',
    'range',
    'service',
  ]);
  expect(started.states().every((state) => state.synced || (state.isOptional && state.phase === 'absent'))).toBe(true);
});

test('what may not be read is named, the rest works', async () => {
  const started = await start({}, {}, () => {
    server.forbid('nodes');
    server.forbid('jobs');
    server.put(object('v1', 'Pod', 'p'));
  });
  expect(started.forbidden()).toEqual(['nodes', 'jobs.batch']);
  expect(changes).toMatchObject([{ type: 'pod' }]);
});

test('an API server that is away is waited for', async () => {
  server = await createFakeApiServer();
  const { url } = server;
  await server.close();
  const client = createKubeClient({ baseUrl: url, namespace: 'default', options: async () => ({}) });
  watch = createClusterWatch(
    { client, logger: silentLogger, onChanges: (more) => changes.push(...more) },
    { reflector: { backoff: { firstMs: 5, maxMs: 20 } } },
  );
  watch.start();
  await expect(watch.settled(AbortSignal.timeout(100))).rejects.toThrow(/timeout/);
  expect(watch.isSettled()).toBe(false);
  expect(watch.states().every((state) => state.lastError?.code === 'kube-unreachable')).toBe(true);
});

describe('custom owners', () => {
  test('are discovered and watched', async () => {
    await start(
      { resources: [ROLLOUT] },
      { customOwners: [{ kind: 'Rollout', group: 'argoproj.io' }] },
      () => void server.put(object('argoproj.io/v1alpha1', 'Rollout', 'r')),
    );
    expect(changes).toMatchObject([{ type: 'owner', owner: { kind: 'Rollout', apiVersion: 'argoproj.io/v1alpha1', name: 'r' } }]);
  });

  test('that are not installed hold nothing up', async () => {
    const started = await start({}, { customOwners: [{ kind: 'Rollout', group: 'argoproj.io' }] }, () => undefined);
    expect(started.states().some((state) => state.resource.startsWith('rollouts'))).toBe(false);
  });

  test.each([
    ['Rollout.argoproj.io', { kind: 'Rollout', group: 'argoproj.io' }],
    ['argoproj.io/v1alpha1/Rollout', { kind: 'Rollout', group: 'argoproj.io' }],
    ['argoproj.io/Rollout', { kind: 'Rollout', group: 'argoproj.io' }],
    ['rollout', undefined],
    ['', undefined],
  ])('%j', (text, expected) => expect(parseOwnerKind(text)).toEqual(expected));
});

describe('kinds of extensions', () => {
  const POLICIES = {
    group: 'security.istio.io',
    version: 'v1',
    kind: 'AuthorizationPolicy',
    plural: 'authorizationpolicies',
    namespaced: true,
  };
  const policy = (): void => void server.put(object('security.istio.io/v1', 'AuthorizationPolicy', 'deny'));

  test('are read where the cluster has them', async () => {
    await start({ resources: [POLICIES] }, {}, policy);
    expect(changes).toMatchObject([{ type: 'authorizationPolicy', policy: { name: 'deny' } }]);
  });

  test('that are absent hold nothing up and are no trouble', async () => {
    const logged: string[] = [];
    server = await createFakeApiServer({});
    const client = createKubeClient({ baseUrl: server.url, namespace: 'default', options: async () => ({}) });
    const logger = {
      ...silentLogger,
      info: (message: string) => void logged.push(message),
      warn: (message: string) => void logged.push(message),
    };
    watch = createClusterWatch({ client, logger, onChanges: () => undefined });
    watch.start();
    await watch.settled(AbortSignal.timeout(10_000));
    expect(logged).toEqual([]);
    expect(server.requests.filter(({ path }) => path.includes('authorizationpolicies'))).toHaveLength(2);
  });

  test('what was read goes when the kind is taken away', async () => {
    await start({ resources: [POLICIES] }, {}, policy);
    server.plant({ path: /authorizationpolicies/, status: 404, times: 1_000 });
    server.watches.drop();
    await expect.poll(() => changes.at(-1)).toMatchObject({ type: 'authorizationPolicy', deleted: true });
  });
});
