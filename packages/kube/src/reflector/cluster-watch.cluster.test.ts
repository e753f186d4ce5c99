import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '@nm/core';
import type { ClusterChange } from '@nm/core';
import { createKubeClient } from '../client/kube-client.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { loadKubeClient } from '../client/kubeconfig.ts';
import { loadDumps } from '../dump/load-dumps.ts';
import { createClusterWatch } from './cluster-watch.ts';
import type { ClusterWatch, ClusterWatchOptions } from './cluster-watch.ts';
import type { ReflectorMetrics } from './reflector.ts';

/** Against a real kube-apiserver without nodes; NM_CLUSTER_DIR is the folder of the script apiserver-only. */
const SCRIPT = join(resolve(process.env['NM_CLUSTER_DIR'] ?? 'e2e/cluster'), 'apiserver-only');
const NAMESPACE = '/api/v1/namespaces/shop';

let folder = '';
let client: KubeClient;
let watch: ClusterWatch | undefined;
let changes: ClusterChange[] = [];
const counted = new Map<string, number>();
const count = (key: string): void => void counted.set(key, (counted.get(key) ?? 0) + 1);
const metrics: ReflectorMetrics = {
  listed: () => undefined,
  relisted: (resource, reason) => count(`${resource} ${reason}`),
  events: () => undefined,
  failed: (resource, code) => count(`${resource} ${code}`),
  skipped: () => undefined,
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nm-apiserver-'));
  const kubeconfig = execFileSync(SCRIPT, ['up', join(folder, 'server')], { encoding: 'utf8' }).trim();
  client = await loadKubeClient({ kubeconfig, env: {} });
  await create('/api/v1/namespaces', { kind: 'Namespace', metadata: { name: 'shop' } });
}, 60_000);
afterAll(() => {
  client.close();
  execFileSync(SCRIPT, ['down', join(folder, 'server')]);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  changes = [];
  counted.clear();
});
afterEach(async () => {
  await watch?.stop();
  watch = undefined;
});

async function create(path: string, body: object): Promise<{ metadata: { uid: string } }> {
  return (await client.request(path, { method: 'POST', body })) as { metadata: { uid: string } };
}
async function patch(path: string, body: object): Promise<unknown> {
  return client.request(path, { method: 'PATCH', body, contentType: 'application/merge-patch+json' });
}
async function remove(path: string): Promise<unknown> {
  return client.request(path, { method: 'DELETE', body: { gracePeriodSeconds: 0 } });
}
async function start(options: ClusterWatchOptions = {}, with_: KubeClient = client): Promise<ClusterWatch> {
  watch = createClusterWatch(
    { client: with_, logger: silentLogger, metrics, onChanges: (more) => changes.push(...more) },
    { ...options, reflector: { backoff: { firstMs: 20, maxMs: 200 }, ...options.reflector } },
  );
  watch.start();
  await watch.settled(AbortSignal.timeout(20_000));
  return watch;
}
async function until<Value>(find: () => Value | undefined): Promise<Value> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited too long; ${changes.length} changes`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
const podSpec = { nodeName: 'node-1', containers: [{ name: 'c', image: 'example.com/app:1', ports: [{ containerPort: 8080 }] }] };
const podChange = (name: string, deleted = false): Extract<ClusterChange, { type: 'pod' }> | undefined =>
  changes.findLast(
    (change): change is Extract<ClusterChange, { type: 'pod' }> =>
      change.type === 'pod' && change.pod.name === name && (change.deleted === true) === deleted,
  );

describe('a real API server', () => {
  test('list, events and deletion of pods', async () => {
    await create(`${NAMESPACE}/pods`, { kind: 'Pod', metadata: { name: 'early' }, spec: podSpec });
    const started = await start();
    expect(started.states().filter((state) => !state.synced && !state.isOptional)).toEqual([]);
    expect(podChange('early')).toMatchObject({ pod: { nodeName: 'node-1', ports: [{ containerPort: 8080, protocol: 'TCP' }] } });
    await create(`${NAMESPACE}/pods`, { kind: 'Pod', metadata: { name: 'late', labels: { app: 'x' } }, spec: podSpec });
    await until(() => podChange('late'));
    await patch(`${NAMESPACE}/pods/late/status`, {
      status: {
        phase: 'Running',
        podIP: '10.244.0.9',
        podIPs: [{ ip: '10.244.0.9' }, { ip: 'fd00:10:244::9' }],
        startTime: '2026-01-01T00:00:00Z',
      },
    });
    await until(() => (podChange('late')?.pod.addresses.length === 2 ? true : undefined));
    await remove(`${NAMESPACE}/pods/late`);
    expect((await until(() => podChange('late', true))).pod.addresses).toEqual(['10.244.0.9', 'fd00:10:244::9']);
  });

  test('the first Service, its range, owners as metadata only', async () => {
    const labels = { app: 'cart' };
    const template = { metadata: { labels }, spec: { containers: podSpec.containers } };
    const deployment = await create('/apis/apps/v1/namespaces/shop/deployments', {
      kind: 'Deployment',
      metadata: { name: 'cart' },
      spec: { selector: { matchLabels: labels }, template },
    });
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart', uid: deployment.metadata.uid, controller: true };
    await create('/apis/apps/v1/namespaces/shop/replicasets', {
      kind: 'ReplicaSet',
      metadata: { name: 'cart-1', labels, ownerReferences: [owner] },
      spec: { selector: { matchLabels: labels }, template },
    });
    await start();
    expect(changes).toContainEqual(
      expect.objectContaining({
        type: 'service',
        service: expect.objectContaining({ namespace: 'default', name: 'kubernetes' }) as object,
      }),
    );
    expect(changes).toContainEqual({ type: 'range', cidr: '10.96.0.0/16', use: 'service' });
    expect(changes).toContainEqual({ type: 'range', cidr: 'fd00:10:96::/112', use: 'service' });
    expect(changes).toContainEqual(
      expect.objectContaining({
        type: 'owner',
        owner: expect.objectContaining({ kind: 'ReplicaSet', apiVersion: 'apps/v1', name: 'cart-1', owners: [owner] }) as object,
      }),
    );
  });

  test('pages, and watches that the server ends again and again, lose nothing', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `paged-${String(index).padStart(2, '0')}`);
    await Promise.all(names.map(async (name) => create(`${NAMESPACE}/pods`, { kind: 'Pod', metadata: { name }, spec: podSpec })));
    await start({ reflector: { pageSize: 7, serverTimeoutMs: 500 } });
    expect(names.filter((name) => podChange(name) === undefined)).toEqual([]);
    for (const name of names) {
      await remove(`${NAMESPACE}/pods/${name}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    await until(() => (names.every((name) => podChange(name, true) !== undefined) ? true : undefined));
    expect(counted.get('pods first')).toBe(1);
    expect([...counted.keys()].filter((key) => key.endsWith('expired'))).toEqual([]);
  });

  test('a custom owner kind; a version that the server does not know any more: the list is repeated', async () => {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      kind: 'CustomResourceDefinition',
      metadata: { name: 'rollouts.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Rollout', plural: 'rollouts' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    const rollouts = '/apis/example.com/v1/namespaces/shop/rollouts';
    const rollout = (name: string): object => ({ apiVersion: 'example.com/v1', kind: 'Rollout', metadata: { name } });
    const created = async (): Promise<boolean> =>
      create(rollouts, rollout('one')).then(
        () => true,
        () => false,
      );
    while (!(await created())) await new Promise((done) => setTimeout(done, 100));
    const own = createKubeClient(client.transport);
    let isFirst = true;
    // The server's cache of a kind begins when the kind is made, so version 1 is too old for it.
    const tampered: KubeClient = {
      ...own,
      stream: async (path, options) => {
        const isOld = isFirst && path.startsWith('/apis/example.com/') && path.includes('watch=1');
        if (isOld) isFirst = false;
        return own.stream(isOld ? path.replace(/resourceVersion=\d+/, 'resourceVersion=1') : path, options);
      },
    };
    await start({ customOwners: [{ kind: 'Rollout', group: 'example.com' }], reflector: { slowRetryMs: 200 } }, tampered);
    await until(() => (counted.get('rollouts.example.com expired') === 1 ? true : undefined));
    await create(rollouts, rollout('two'));
    const found = await until(() => changes.find((change) => change.type === 'owner' && change.owner.name === 'two'));
    expect(found).toMatchObject({ owner: { kind: 'Rollout', apiVersion: 'example.com/v1', namespace: 'shop' } });
    own.close();
  });

  test('a ServiceAccount with few rights: what is missing is named', async () => {
    await create(`${NAMESPACE}/serviceaccounts`, { kind: 'ServiceAccount', metadata: { name: 'mapper' } });
    await create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      kind: 'ClusterRole',
      metadata: { name: 'some' },
      rules: [{ apiGroups: ['', 'apps'], resources: ['pods', 'services', 'replicasets'], verbs: ['get', 'list', 'watch'] }],
    });
    await create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      kind: 'ClusterRoleBinding',
      metadata: { name: 'some' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'some' },
      subjects: [{ kind: 'ServiceAccount', name: 'mapper', namespace: 'shop' }],
    });
    const answer = (await create(`${NAMESPACE}/serviceaccounts/mapper/token`, {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: {},
    })) as unknown as { status: { token: string } };
    const ca = readFileSync(join(folder, 'server', 'ca.crt'), 'utf8');
    const limited = createKubeClient({
      ...client.transport,
      options: async () => ({ ca, headers: { Authorization: `Bearer ${answer.status.token}` } }),
    });
    const started = await start({}, limited);
    expect(
      started
        .states()
        .filter((state) => state.synced)
        .map((state) => state.resource),
    ).toEqual(['services', 'pods', 'replicasets.apps']);
    expect(started.forbidden()).toContain('nodes');
    limited.close();
    await expect(
      createKubeClient({ ...client.transport, options: async () => ({ ca, headers: { Authorization: 'Bearer nonsense' } }) }).request(
        '/api/v1/pods',
      ),
    ).rejects.toMatchObject({ code: 'kube-unauthorised' });
    await expect(createKubeClient({ ...client.transport, options: async () => ({}) }).request('/api/v1/pods')).rejects.toMatchObject({
      code: 'kube-unreachable',
      message: expect.stringContaining('certificate') as string,
    });
  });

  test('what kubectl writes is read as a dump, with the same records', async () => {
    await create(`${NAMESPACE}/pods`, { kind: 'Pod', metadata: { name: 'dumped' }, spec: podSpec });
    await start();
    const kubectl = join(process.env['CACHE'] ?? join(process.env['HOME'] ?? '', '.cache/network-mapper-cluster'), 'bin/kubectl');
    const live = podChange('dumped')?.pod;
    for (const format of ['json', 'yaml']) {
      const file = join(folder, `dump.${format}`);
      execFileSync('sh', [
        '-c',
        `"${kubectl}" --kubeconfig "${join(folder, 'server/kubeconfig')}" get pods,services,ns -A -o ${format} >"${file}"`,
      ]);
      const dumped = await loadDumps([file]);
      expect(dumped.find((change) => change.type === 'pod' && change.pod.name === 'dumped')).toMatchObject({ pod: live });
      expect(dumped.some((change) => change.type === 'service' && change.service.name === 'kubernetes')).toBe(true);
    }
  });
});
