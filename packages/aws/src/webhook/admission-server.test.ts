// The certificate library needs the polyfill to be there first.
import 'reflect-metadata';
import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, PemConverter, X509CertificateGenerator } from '@peculiar/x509';
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

function makeServer(more: { clientCa?: string; load?: (name: string) => Promise<Record<string, string>> } = {}) {
  const { load, ...own } = more;
  const loadNamespaceLabels = (name: string): Promise<Record<string, string>> =>
    Promise.resolve(name === 'labelled' ? { [VISIBILITY_LABEL]: 'true' } : {});
  return createAdmissionServer(
    {
      authority,
      clock,
      log: silentLogger,
      metrics: createMetrics(AWS_METRICS, new Registry()),
      provideBundle: (namespace) => {
        provided.push(namespace);
        return namespace === 'broken' ? Promise.reject(new Error('no rights')) : Promise.resolve();
      },
      loadNamespaceLabels: load ?? loadNamespaceLabels,
    },
    {
      listen: { host: '127.0.0.1', port: 0 },
      names: [NAME],
      dnsAddress: '10.0.0.1',
      clusterDomain: 'cluster.local',
      configMap: 'ca',
      ...own,
    },
  );
}

const reviewOf = (namespace: string, labels: Record<string, string> = {}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u1', namespace, object: { metadata: { labels }, spec: { containers: [{ name: 'a' }] } } },
  });

beforeAll(async () => {
  authority = await createAuthorityKeyPair(clock, 'test');
  server = makeServer();
  await server.start();
});
afterAll(() => server.stop());

async function send(body: string, port = server.port(), own: Partial<KeyPair> = {}): Promise<{ status: number; text: string }> {
  const sent = request({
    ...own,
    host: '127.0.0.1',
    port,
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
  const { text } = await send(reviewOf(namespace, labels));
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
  const { text } = await send(reviewOf(namespace, { [VISIBILITY_LABEL]: 'true' }));
  expect((JSON.parse(text) as { response: object }).response).toEqual({ uid: 'u1', allowed: true });
  expect(provided).not.toContain(namespace);
});

/** A client's certificate that vouches for itself. */
async function makeClient(): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: 'CN=api-server',
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: certificate.toString('pem'), key };
}

test('with an authority for clients, only who has its certificate is answered', async () => {
  const own = await makeClient();
  const closed = makeServer({ clientCa: own.cert });
  await closed.start();
  try {
    expect((await send(reviewOf('shop'), closed.port(), own)).status).toBe(200);
    for (const bad of [{}, await makeClient()])
      await expect(send(reviewOf('shop'), closed.port(), bad)).rejects.toThrow(/alert|socket|ECONNRESET|EPIPE/);
  } finally {
    await closed.stop();
  }
});

test('a flood of reviews asks the Kubernetes API once for each namespace', async () => {
  const asked: string[] = [];
  const slow = makeServer({
    load: (name) => {
      asked.push(name);
      return Promise.resolve({});
    },
  });
  await slow.start();
  try {
    await Promise.all(Array.from({ length: 20 }, () => send(reviewOf('one'), slow.port())));
    expect(asked).toEqual(['one']);
  } finally {
    await slow.stop();
  }
});
