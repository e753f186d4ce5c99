import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeApiServer } from '../testing/index.ts';
import type { FakeApiServer } from '../testing/index.ts';
import { loadInClusterTransport } from './in-cluster.ts';
import { loadKubeClient } from './kubeconfig.ts';

let folder = '';
let server: FakeApiServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nm-config-'));
  server = await createFakeApiServer({ token: 'secret' });
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const other = (context: string): string =>
  JSON.stringify({
    clusters: [{ name: 'o', cluster: { server: 'https://192.0.2.1' } }],
    users: [],
    contexts: [{ name: context, context: { cluster: 'o', user: '' } }],
    'current-context': context,
  });

test('the file that was named', async () => {
  const client = await loadKubeClient({ kubeconfig: write('config', server.kubeconfig()), env: {} });
  expect(client).toMatchObject({ baseUrl: server.url, namespace: 'shop' });
  expect(await client.request('/version')).toMatchObject({ major: '1' });
  client.close();
});

test('~/.kube/config, KUBECONFIG before it, several files', async () => {
  write('.kube/config', server.kubeconfig());
  expect((await loadKubeClient({ env: { HOME: folder } })).baseUrl).toBe(server.url);
  const first = write('first', other('mine'));
  const env = { HOME: folder, KUBECONFIG: [first, join(folder, 'none'), join(folder, '.kube/config')].join(delimiter) };
  expect((await loadKubeClient({ env })).baseUrl).toBe('https://192.0.2.1');
  expect((await loadKubeClient({ env, context: 'fake' })).baseUrl).toBe(server.url);
});

test('credentials of a program (exec)', async () => {
  const config = JSON.parse(server.kubeconfig()) as { users: { user: object }[] };
  const credential = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'secret' } });
  config.users[0] = {
    ...config.users[0],
    user: {
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', `console.log('${credential}')`] },
    },
  };
  const client = await loadKubeClient({ kubeconfig: write('config', JSON.stringify(config)), env: {} });
  expect(await client.request('/version')).toMatchObject({ major: '1' });
  client.close();
});

test('wrong credentials', async () => {
  const client = await loadKubeClient({ kubeconfig: write('config', server.kubeconfig().replace('secret', 'stale')), env: {} });
  await expect(client.request('/api/v1/pods')).rejects.toMatchObject({ code: 'kube-unauthorised' });
  client.close();
});

describe('one clear line', () => {
  test.each<[string, () => Parameters<typeof loadKubeClient>[0], string, RegExp]>([
    ['nothing anywhere', () => ({ env: { HOME: folder } }), 'kubeconfig-missing', /no kubeconfig found: give --kubeconfig/],
    ['no home either', () => ({ env: {} }), 'kubeconfig-missing', /no kubeconfig found/],
    [
      'the named file is missing',
      () => ({ kubeconfig: join(folder, 'none'), env: {} }),
      'kubeconfig-missing',
      /there is no kubeconfig at .*none/,
    ],
    ['KUBECONFIG names nothing', () => ({ env: { KUBECONFIG: join(folder, 'none') } }), 'kubeconfig-missing', /KUBECONFIG names/],
    ['broken', () => ({ kubeconfig: write('config', 'clusters: ['), env: {} }), 'kubeconfig-invalid', /config is not a kubeconfig/],
    ['empty', () => ({ kubeconfig: write('config', ''), env: {} }), 'kubeconfig-invalid', /config is not a kubeconfig/],
    [
      'unknown context',
      () => ({ kubeconfig: write('config', server.kubeconfig()), context: 'prod', env: {} }),
      'kube-context-not-found',
      /no context prod in .*: choose one with --context \(it has fake\)/,
    ],
    [
      'no current context',
      () => ({ kubeconfig: write('config', server.kubeconfig().replace(/"current-context":"fake"/, '"x":1')), env: {} }),
      'kube-context-not-found',
      /no current context is set/,
    ],
    [
      'a context without its cluster',
      () => ({ kubeconfig: write('config', server.kubeconfig().replace('"cluster":"fake"', '"cluster":"gone"')), env: {} }),
      'kubeconfig-invalid',
      /names the cluster gone/,
    ],
    ['not in a cluster', () => ({ inCluster: true, env: {} }), 'kubeconfig-missing', /KUBERNETES_SERVICE_HOST/],
    [
      'a pod without a token',
      () => ({ inCluster: true, env: { KUBERNETES_SERVICE_HOST: '10.96.0.1' }, serviceAccountFolder: folder }),
      'kubeconfig-missing',
      /automountServiceAccountToken/,
    ],
  ])('%s', async (_name, options, code, message) => {
    const error: unknown = await loadKubeClient(options()).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toContain('\n');
  });
});

describe('in a pod', () => {
  beforeEach(() => {
    write('token', 'first\n');
    write('ca.crt', 'CA');
    write('namespace', 'shop\n');
  });

  test('address, namespace and the rotated token', async () => {
    let now = 0;
    const transport = await loadInClusterTransport({
      env: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' },
      folder,
      now: () => now,
    });
    expect(transport).toMatchObject({ baseUrl: 'https://[fd00::1]:6443', namespace: 'shop' });
    expect(await transport.options()).toEqual({ ca: 'CA', headers: { Authorization: 'Bearer first' } });
    utimesSync(write('token', 'second'), 0, 0);
    now = 59_000;
    expect(await transport.options()).toMatchObject({ headers: { Authorization: 'Bearer first' } });
    now = 60_000;
    expect(await transport.options()).toMatchObject({ headers: { Authorization: 'Bearer second' } });
    rmSync(join(folder, 'token'));
    now = 200_000;
    expect(await transport.options()).toMatchObject({ headers: { Authorization: 'Bearer second' } });
  });

  test('is used when there is no kubeconfig', async () => {
    const client = await loadKubeClient({
      env: { HOME: '/nonexistent', KUBERNETES_SERVICE_HOST: '10.96.0.1' },
      serviceAccountFolder: folder,
    });
    expect(client.baseUrl).toBe('https://10.96.0.1:443');
  });
});
