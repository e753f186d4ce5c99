import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '@nm/core';
import type { ClusterChange, Logger } from '@nm/core';
import { createKubeClient } from '../client/kube-client.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { createFakeApiServer } from '../testing/index.ts';
import type { FakeApiServer } from '../testing/index.ts';
import { createReflector } from './reflector.ts';
import type { Reflector, ReflectorOptions } from './reflector.ts';
import { CLUSTER_RESOURCES } from './watched-resource.ts';

const FAST: Partial<ReflectorOptions> = { backoff: { firstMs: 5, maxMs: 40 }, slowRetryMs: 30, idleTimeoutMs: 5000, listTimeoutMs: 5000 };

let server: FakeApiServer;
let client: KubeClient;
let stopping: AbortController;
let done: Promise<void> | undefined;
let changes: ClusterChange[] = [];
let logged: string[] = [];
let counted: Record<string, number> = {};
let wake: (() => void)[] = [];

const logger: Logger = { ...silentLogger, warn: (message, fields) => logged.push(`${message} ${String(fields?.['resource'])}`) };

beforeEach(async () => {
  server = await createFakeApiServer();
  client = createKubeClient({ baseUrl: server.url, namespace: 'default', options: async () => ({}) });
  stopping = new AbortController();
  changes = [];
  logged = [];
  counted = {};
  wake = [];
});
afterEach(async () => {
  stopping.abort();
  await done;
  client.close();
  await server.close();
});

/** Waits until a condition holds; looked at whenever something happened, and every few milliseconds. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited too long; last: ${JSON.stringify(short())}, ${JSON.stringify(counted)}`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 10);
      wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function start(name = 'pods', options: Partial<ReflectorOptions> = {}, random = (): number => 0.5): Reflector {
  const resource = CLUSTER_RESOURCES.find((candidate) => candidate.name === name);
  if (resource === undefined) throw new Error(name);
  const count = (key: string): void => {
    counted[key] = (counted[key] ?? 0) + 1;
  };
  const reflector = createReflector(
    {
      client,
      resource,
      logger,
      now: Date.now,
      random,
      metrics: {
        listed: () => count('listed'),
        relisted: (_resource, reason) => count(`list ${reason}`),
        events: () => count('events'),
        failed: (_resource, code) => count(code),
        skipped: (_resource, reason) => count(`skipped ${reason}`),
      },
      onChanges: (more) => {
        changes.push(...more);
        for (const go of wake.splice(0)) go();
      },
    },
    { ...FAST, ...options },
  );
  done = reflector.run(stopping.signal);
  return reflector;
}

const pod = (name: string, labels: Record<string, string> = {}): Parameters<FakeApiServer['put']>[0] => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, labels },
  status: { podIP: '10.0.0.1' },
});

function short(): string[] {
  return changes.flatMap((change) =>
    change.type === 'pod'
      ? [`${change.deleted === true ? '-' : '+'}${change.pod.name}`]
      : change.type === 'owner'
        ? [`${change.deleted === true ? '-' : '+'}${change.owner.name}`]
        : [],
  );
}
const isWatching = (): boolean => server.watches.count() === 1;
const lists = (): number => server.requests.filter((request) => request.query.get('watch') === null).length;

describe('list and watch', () => {
  test('pages, then events, with the time at which they were learned', async () => {
    for (let index = 0; index < 7; index += 1) server.put(pod(`p${index}`));
    const before = Date.now();
    const reflector = start('pods', { pageSize: 3 });
    await until(isWatching);
    expect(short()).toEqual(['+p0', '+p1', '+p2', '+p3', '+p4', '+p5', '+p6']);
    expect(lists()).toBe(3);
    server.put(pod('p0', { app: 'x' }));
    server.remove('Pod', 'shop', 'p1');
    server.put(pod('new'));
    await until(() => short().length === 10);
    expect(short().slice(7)).toEqual(['+p0', '-p1', '+new']);
    for (const change of changes) expect('at' in change && change.at).toBeGreaterThanOrEqual(before);
    expect(reflector.state()).toMatchObject({ phase: 'watching', synced: true, objects: 7 });
  });

  test('owners are asked for as PartialObjectMetadata', async () => {
    server.put({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: 'rs',
        namespace: 'shop',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'u', controller: true }],
      },
    });
    start('replicasets.apps');
    await until(isWatching);
    server.put({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'rs2', namespace: 'shop' } });
    await until(() => changes.length === 2);
    expect(changes[0]).toMatchObject({
      type: 'owner',
      owner: { kind: 'ReplicaSet', apiVersion: 'apps/v1', name: 'rs', owners: [{ name: 'd' }] },
    });
    expect(changes[1]).toMatchObject({ type: 'owner', owner: { kind: 'ReplicaSet', name: 'rs2' } });
    for (const request of server.requests) expect(request.headers.accept).toContain('as=PartialObjectMetadata');
  });

  test('an empty list, and a list whose items are null', async () => {
    server.plant({ body: '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"100"},"items":null}' });
    const reflector = start();
    await until(isWatching);
    expect(reflector.state()).toMatchObject({ synced: true, objects: 0 });
  });
});

describe('a watch that ends is taken up where it stopped', () => {
  test.each<[string, () => void]>([
    ['by the server, at its timeout', () => server.watches.end()],
    ['by a broken connection', () => server.watches.drop()],
    ['by an ERROR event that is not 410', () => server.watches.error(500, 'etcd is away')],
  ])('%s', async (_name, how) => {
    server.put(pod('a'));
    start();
    await until(isWatching);
    how();
    server.put(pod('b'));
    await until(() => short().includes('+b'));
    expect(short()).toEqual(['+a', '+b']);
    expect(lists()).toBe(1);
  });

  test('by silence: a hung connection', async () => {
    server.put(pod('a'));
    start('pods', { idleTimeoutMs: 60 });
    await until(isWatching);
    server.watches.silence();
    server.put(pod('b'));
    await until(() => short().includes('+b'));
    expect(lists()).toBe(1);
  });

  test('from the version of the last bookmark', async () => {
    server.put(pod('a'));
    start();
    await until(isWatching);
    server.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other' } });
    server.watches.bookmark();
    await until(() => (counted['events'] ?? 0) > 0);
    const { length } = server.requests;
    server.watches.drop();
    await until(() => server.requests.length > length && isWatching());
    expect(server.requests.at(-1)?.query.get('resourceVersion')).toBe(server.version());
    expect(server.requests.at(-1)?.query.get('allowWatchBookmarks')).toBe('true');
  });

  test('the time limit asked of the server differs between reflectors', async () => {
    start('pods', { serverTimeoutMs: 100_000 }, () => 0.25);
    await until(isWatching);
    expect(server.requests.at(-1)?.query.get('timeoutSeconds')).toBe('125');
  });
});

describe('410 Gone: the list is repeated, and what it lacks was deleted', () => {
  const changeUnseen = (): void => {
    server.watches.silence();
    server.remove('Pod', 'shop', 'a');
    server.put(pod('d'));
    server.compact();
  };

  test.each<[string, () => void]>([
    ['as an ERROR event', () => server.watches.drop()],
    ['as an ERROR event in the middle of a watch', () => server.watches.error(410, 'too old resource version')],
    [
      'as the status of the answer',
      () => {
        server.plant({ watch: true, status: 410 });
        server.watches.drop();
      },
    ],
  ])('%s', async (_name, how) => {
    for (const name of ['a', 'b', 'c']) server.put(pod(name));
    start();
    await until(isWatching);
    changeUnseen();
    how();
    await until(() => short().includes('-a'));
    expect(short()).toEqual(['+a', '+b', '+c', '+d', '-a']);
    expect(changes.at(-1)).toMatchObject({ deleted: true, at: expect.any(Number) as number, pod: { uid: 'uid-a' } });
    expect(counted).toMatchObject({ 'list first': 1, 'list expired': 1 });
  });

  test('while paging: the list begins again', async () => {
    for (let index = 0; index < 6; index += 1) server.put(pod(`p${index}`));
    server.plant({ continued: true, status: 410 });
    const reflector = start('pods', { pageSize: 2 });
    await until(isWatching);
    expect(short()).toHaveLength(6);
    expect(reflector.state()).toMatchObject({ synced: true, objects: 6 });
  });

  test('while paging again and again: the last try asks for all at once', async () => {
    for (let index = 0; index < 6; index += 1) server.put(pod(`p${index}`));
    server.plant({ continued: true, status: 410, times: 10 });
    start('pods', { pageSize: 2 });
    await until(isWatching);
    expect(short()).toHaveLength(6);
    expect(
      server.requests
        .filter((request) => request.query.get('watch') === null)
        .at(-1)
        ?.query.get('limit'),
    ).toBeNull();
  });
});

describe('failures', () => {
  test.each<[string, Parameters<FakeApiServer['plant']>[0], string]>([
    ['500', { status: 500, times: 3 }, 'kube-server-error'],
    ['503', { status: 503, times: 2 }, 'kube-server-error'],
    ['a dropped connection', { drop: true, times: 2 }, 'kube-unreachable'],
    ['no answer', { hang: true, times: 1 }, 'kube-timeout'],
    ['an answer that is no JSON', { body: '<html>', times: 2 }, 'kube-bad-answer'],
    ['an answer that is no list', { body: '{"kind":"Status"}', times: 2 }, 'kube-bad-answer'],
    ['401', { status: 401, times: 2 }, 'kube-unauthorised'],
  ])('%s is retried', async (_name, fault, code) => {
    server.put(pod('a'));
    server.plant(fault);
    const reflector = start('pods', { listTimeoutMs: 100 });
    await until(isWatching);
    expect(short()).toEqual(['+a']);
    expect(counted[code]).toBe(fault.times);
    expect(reflector.state().lastError).toBeUndefined();
    expect(logged).toEqual(['reading a kubernetes resource failed pods']);
  });

  test('429 is retried after the time that the server asks for', async () => {
    server.plant({ status: 429, retryAfterSeconds: 1 });
    const startedAt = performance.now();
    start();
    await until(isWatching);
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  test('a slow server is waited for', async () => {
    server.put(pod('a'));
    server.plant({ delayMs: 300 });
    start();
    await until(isWatching);
    expect(short()).toEqual(['+a']);
    expect(counted).not.toHaveProperty('kube-timeout');
  });

  test.each([
    ['a broken line', '{"type":"MODIFIED","object":{"kind":\n'],
    ['an event of an unknown type', '{"type":"RENAMED","object":{}}\n'],
    ['an event without an object', '{"type":"ADDED"}\n'],
  ])('%s in a watch: the list is repeated, nothing is lost', async (_name, line) => {
    server.put(pod('a'));
    start();
    await until(isWatching);
    server.watches.silence();
    server.put(pod('b'));
    server.watches.sendRaw(line);
    await until(() => short().includes('+b'));
    expect(short()).toEqual(['+a', '+b']);
    expect(counted).toMatchObject({ 'list broken': 1 });
  });

  test('half a line before a break is no event', async () => {
    server.put(pod('a'));
    start();
    await until(isWatching);
    server.watches.sendRaw('{"type":"MODIFIED","obj');
    server.watches.drop();
    server.put(pod('b'));
    await until(() => short().includes('+b'));
    expect(lists()).toBe(1);
  });

  test('a server that ends each watch at once is not asked in a loop', async () => {
    start('pods', { backoff: { firstMs: 40, maxMs: 40 } });
    const timer = setInterval(() => server.watches.end(), 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    clearInterval(timer);
    expect(server.requests.length).toBeLessThan(25);
  });

  test('objects without a name are skipped and counted', async () => {
    server.plant({
      body: JSON.stringify({ kind: 'PodList', metadata: { resourceVersion: '1' }, items: [pod('a'), { metadata: {} }, null] }),
    });
    start();
    await until(isWatching);
    expect(short()).toEqual(['+a']);
    expect(counted).toMatchObject({ 'skipped no-name': 1, 'skipped not-an-object': 1 });
  });
});

describe('permissions and kinds', () => {
  test('a missing permission is named once, and tried again slowly', async () => {
    server.forbid('pods');
    const reflector = start();
    await until(() => (counted['kube-forbidden'] ?? 0) >= 3);
    expect(logged).toEqual(['no permission to list and watch a kubernetes resource pods']);
    expect(reflector.isSettled()).toBe(true);
    expect(reflector.state()).toMatchObject({ synced: false, phase: 'forbidden', lastError: { code: 'kube-forbidden' } });
    server.put(pod('a'));
    server.allow('pods');
    await until(isWatching);
    expect(reflector.state()).toMatchObject({ synced: true, phase: 'watching' });
    expect(short()).toEqual(['+a']);
  });

  test('a kind that is not served', async () => {
    await server.close();
    server = await createFakeApiServer({ without: ['servicecidrs'] });
    client = createKubeClient({ baseUrl: server.url, namespace: 'default', options: async () => ({}) });
    const reflector = start('servicecidrs.networking.k8s.io');
    await until(() => reflector.state().phase === 'absent');
    expect(reflector.isSettled()).toBe(true);
    expect(logged).toEqual([]);
  });

  test('an older version of a kind', async () => {
    await server.close();
    server = await createFakeApiServer({
      without: ['endpointslices'],
    });
    await server.close();
    server = await createFakeApiServer({
      resources: [{ group: 'batch', version: 'v1beta1', kind: 'OldCronJob', plural: 'cronjobs', namespaced: true }],
    });
    client = createKubeClient({ baseUrl: server.url, namespace: 'default', options: async () => ({}) });
    server.plant({ path: '/apis/batch/v1/cronjobs', status: 404, times: 2 });
    server.put({ apiVersion: 'batch/v1beta1', kind: 'OldCronJob', metadata: { name: 'nightly', namespace: 'shop' } });
    start('cronjobs.batch');
    await until(isWatching);
    expect(changes).toMatchObject([{ type: 'owner', owner: { apiVersion: 'batch/v1beta1', kind: 'CronJob', name: 'nightly' } }]);
  });
});

test('stops at once, whatever it is doing', async () => {
  server.plant({ hang: true });
  const reflector = start();
  await until(() => server.requests.length === 1);
  stopping.abort();
  await done;
  expect(reflector.state().phase).toBe('stopped');
});
