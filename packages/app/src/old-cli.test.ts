import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPortForward, loadKubeClient } from '@nm/kube';
import type { KubeClient, PortForward } from '@nm/kube';
import { createFakeApiServer } from '@nm/kube/testing';
import type { FakeApiServer } from '@nm/kube/testing';
import { ADDRESSES, attempt, startTestMapper } from '@nm/mapper/testing';
import type { TestMapper } from '@nm/mapper/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

/**
 * What the existing command line sends, as recorded: through a port-forward to the Service's own port number, a local
 * port, POST /query, lists empty or null, and the fall-backs for older mappers.
 */
const FRAGMENTS = `
fragment NamespacedNameWithLabelsFragment on OtterizeServiceIdentity { ...NamespacedNameFragment ...LabelsFragment ...PodOwnerKind kubernetesService }
fragment NamespacedNameFragment on OtterizeServiceIdentity { name namespace }
fragment LabelsFragment on OtterizeServiceIdentity { labels { key value } }
fragment PodOwnerKind on OtterizeServiceIdentity { podOwnerKind { group version kind } }`;
const INTENTS = `query Intents($namespaces: [String!], $includedLabels: [String!], $excludeServiceWithLabels: [String!], $server: ServerFilter) {
  intents(namespaces: $namespaces, includeLabels: $includedLabels, excludeServiceWithLabels: $excludeServiceWithLabels, server: $server) {
    client { ...NamespacedNameWithLabelsFragment }
    server { ...NamespacedNameWithLabelsFragment }
    type
    kafkaTopics { name operations }
    httpResources { path methods }
  }
}${FRAGMENTS}`;
const UP_TO_V017 = `query ServiceIntentsUpToMapperV017($namespaces: [String!]) { serviceIntents(namespaces: $namespaces) { client { name namespace } intents { name namespace } } }`;
const WITH_LABELS = `query ServiceIntentsWithLabels($namespaces: [String!], $includedLabels: [String!]) {
  serviceIntents(namespaces: $namespaces, includeLabels: $includedLabels) { client { name namespace labels { key value } } intents { name namespace labels { key value } } }
}`;
const NOTHING_ASKED = { namespaces: [], includedLabels: null, excludeServiceWithLabels: [], server: null };

let api: FakeApiServer;
let mapper: TestMapper;
let client: KubeClient;
let forward: PortForward;
let url = '';
const folder = mkdtempSync(join(tmpdir(), 'nm-old-cli-'));
beforeAll(async () => {
  mapper = await startTestMapper();
  await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart), attempt(ADDRESSES.frontend, ADDRESSES.kafka, { port: 9092 })]);
  api = await createFakeApiServer();
  writeFileSync(join(folder, 'config'), api.kubeconfig());
  client = await loadKubeClient({ kubeconfig: join(folder, 'config'), env: {} });
  api.onPortForward(({ port }) => connect(port === 9090 ? Number(new URL(mapper.url).port) : 1, '127.0.0.1'));
  forward = createPortForward(client, { namespace: 'otterize-system', pod: 'mapper-1', port: 9090 });
  // It names its own end `localhost`.
  url = (await forward.listen()).replace('127.0.0.1', 'localhost');
});
afterAll(async () => {
  await forward.close();
  client.close();
  await api.close();
  await mapper.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function send(query: string, operationName: string, variables?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'Go-http-client/1.1' },
    body: JSON.stringify({ query, variables, operationName }),
  });
  return { status: response.status, body: await response.json() };
}

const identity = (name: string, namespace: string, kind: string, labels: readonly object[] = []): object => ({
  name,
  namespace,
  labels,
  podOwnerKind: { group: 'apps', version: 'v1', kind },
  kubernetesService: null,
});
const call = (server: object, client_: object = identity('frontend', 'shop', 'Deployment')): object => ({
  client: client_,
  server,
  type: null,
  kafkaTopics: null,
  httpResources: null,
});
const toCart = call(identity('cart', 'shop', 'Deployment'));
const toKafka = call(identity('kafka', 'kafka', 'StatefulSet'));

test.each([
  ['nothing asked', NOTHING_ASKED, [toKafka, toCart]],
  ['nulls alone', { namespaces: null, includedLabels: null, excludeServiceWithLabels: null, server: null }, [toKafka, toCart]],
  ['a namespace', { ...NOTHING_ASKED, namespaces: ['shop'] }, [toKafka, toCart]],
  ['another namespace', { ...NOTHING_ASKED, namespaces: ['kafka'] }, []],
  ['without a label', { ...NOTHING_ASKED, excludeServiceWithLabels: ['app=kafka'] }, [toCart]],
  ['clients of a server', { ...NOTHING_ASKED, server: { name: 'cart', namespace: 'shop' } }, [toKafka, toCart]],
  [
    'with a label',
    { ...NOTHING_ASKED, includedLabels: ['tier'], excludeServiceWithLabels: ['app=kafka'] },
    [
      call(
        identity('cart', 'shop', 'Deployment', [{ key: 'tier', value: 'back' }]),
        identity('frontend', 'shop', 'Deployment', [{ key: 'tier', value: 'web' }]),
      ),
    ],
  ],
])('Intents: %s', async (_name, variables, intents) => {
  expect(await send(INTENTS, 'Intents', variables)).toEqual({ status: 200, body: { data: { intents } } });
});

test.each([
  ['ServiceIntentsUpToMapperV017', UP_TO_V017, { namespaces: [] }, {}],
  ['ServiceIntentsWithLabels', WITH_LABELS, { namespaces: null, includedLabels: null }, { labels: [] }],
])('fall-back %s', async (name, query, variables, labels) => {
  expect(await send(query, name, variables)).toEqual({
    status: 200,
    body: {
      data: {
        serviceIntents: [
          {
            client: { name: 'frontend', namespace: 'shop', ...labels },
            intents: [
              { name: 'kafka', namespace: 'kafka', ...labels },
              { name: 'cart', namespace: 'shop', ...labels },
            ],
          },
        ],
      },
    },
  });
});

test('a field that is not known is 422: the fall-backs hang on it', async () => {
  const { status, body } = await send('query Intents { intents { somethingNewer } }', 'Intents');
  expect([status, body]).toEqual([422, expect.objectContaining({ errors: expect.any(Array) })]);
});

test('reset, without variables, comes last', async () => {
  expect(await send('mutation ResetCapture { resetCapture }', 'ResetCapture')).toEqual({
    status: 200,
    body: { data: { resetCapture: true } },
  });
  expect(await send(INTENTS, 'Intents', NOTHING_ASKED)).toEqual({ status: 200, body: { data: { intents: [] } } });
});
