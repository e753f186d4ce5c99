import { readFileSync } from 'node:fs';
import type { Edge } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runCli } from '../cli.ts';
import { createTestHost, edge, HOSTILE_NAMES, mapText, seen, workload } from '../testing/test-host.ts';

const fixture = (name: string): unknown => JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));

const ECOM = 'otterize-ecom-demo';
const DEMO: readonly [string, readonly string[]][] = [
  ['cartservice', ['redis-cart']],
  ['checkoutservice', ['cartservice', 'currencyservice', 'emailservice', 'paymentservice', 'productcatalogservice', 'shippingservice']],
  [
    'frontend',
    ['adservice', 'cartservice', 'checkoutservice', 'currencyservice', 'productcatalogservice', 'recommendationservice', 'shippingservice'],
  ],
  ['loadgenerator', ['frontend']],
  ['recommendationservice', ['productcatalogservice']],
];
/** Given backwards: the order must come from the export. */
const demoEdges = DEMO.flatMap(([client, servers]) =>
  servers.map((server) => edge(workload(client, ECOM), workload(server, ECOM))),
).toReversed();

const KAFKA = 'otterize-tutorial-kafka-mapping';
const kafkaEdge = (client: string, operations: readonly string[]): Edge =>
  edge(workload(client, KAFKA), workload('kafka', 'kafka', 'StatefulSet'), {
    evidence: { dns: seen, kafka: seen },
    kafka: operations.map((operation) => ({ topic: 'mytopic', operation, allowed: true })),
  });
const kafkaEdges = [kafkaEdge('client-2', ['produce', 'describe']), kafkaEdge('client', ['describe', 'consume'])];

const ISTIO = 'otterize-tutorial-istio-mapping';
const istioEdges = [
  ['client', '/client-path'],
  ['client2', '/client2-path'],
].map(([client = '', path = '']) =>
  edge(workload(client, ISTIO), workload('nginx', ISTIO), {
    evidence: { tcp: seen, http: seen },
    http: [{ path, methods: ['GET', 'HEAD'] }],
  }),
);

async function run(edges: readonly Edge[], ...args: string[]): Promise<string> {
  const host = createTestHost({ files: { 'map.json': mapText(edges) } });
  expect(await runCli([...args, '--map', 'map.json'], host)).toBe(0);
  return host.out();
}

const parseYaml = (text: string): unknown[] => parseAllDocuments(text).map((document) => document.toJS() as unknown);

describe('microservices demo', () => {
  test('v1alpha3, the default, is the tutorial to the letter', async () => {
    const text = await run(demoEdges, 'export');
    expect(
      text.startsWith(`apiVersion: k8s.otterize.com/v1alpha3
kind: ClientIntents
metadata:
  name: cartservice
  namespace: ${ECOM}
spec:
  service:
    name: cartservice
  calls:
    - name: redis-cart
---
apiVersion: k8s.otterize.com/v1alpha3
kind: ClientIntents
metadata:
  name: checkoutservice
  namespace: ${ECOM}
spec:
  service:
    name: checkoutservice
  calls:
    - name: cartservice
    - name: currencyservice
`),
    ).toBe(true);
    expect(text.endsWith('    - name: productcatalogservice\n')).toBe(true);
    expect(parseYaml(text)).toEqual(
      DEMO.map(([client, servers]) => ({
        apiVersion: 'k8s.otterize.com/v1alpha3',
        kind: 'ClientIntents',
        metadata: { name: client, namespace: ECOM },
        spec: { service: { name: client }, calls: servers.map((name) => ({ name })) },
      })),
    );
  });

  test('v2beta1, YAML and JSON', async () => {
    const expected = DEMO.map(([client, servers]) => ({
      apiVersion: 'k8s.otterize.com/v2beta1',
      kind: 'ClientIntents',
      metadata: { name: client, namespace: ECOM },
      spec: {
        workload: { name: client, kind: 'Deployment' },
        targets: servers.map((name) => ({ kubernetes: { name, kind: 'Deployment' } })),
      },
    }));
    expect(parseYaml(await run(demoEdges, 'export', '--output-version', 'v2'))).toEqual(expected);
    expect(JSON.parse(await run(demoEdges, 'export', '--output-version', 'v2', '--format', 'json'))).toEqual(
      expected.map((document) => ({
        ...document,
        metadata: { ...document.metadata, creationTimestamp: null },
        status: { upToDate: false, observedGeneration: 0 },
      })),
    );
  });

  test('list', async () => {
    expect(await run(demoEdges, 'list')).toBe(
      DEMO.map(([client, servers]) => `${client} in namespace ${ECOM} calls:\n${servers.map((name) => `  - ${name}\n`).join('')}`).join(''),
    );
  });
});

describe('Kafka tutorial', () => {
  test('v2beta1 equals the recorded documents', async () => {
    expect(JSON.parse(await run(kafkaEdges, 'export', '--format', 'json', '--output-version', 'v2'))).toEqual(
      fixture('kafka-tutorial.v2beta1.json'),
    );
  });
  test('v1alpha3: the typed call stands for the plain one', async () => {
    expect(await run(kafkaEdges, 'export', '--workload', 'client')).toBe(`apiVersion: k8s.otterize.com/v1alpha3
kind: ClientIntents
metadata:
  name: client
  namespace: ${KAFKA}
spec:
  service:
    name: client
  calls:
    - name: kafka.kafka
      type: kafka
      kafkaTopics:
        - name: mytopic
          operations:
            - consume
            - describe
`);
  });
  test('list', async () => {
    expect(await run(kafkaEdges, 'list')).toBe(`client in namespace ${KAFKA} calls:
  - kafka in namespace kafka
    - Kafka topic: mytopic, operations: [consume describe]
client-2 in namespace ${KAFKA} calls:
  - kafka in namespace kafka
    - Kafka topic: mytopic, operations: [describe produce]
`);
  });
});

describe('Istio tutorial', () => {
  test('v2beta1', async () => {
    expect(parseYaml(await run(istioEdges, 'export', '--output-version', 'v2'))).toEqual(
      [
        ['client', '/client-path'],
        ['client2', '/client2-path'],
      ].map(([name, path]) => ({
        apiVersion: 'k8s.otterize.com/v2beta1',
        kind: 'ClientIntents',
        metadata: { name, namespace: ISTIO },
        spec: {
          workload: { name, kind: 'Deployment' },
          targets: [{ kubernetes: { name: 'nginx', kind: 'Deployment', http: [{ path, methods: ['GET'] }] } }],
        },
      })),
    );
  });
  test('v1alpha3, a comment says that HEAD is left out', async () => {
    expect(await run(istioEdges, 'export', '--workload', 'client'))
      .toBe(`# HTTP HEAD /client-path of nginx.${ISTIO}: no such method here, left out
apiVersion: k8s.otterize.com/v1alpha3
kind: ClientIntents
metadata:
  name: client
  namespace: ${ISTIO}
spec:
  service:
    name: client
  calls:
    - name: nginx
      type: http
      HTTPResources:
        - path: /client-path
          methods:
            - GET
`);
  });
  test('list shows HEAD', async () => {
    expect(await run(istioEdges, 'list', '--workload', 'client')).toContain('    - path /client-path, methods: [GET,HEAD]\n');
  });
});

test('paths with % and hostile names come back from YAML as they were', async () => {
  const paths = ['/a%20b', '/yes: no', ...HOSTILE_NAMES.filter((name) => !/[\ud800-\udfff]/.test(name))];
  const one = edge(workload('web'), workload('nginx'), { http: paths.map((path) => ({ path, methods: ['GET', 'HEAD'] })) });
  const [document] = parseYaml(await run([one], 'export')) as { spec: { calls: { HTTPResources: { path: string }[] }[] } }[];
  expect(new Set(document?.spec.calls[0]?.HTTPResources.map(({ path }) => path))).toEqual(new Set(paths));
});

describe('names with characters that are no text', () => {
  const name = '\u009b31m\u0085\u007f\u202egnp\u200b\u2028\ufeff\uffff "x" \u{e0041}';
  const one = edge(workload('web'), workload('kafka'), {
    http: [{ path: `/${name}`, methods: ['GET'] }],
    kafka: [{ topic: name, operation: 'consume', allowed: true }],
  });
  // What YAML 1.1 counts as printable (section 4.1), less what moves a cursor; kubectl refuses a file with anything else.
  const isText = /^[\n\x20-\x7e\u00a0-\u1fff\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;
  test.each([
    ['YAML', ['export'], (text: string) => parseYaml(text)],
    ['YAML, v2beta1', ['export', '--output-version', 'v2'], (text: string) => parseYaml(text)],
    ['JSON', ['export', '--format', 'json'], (text: string) => JSON.parse(text) as unknown],
    ['a map', ['export', '--format', 'map'], (text: string) => JSON.parse(text) as unknown],
    ['a list', ['list', '--format', 'json'], (text: string) => JSON.parse(text) as unknown],
  ] as const)('stand as escapes, with the same meaning: %s', async (_name, args, parse) => {
    const text = await run([one], ...args);
    expect(text).toMatch(isText);
    expect(JSON.stringify(parse(text))).toContain(JSON.stringify(`/${name}`));
  });
});
