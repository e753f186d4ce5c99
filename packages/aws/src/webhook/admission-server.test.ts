import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { createAuthorityKeyPair } from '@nm/runtime/certificates';
import type { KeyPair } from '@nm/runtime/certificates';
import { AWS_METRICS } from '../report/aws-metrics.ts';
import { createAdmissionServer } from './admission-server.ts';
import { VISIBILITY_LABEL } from './to-pod-patch.ts';

const clock = { now: () => Date.now() };
const NAME = 'hook.ns.svc';
let authority: KeyPair;
let server: ReturnType<typeof createAdmissionServer>;
const provided: string[] = [];

beforeAll(async () => {
  authority = await createAuthorityKeyPair(clock, 'test');
  server = createAdmissionServer(
    {
      authority,
      clock,
      log: silentLogger,
      metrics: createMetrics(AWS_METRICS, new Registry()),
      provideBundle: (namespace) => {
        provided.push(namespace);
        return namespace === 'broken' ? Promise.reject(new Error('no rights')) : Promise.resolve();
      },
      loadNamespaceLabels: (name): Promise<Record<string, string>> =>
        Promise.resolve(name === 'labelled' ? { [VISIBILITY_LABEL]: 'true' } : {}),
    },
    { listen: { host: '127.0.0.1', port: 0 }, names: [NAME], dnsAddress: '10.0.0.1', clusterDomain: 'cluster.local', configMap: 'ca' },
  );
  await server.start();
});
afterAll(() => server.stop());

async function send(body: string): Promise<{ status: number; text: string }> {
  const sent = request({
    host: '127.0.0.1',
    port: server.port(),
    servername: NAME,
    ca: authority.cert,
    method: 'POST',
    path: '/mutate-v1-pod',
    headers: { host: NAME },
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, text };
}

test.for<[string, string, Record<string, string>, boolean]>([
  ['label on the pod', 'shop', { [VISIBILITY_LABEL]: 'true' }, true],
  ['label on the namespace', 'labelled', {}, true],
  ['no label', 'shop', {}, false],
  ['a bundle that cannot be written', 'broken', { [VISIBILITY_LABEL]: 'true' }, false],
])('%s', async ([, namespace, labels, isPatched]) => {
  const object = { metadata: { labels }, spec: { containers: [{ name: 'a' }] } };
  const { text } = await send(
    JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u1', namespace, object } }),
  );
  const { response } = JSON.parse(text) as { response: { uid: string; allowed: boolean; patch?: string } };
  expect(response).toMatchObject({ uid: 'u1', allowed: true });
  expect(response.patch !== undefined).toBe(isPatched);
});

test('refuses what is no review and stays up', async () => {
  expect((await send('{')).status).toBe(400);
  expect((await send('{}')).status).toBe(200);
});

test('a trial leaves nothing behind', async () => {
  const object = { metadata: { labels: { [VISIBILITY_LABEL]: 'true' } }, spec: { containers: [{ name: 'a' }] } };
  const { text } = await send(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u2', namespace: 'trial', dryRun: true, object },
    }),
  );
  expect((JSON.parse(text) as { response: { patch?: string } }).response.patch).toBeDefined();
  expect(provided).not.toContain('trial');
});

test.for(['../kube-system', 'a/b', 'Shop', '', 'x?dryRun=All'])('a namespace that is none touches nothing: %s', async (namespace) => {
  const object = { metadata: { labels: { [VISIBILITY_LABEL]: 'true' } }, spec: { containers: [{ name: 'a' }] } };
  const { text } = await send(
    JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u3', namespace, object } }),
  );
  expect((JSON.parse(text) as { response: object }).response).toEqual({ uid: 'u3', allowed: true });
  expect(provided).not.toContain(namespace);
});
