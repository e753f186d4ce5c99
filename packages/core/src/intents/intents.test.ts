/* oxlint-disable no-restricted-imports -- a test may read its fixture */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Edge } from '../model/edge.ts';
import { edge, seen, workload } from '../testing/edges.ts';
import { selectEdges } from './edge-filter.ts';
import type { EdgeFilter } from './edge-filter.ts';
import { toClientIntents } from './to-client-intents.ts';
import type { ClientIntentsOptions } from './to-client-intents.ts';
import { toIntents } from './to-intents.ts';

const at = seen.firstSeenAt;
const web = workload('web');
const service = { namespace: 'shop', name: 'cart-svc' };

const crd = parse(readFileSync(fileURLToPath(new URL('fixtures/clientintents-crd.yaml', import.meta.url)), 'utf8')) as {
  spec: { versions: { name: string; schema: { openAPIV3Schema: object } }[] };
};
const ajv = new Ajv({ strict: false, formats: { int64: true } });
const schemas = new Map<string, ValidateFunction>(
  crd.spec.versions.map(({ name, schema }) => [name, ajv.compile(closed(schema.openAPIV3Schema) as object)]),
);

/** The API server drops fields that a schema does not name; for this test they are mistakes. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return typeof copy['properties'] === 'object' && copy['type'] === 'object' ? { ...copy, additionalProperties: false } : copy;
}

function documents(edges: Edge[], options: Partial<ClientIntentsOptions> = {}): unknown[] {
  return (['v1alpha3', 'v2beta1'] as const).flatMap((version) => {
    const result = toClientIntents(edges, { version, ...options });
    return result.documents.map(({ document }) => {
      const valid = schemas.get(version);
      valid?.(JSON.parse(JSON.stringify(document)));
      expect(valid?.errors).toBeNull();
      return 'calls' in document.spec ? document.spec.calls : document.spec.targets;
    });
  });
}

test('the guard fails for a document that the definition does not allow', () => {
  const valid = schemas.get('v2beta1');
  const spec = { workload: { name: 'a' }, targets: [{ kafka: { name: 'k', topics: [{ name: 't', operations: ['read'] }] } }] };
  expect(valid?.({ spec })).toBe(false);
  expect(valid?.({ spec: { workload: { name: 'a' }, targets: [], unknown: 1 } })).toBe(false);
});

describe('targets, as v1alpha3 calls and as v2beta1 targets', () => {
  const rows: [string, Edge[], Partial<ClientIntentsOptions>, unknown, unknown][] = [
    ['same namespace', [edge(web, workload('cart'))], {}, [{ name: 'cart' }], [{ kubernetes: { name: 'cart', kind: 'Deployment' } }]],
    [
      'other namespace',
      [edge(web, workload('db', 'data', 'StatefulSet'))],
      {},
      [{ name: 'db.data' }],
      [{ kubernetes: { name: 'db.data', kind: 'StatefulSet' } }],
    ],
    [
      'a name from a label has no kind',
      [edge(web, workload('cart', 'shop', ''))],
      {},
      [{ name: 'cart' }],
      [{ kubernetes: { name: 'cart' } }],
    ],
    [
      'the kind is written where a name alone is ambiguous',
      [edge(web, workload('x')), edge(web, workload('x', 'shop', 'StatefulSet'))],
      {},
      [
        { name: 'x', kind: 'Deployment' },
        { name: 'x', kind: 'StatefulSet' },
      ],
      [{ kubernetes: { name: 'x', kind: 'Deployment' } }, { kubernetes: { name: 'x', kind: 'StatefulSet' } }],
    ],
    [
      'API server',
      [edge(web, { type: 'apiServer', cluster: 'c' })],
      {},
      [{ name: 'svc:kubernetes.default' }],
      [{ service: { name: 'kubernetes.default' } }],
    ],
    [
      'API server seen from its own namespace',
      [edge(workload('web', 'default'), { type: 'apiServer', cluster: 'c' })],
      {},
      [{ name: 'svc:kubernetes.default' }],
      [{ service: { name: 'kubernetes.default' } }],
    ],
    [
      'Service without pods of ours',
      [edge(web, { type: 'service', cluster: 'c', namespace: 'data', name: 'legacy' })],
      {},
      [{ name: 'legacy.data', kind: 'Service' }],
      [{ service: { name: 'legacy.data' } }],
    ],
    [
      'as Kubernetes Service: the kind stays in both versions',
      [edge(web, workload('cart'), { ports: [{ port: 7070, protocol: 'TCP', service, servicePort: 80, evidence: { tcp: seen } }] })],
      { asKubernetesService: true },
      [{ name: 'cart-svc', kind: 'Service' }],
      [{ service: { name: 'cart-svc' } }],
    ],
    [
      'as Kubernetes Service: looked up only',
      [edge(web, workload('cart'), { evidence: { dns: seen }, services: [service] })],
      { asKubernetesService: true },
      [{ name: 'cart-svc', kind: 'Service' }],
      [{ service: { name: 'cart-svc' } }],
    ],
    [
      'as Kubernetes Service: no Service known',
      [edge(web, workload('cart'))],
      { asKubernetesService: true },
      [{ name: 'cart' }],
      [{ kubernetes: { name: 'cart', kind: 'Deployment' } }],
    ],
    [
      'internet by name, with ports',
      [
        edge(
          web,
          { type: 'internet', domain: 'api.example.com', scope: 'public' },
          { ports: [{ port: 443, protocol: 'TCP', evidence: { tcp: seen } }] },
        ),
      ],
      {},
      [{ type: 'internet', internet: { domains: ['api.example.com'], ports: [443] } }],
      [{ internet: { domains: ['api.example.com'], ports: [443] } }],
    ],
    [
      'internet by wildcard, looked up only',
      [edge(web, { type: 'internet', domain: '*.example.com', scope: 'public' }, { evidence: { dns: seen } })],
      {},
      [{ type: 'internet', internet: { domains: ['*.example.com'] } }],
      [{ internet: { domains: ['*.example.com'] } }],
    ],
    [
      'internet by address',
      [
        edge(
          web,
          { type: 'internet', addresses: ['203.0.113.9', '2001:db8::1'], scope: 'public' },
          { ports: [{ port: 25, protocol: 'TCP', evidence: { tcp: seen } }] },
        ),
      ],
      {},
      [{ type: 'internet', internet: { ips: ['2001:db8::1', '203.0.113.9'], ports: [25] } }],
      [{ internet: { ips: ['2001:db8::1', '203.0.113.9'], ports: [25] } }],
    ],
    [
      'HTTP: HEAD and ALL are left out',
      [
        edge(web, workload('nginx'), {
          evidence: { http: seen },
          http: [
            { path: '/b', methods: ['POST', 'GET', 'HEAD', 'ALL'] },
            { path: '/a', methods: ['HEAD'] },
          ],
        }),
      ],
      {},
      [{ name: 'nginx', type: 'http', HTTPResources: [{ path: '/b', methods: ['GET', 'POST'] }] }],
      [{ kubernetes: { name: 'nginx', kind: 'Deployment', http: [{ path: '/b', methods: ['GET', 'POST'] }] } }],
    ],
    [
      'Kafka: sorted, denied, group and unknown operations left out',
      [
        edge(web, workload('kafka', 'kafka', 'StatefulSet'), {
          evidence: { kafka: seen, tcp: seen },
          kafka: [
            { topic: 'b', operation: 'describe', allowed: true },
            { topic: 'b', operation: 'consume', allowed: true },
            { topic: 'a', operation: 'ClusterAction', allowed: true, resourceType: 'topic' },
            { topic: 'g', operation: 'consume', allowed: true, resourceType: 'group' },
            { topic: 'secret', operation: 'consume', allowed: false },
            { topic: 'c', operation: 'TwoPhaseCommit', allowed: true },
          ],
        }),
      ],
      {},
      [
        {
          name: 'kafka.kafka',
          type: 'kafka',
          kafkaTopics: [
            { name: 'a', operations: ['ClusterAction'] },
            { name: 'b', operations: ['consume', 'describe'] },
          ],
        },
      ],
      [
        {
          kafka: {
            name: 'kafka.kafka',
            topics: [
              { name: 'a', operations: ['ClusterAction'] },
              { name: 'b', operations: ['consume', 'describe'] },
            ],
          },
        },
        { kubernetes: { name: 'kafka.kafka', kind: 'StatefulSet' } },
      ],
    ],
    [
      'Kafka: denied when asked for',
      [edge(web, workload('kafka'), { evidence: { kafka: seen }, kafka: [{ topic: 'secret', operation: 'consume', allowed: false }] })],
      { includeDenied: true },
      [{ name: 'kafka', type: 'kafka', kafkaTopics: [{ name: 'secret', operations: ['consume'] }] }],
      [{ kafka: { name: 'kafka', topics: [{ name: 'secret', operations: ['consume'] }] } }],
    ],
    [
      'AWS and GCP',
      [
        edge(web, { type: 'gcp', resource: '//storage.googleapis.com/b' }, { actions: [{ action: 'storage.objects.get', count: 1 }] }),
        edge(
          web,
          { type: 'aws', resource: 'arn:aws:s3:::b' },
          {
            actions: [
              { action: 's3:PutObject', count: 1 },
              { action: 's3:GetObject', count: 1 },
            ],
          },
        ),
      ],
      {},
      [
        { name: 'arn:aws:s3:::b', type: 'aws', awsActions: ['s3:GetObject', 's3:PutObject'] },
        { name: '//storage.googleapis.com/b', type: 'gcp', gcpPermissions: ['storage.objects.get'] },
      ],
      [
        { aws: { arn: 'arn:aws:s3:::b', actions: ['s3:GetObject', 's3:PutObject'] } },
        { gcp: { resource: '//storage.googleapis.com/b', permissions: ['storage.objects.get'] } },
      ],
    ],
    [
      'sorted by server name, then namespace, the internet last',
      [
        edge(web, { type: 'internet', domain: 'a.example', scope: 'public' }),
        edge(web, workload('b')),
        edge(web, workload('a', 'z')),
        edge(web, workload('a')),
      ],
      {},
      [{ name: 'a' }, { name: 'a.z' }, { name: 'b' }, { type: 'internet', internet: { domains: ['a.example'] } }],
      [
        { kubernetes: { name: 'a', kind: 'Deployment' } },
        { kubernetes: { name: 'a.z', kind: 'Deployment' } },
        { kubernetes: { name: 'b', kind: 'Deployment' } },
        { internet: { domains: ['a.example'] } },
      ],
    ],
  ];
  test.each(rows)('%s', (_name, edges, options, calls, targets) => expect(documents(edges, options)).toEqual([calls, targets]));

  test.each([
    ['node server', 'nodes and unknown addresses', edge(web, { type: 'node', cluster: 'c', name: 'n' })],
    ['unknown server', 'nodes and unknown addresses', edge(web, { type: 'unknown', cluster: 'c', address: '10.0.0.1' })],
    ['internet client', 'clients outside the cluster', edge({ type: 'internet', scope: 'public' }, web)],
    ['node client', 'clients that are nodes or unknown addresses', edge({ type: 'node', cluster: 'c', name: 'n' }, web)],
    [
      'denied Kafka access',
      'denied accesses',
      edge(web, workload('kafka'), { evidence: { kafka: seen }, kafka: [{ topic: 't', operation: 'consume', allowed: false }] }),
    ],
    ['domain that no rule can hold', 'names that are no host names', edge(web, { type: 'internet', domain: 'a b"\n', scope: 'public' })],
  ])('left out: %s', (_name, reason, one) => {
    expect(documents([one])).toEqual([]);
    expect(toClientIntents([one], { version: 'v1alpha3' })).toMatchObject({ leftOut: 1, leftOutFor: [{ reason, count: 1 }] });
  });

  test('system edges only when asked for', () => {
    const system = edge(web, workload('cart'), { class: 'system' });
    expect(documents([system])).toEqual([]);
    expect(documents([system], { includeSystem: true })).toHaveLength(2);
  });

  test('notes name what was left out', () => {
    const one = edge(web, workload('nginx'), { http: [{ path: '/a', methods: ['GET', 'HEAD'] }] });
    const { documents: found } = toClientIntents([one], { version: 'v1alpha3' });
    expect(found[0]?.notes).toEqual(['HTTP HEAD /a of nginx.shop: no such method here, left out']);
  });
});

describe('documents', () => {
  const heads = (edges: Edge[], options: Partial<ClientIntentsOptions> = {}): unknown[] =>
    toClientIntents(edges, { version: 'v2beta1', ...options }).documents.map(({ document }) => [
      `${document.metadata.name}.${document.metadata.namespace}`,
      'workload' in document.spec ? document.spec.workload : undefined,
    ]);

  test('one for each client, by name, then namespace', () => {
    expect(
      heads([edge(workload('b'), web), edge(workload('a', 'z'), web), edge(workload('a'), web), edge(workload('a'), workload('x'))]),
    ).toEqual([
      ['a.shop', { name: 'a', kind: 'Deployment' }],
      ['a.z', { name: 'a', kind: 'Deployment' }],
      ['b.shop', { name: 'b', kind: 'Deployment' }],
    ]);
  });
  test('two kinds of one name get two documents with different names', () => {
    expect(heads([edge(workload('a'), web), edge(workload('a', 'shop', 'CronJob'), web)])).toEqual([
      ['a.shop', { name: 'a', kind: 'CronJob' }],
      ['a-deployment.shop', { name: 'a', kind: 'Deployment' }],
    ]);
  });
  test('distinct by label: namespaces fall together, values do not', () => {
    const labels = (version: string): Record<string, string> => ({ version });
    expect(
      heads(
        [
          edge(workload('a', 'n1', 'Deployment', labels('v1')), web),
          edge(workload('a', 'n2', 'Deployment', labels('v1')), web),
          edge(workload('a', 'n1'), web),
        ],
        {
          distinctByLabel: 'version',
        },
      ),
    ).toEqual([
      ['a.n1', { name: 'a', kind: 'Deployment' }],
      ['a-v1-deployment.n1', { name: 'a', kind: 'Deployment' }],
    ]);
  });
  test('a name that is no object name is made one', () => {
    expect(heads([edge(workload('My_App'), web)])).toEqual([['my-app.shop', { name: 'My_App', kind: 'Deployment' }]]);
  });
});

describe('filters', () => {
  const labelled = workload('cart', 'shop', 'Deployment', { team: 'a', empty: '' });
  const edges = {
    cart: edge(web, labelled),
    db: edge(labelled, workload('db', 'data', 'StatefulSet'), { evidence: { dns: seen } }),
    out: edge(
      web,
      { type: 'internet', domain: 'a.example', scope: 'public' },
      { evidence: { dns: { ...seen, firstSeenAt: at + 3_600_000, lastSeenAt: at + 3_600_000 } } },
    ),
    api: edge(workload('op', 'ops'), { type: 'apiServer', cluster: 'c' }),
    system: edge({ type: 'node', cluster: 'c', name: 'n' }, web, { class: 'system' }),
    unknown: edge(web, { type: 'unknown', cluster: 'c', address: '10.9.9.9' }),
  };
  const rows: [string, EdgeFilter, (keyof typeof edges)[]][] = [
    ['nothing asked for', {}, ['cart', 'db', 'out', 'api']],
    ['namespace of the client', { namespaces: ['ops'] }, ['api']],
    ['namespace of the server', { toNamespaces: ['data', 'default'] }, ['db', 'api']],
    ['workload at either end', { workloads: [{ name: 'cart' }] }, ['cart', 'db']],
    ['workload of another namespace', { workloads: [{ name: 'cart', namespace: 'other' }] }, []],
    ['excluded services at both ends', { excludeServices: [{ name: 'cart' }] }, ['out', 'api']],
    ['excluded label with its value', { excludeLabels: [{ key: 'team', value: 'a' }] }, ['out', 'api']],
    ['excluded label with another value', { excludeLabels: [{ key: 'team', value: 'b' }] }, ['cart', 'db', 'out', 'api']],
    ['excluded label without a value', { excludeLabels: [{ key: 'empty', value: '' }] }, ['out', 'api']],
    ['server: everything that its callers call', { server: { name: 'cart', namespace: 'shop' } }, ['cart', 'out']],
    ['evidence', { evidence: ['dns'] }, ['db', 'out']],
    ['since', { since: at + 120_000 }, ['out']],
    ['until', { until: at + 120_000 }, ['cart', 'db', 'api']],
    ['system', { includeSystem: true }, ['cart', 'db', 'out', 'api', 'system']],
    ['unknown', { includeUnknown: true }, ['cart', 'db', 'out', 'api', 'unknown']],
  ];
  test.each(rows)('%s', (_name, filter, expected) => {
    const chosen = new Set(selectEdges(Object.values(edges), filter));
    expect(Object.entries(edges).flatMap(([name, one]) => (chosen.has(one) ? [name] : []))).toEqual(expected);
  });
});

describe('intents, as GraphQL has them', () => {
  test('Kafka and connection are two intents, the Kafka one first and without kinds', () => {
    const kafka = edge(web, workload('kafka', 'kafka', 'StatefulSet'), {
      evidence: { kafka: seen, dns: seen },
      kafka: [
        { topic: 't', operation: 'ClusterAction', allowed: true },
        { topic: 't', operation: 'consume', allowed: false },
      ],
    });
    const identity = { name: 'web', namespace: 'shop', labels: [] };
    const server = { name: 'kafka', namespace: 'kafka', labels: [] };
    expect(toIntents(kafka)).toEqual([
      { client: identity, server, type: 'KAFKA', kafkaTopics: [{ name: 't', operations: ['CLUSTER_ACTION'] }] },
      {
        client: { ...identity, podOwnerKind: { group: 'apps', version: 'v1', kind: 'Deployment' } },
        server: { ...server, podOwnerKind: { group: 'apps', version: 'v1', kind: 'StatefulSet' } },
      },
    ]);
  });
  test.each([
    ['internet', edge(web, { type: 'internet', domain: 'a', scope: 'public' }), 0],
    ['node', edge(web, { type: 'node', cluster: 'c', name: 'n' }), 0],
    ['system', edge(web, workload('a'), { class: 'system' }), 0],
    ['API server', edge(web, { type: 'apiServer', cluster: 'c' }), 1],
    ['AWS', edge(web, { type: 'aws', resource: 'arn:x' }), 1],
  ])('%s', (_name, one, count) => expect(toIntents(one)).toHaveLength(count));

  test('the Service asked for and HTTP without HEAD', () => {
    const [intent] = toIntents(edge(web, workload('cart'), { services: [service], http: [{ path: '/a', methods: ['HEAD', 'GET'] }] }));
    expect(intent).toMatchObject({
      type: 'HTTP',
      httpResources: [{ path: '/a', methods: ['GET'] }],
      server: { kubernetesService: 'cart-svc' },
    });
  });
});
