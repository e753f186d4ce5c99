import { expect, test } from 'vitest';
import type { Peer } from '../model/peer.ts';
import { toPolicyIndex } from './evaluate-network-policy.ts';
import type { PolicyEnd } from './evaluate-network-policy.ts';
import { evaluateEdge, isProtected } from './protection.ts';
import { toDeclaredIndex } from './declared-intents.ts';
import type { DeclarableEdge, DeclaredIntents } from './declared-intents.ts';
import type { IntentState } from './protection.ts';

const workload = (name: string, namespace = 'shop', kind = 'Deployment'): Peer => ({
  type: 'workload',
  cluster: 'c',
  namespace,
  name,
  kind,
});
const end = (app: string): PolicyEnd => ({ type: 'pod', namespace: 'shop', namespaceLabels: {}, labels: { app } });
const lookup = (peer: Peer) => (peer.type === 'workload' ? end(peer.name) : undefined);
const POLICIES = toPolicyIndex([
  { namespace: 'shop', name: 'db', podSelector: { matchLabels: { app: 'db' } }, ingress: [{ ports: [{ port: 5432 }] }] },
]);

test('an edge is as bad as its worst port, the others are named', () => {
  const ports = [
    { port: 5432, protocol: 'TCP' },
    { port: 9187, protocol: 'TCP' },
  ] as const;
  expect(evaluateEdge({ client: workload('web'), server: workload('db'), ports }, lookup, POLICIES)).toEqual({
    state: 'denied',
    policies: ['shop/db'],
    serverSelected: true,
    exceptions: [{ port: 5432, protocol: 'TCP', state: 'allowed' }],
  });
});

test('a peer that nobody knows gives no answer', () => {
  expect(
    evaluateEdge({ client: { type: 'node', cluster: 'c', name: 'n' }, server: workload('db'), ports: [] }, lookup, POLICIES).state,
  ).toBe('unknown');
});

test.each([
  ['db', true],
  ['web', false],
])('%s protected: %s', (app, want) => {
  expect(isProtected(end(app), POLICIES)).toBe(want);
});

const DECLARED: readonly DeclaredIntents[] = [
  {
    namespace: 'shop',
    name: 'web',
    workload: { name: 'web', kind: 'Deployment' },
    targets: [
      { type: 'kubernetes', name: 'cart' },
      { type: 'service', name: 'pay.bank' },
      { type: 'internet', domains: ['api.example.com', '*.cdn.example'] },
      { type: 'kubernetes', name: 'ghost' },
      { type: 'service', name: 'kubernetes.default' },
    ],
  },
];
const edge = (client: Peer, server: Peer, more: Partial<DeclarableEdge> = {}): DeclarableEdge => ({ client, server, ports: [], ...more });
const internet = (domain: string): Peer => ({ type: 'internet', domain, scope: 'public' });

test.each<[string, DeclarableEdge, IntentState | undefined]>([
  ['declared by name', edge(workload('web'), workload('cart')), 'declared'],
  [
    'declared by Service',
    edge(workload('web'), workload('pay-v2', 'bank'), { ports: [{ service: { namespace: 'bank', name: 'pay' } }] }),
    'declared',
  ],
  ['declared domain', edge(workload('web'), internet('api.example.com')), 'declared'],
  ['declared wildcard', edge(workload('web'), internet('a.cdn.example')), 'declared'],
  ['declared API server', edge(workload('web'), { type: 'apiServer', cluster: 'c' }), 'declared'],
  ['another kind of client', edge(workload('web', 'shop', 'Job'), workload('cart')), 'undeclared'],
  ['undeclared caller of a declared server', edge(workload('other'), workload('cart')), 'undeclared'],
  ['undeclared domain of a client with domains', edge(workload('web'), internet('evil.example')), 'undeclared'],
  ['domain of a client without any', edge(workload('other'), internet('x.example')), 'unmanaged'],
  ['server that nobody named', edge(workload('web'), workload('free')), 'unmanaged'],
  ['a client that cannot declare', edge({ type: 'node', cluster: 'c', name: 'n' }, workload('cart')), undefined],
])('%s', (_name, item, want) => {
  expect(toDeclaredIndex(DECLARED).stateOf(item)).toBe(want);
});

test('says which declared targets an edge fulfils', () => {
  const fulfilled = toDeclaredIndex(DECLARED).fulfilledBy(edge(workload('web'), workload('cart')));
  const left = DECLARED.flatMap(({ targets }) => targets).filter((target) => !fulfilled.includes(target));
  expect(left.map(({ type }) => type)).toEqual(['service', 'internet', 'kubernetes', 'service']);
});

test('a declared Service protects the workloads behind it, by whatever name they are called', () => {
  const behind = () => [{ namespace: 'bank', name: 'pay-v2' }];
  const index = toDeclaredIndex(DECLARED, behind);
  expect(index.stateOf(edge(workload('other'), workload('pay-v2', 'bank')))).toBe('undeclared');
  expect(index.naming({ type: 'workload', cluster: 'c', namespace: 'bank', name: 'pay-v2', kind: 'Deployment' })).toEqual(DECLARED);
  expect(toDeclaredIndex(DECLARED).stateOf(edge(workload('other'), workload('pay-v2', 'bank')))).toBe('unmanaged');
});
