import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKubeClient } from '@nm/kube';
import type { KubeClient } from '@nm/kube';
import { createBundleProvider, loadAuthority, loadServiceAddresses, needsRenewal, provideCaBundle } from './cluster-objects.ts';

/** Enough of an API server for single objects: what a path holds, made by POST, replaced by PUT, merged by PATCH. */
const objects = new Map<string, Record<string, unknown>>();
const server = createServer((request, response) => {
  void (async () => {
    const path = request.url ?? '';
    const body = JSON.parse((await text(request)) || '{}') as Record<string, unknown>;
    const name = (body['metadata'] as { name?: string } | undefined)?.name ?? '';
    const target = request.method === 'POST' ? `${path}/${name}` : path;
    const known = objects.get(target);
    const isWrong = request.method === 'POST' ? known !== undefined : known === undefined;
    const resourceVersion = (body['metadata'] as { resourceVersion?: string } | undefined)?.resourceVersion;
    const isStale = request.method === 'PUT' && resourceVersion !== (known?.['metadata'] as { resourceVersion?: string })?.resourceVersion;
    if (isWrong || isStale) {
      response.writeHead(request.method === 'POST' || isStale ? 409 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'Status', code: isStale ? 409 : 404 }));
      return;
    }
    if (request.method !== 'GET') objects.set(target, stored(request, known, body));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(objects.get(target)));
  })();
});
let kube: KubeClient;
const DAY = 86_400_000;

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const chunk of request) all += String(chunk);
  return all;
}

function stored(
  request: IncomingMessage,
  known: Record<string, unknown> | undefined,
  body: Record<string, unknown>,
): Record<string, unknown> {
  if (request.headers['content-type'] === 'application/json-patch+json') return { ...known, patched: body };
  if (request.method === 'PATCH') return { ...known, ...body };
  const { stringData, ...rest } = body as { stringData?: Record<string, string> };
  const data = Object.fromEntries(Object.entries(stringData ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return {
    ...rest,
    ...(stringData === undefined ? {} : { data }),
    metadata: { ...(body['metadata'] as object), resourceVersion: String(objects.size + Math.random()) },
  };
}

beforeEach(async () => {
  objects.clear();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  kube = createKubeClient({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    namespace: 'nm',
    options: () => Promise.resolve({}),
  });
});
afterEach(async () => {
  kube.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test('an authority is made once, kept, and renewed a year before its end, when the former is still trusted', async () => {
  let now = Date.now();
  const clock = { now: () => now };
  const first = await loadAuthority(kube, clock, 'nm', 'ca');
  expect((await loadAuthority(kube, clock, 'nm', 'ca')).cert).toBe(first.cert);
  now += 4 * 365 * DAY + 2 * DAY;
  expect(needsRenewal(first, clock)).toBe(true);
  const second = await loadAuthority(kube, clock, 'nm', 'ca');
  expect(second.cert).not.toBe(first.cert);
  expect(second.trusted.startsWith(second.cert.trim())).toBe(true);
  expect(second.trusted).toContain(first.cert.trim());
  expect(await loadAuthority(kube, clock, 'nm', 'ca')).toEqual(second);
  now += 2 * 365 * DAY;
  objects.set('/api/v1/namespaces/nm/secrets/ca', { ...objects.get('/api/v1/namespaces/nm/secrets/ca') });
  now += 3 * 365 * DAY;
  expect((await loadAuthority(kube, clock, 'nm', 'ca')).trusted).not.toContain(first.cert.trim());
});

test('two that make an authority at once agree', async () => {
  const clock = { now: () => Date.now() };
  const [one, two] = await Promise.all([loadAuthority(kube, clock, 'nm', 'ca'), loadAuthority(kube, clock, 'nm', 'ca')]);
  expect(one.cert).toBe(two.cert);
});

test('a bundle holds the public roots and every certificate of ours', async () => {
  const clock = { now: () => Date.now() };
  const { trusted } = await loadAuthority(kube, clock, 'nm', 'ca');
  const provide = createBundleProvider(kube, clock, trusted, 'bundle');
  await provide('shop');
  const map = objects.get('/api/v1/namespaces/shop/configmaps/bundle') as {
    data: Record<string, string>;
    binaryData: Record<string, string>;
  };
  expect(map.data['ca.crt']).toBe(trusted);
  expect(map.data['bundle.crt']?.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(100);
  expect(map.data['bundle.crt']?.endsWith(trusted)).toBe(true);
  // etcd takes a ConfigMap of 1 MiB.
  expect(JSON.stringify(map).length).toBeLessThan(900_000);
});

test('addresses of a Service, its own family first; a headless one is refused', async () => {
  objects.set('/api/v1/namespaces/nm/services/proxy', { spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] } });
  objects.set('/api/v1/namespaces/nm/services/none', { spec: { clusterIP: 'None', clusterIPs: ['None'] } });
  expect(await loadServiceAddresses(kube, 'nm', 'proxy')).toEqual(['10.0.0.1', 'fd00::1']);
  await expect(loadServiceAddresses(kube, 'nm', 'none')).rejects.toThrow('must not be headless');
});

test('the authority of the webhook is written where it differs', async () => {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/hook';
  const right = Buffer.from('cert').toString('base64');
  objects.set(path, { webhooks: [{ clientConfig: { caBundle: right } }, { clientConfig: {} }] });
  await provideCaBundle(kube, 'hook', 'cert');
  expect(objects.get(path)?.['patched']).toEqual([{ op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: right }]);
});
