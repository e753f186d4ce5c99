import { describe, expect, test } from 'vitest';
import { evaluateNetworkPolicies, toPolicyIndex } from './evaluate-network-policy.ts';
import type { PodEnd, PolicyEnd, PolicyState, PolicyTarget } from './evaluate-network-policy.ts';
import { parseNetworkPolicy } from './parse-network-policy.ts';
import type { NetworkPolicyRecord } from './network-policy.ts';

function pod(labels: Record<string, string>, namespace = 'default', more: Partial<PodEnd> = {}): PodEnd {
  return { type: 'pod', namespace, namespaceLabels: { 'kubernetes.io/metadata.name': namespace }, labels, ...more };
}

function outside(...addresses: string[]): PolicyEnd {
  return { type: 'outside', addresses };
}

/** A policy as a user writes it, through the parser, so that both are under test. */
function policy(spec: object, namespace = 'default', name = 'p'): NetworkPolicyRecord {
  const parsed = parseNetworkPolicy({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec });
  if (parsed === undefined) throw new Error('not a policy');
  return parsed;
}

interface Row {
  readonly name: string;
  readonly policies: readonly NetworkPolicyRecord[];
  readonly client: PolicyEnd;
  readonly server: PolicyEnd;
  readonly target?: PolicyTarget;
  readonly want: PolicyState;
  readonly caveat?: string;
}

const WEB_80: PolicyTarget = { port: 80, protocol: 'TCP' };
const DB_6379: PolicyTarget = { port: 6379, protocol: 'TCP' };
const db = pod({ role: 'db' });
const frontend = pod({ role: 'frontend' });
const project = pod({ x: 'y' }, 'shop', { namespaceLabels: { project: 'myproject' } });

/** The documentation's first example: "The NetworkPolicy resource". */
const EXAMPLE = policy({
  podSelector: { matchLabels: { role: 'db' } },
  policyTypes: ['Ingress', 'Egress'],
  ingress: [
    {
      from: [
        { ipBlock: { cidr: '172.17.0.0/16', except: ['172.17.1.0/24'] } },
        { namespaceSelector: { matchLabels: { project: 'myproject' } } },
        { podSelector: { matchLabels: { role: 'frontend' } } },
      ],
      ports: [{ protocol: 'TCP', port: 6379 }],
    },
  ],
  egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ protocol: 'TCP', port: 5978 }] }],
});

const AND_SELECTOR = policy({
  podSelector: {},
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { user: 'alice' } }, podSelector: { matchLabels: { role: 'client' } } }] }],
});
const OR_SELECTOR = policy({
  podSelector: {},
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { user: 'alice' } } }, { podSelector: { matchLabels: { role: 'client' } } }] }],
});
const alice = { namespaceLabels: { user: 'alice' } };
const DENY_INGRESS = policy({ podSelector: {}, policyTypes: ['Ingress'] }, 'default', 'default-deny-ingress');
const ALLOW_INGRESS = policy({ podSelector: {}, ingress: [{}], policyTypes: ['Ingress'] }, 'default', 'allow-all-ingress');
const DENY_EGRESS = policy({ podSelector: {}, policyTypes: ['Egress'] }, 'default', 'default-deny-egress');
const ALLOW_EGRESS = policy({ podSelector: {}, egress: [{}], policyTypes: ['Egress'] }, 'default', 'allow-all-egress');
const DENY_ALL = policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, 'default', 'default-deny-all');
const RANGE = policy({
  podSelector: { matchLabels: { role: 'db' } },
  policyTypes: ['Egress'],
  egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: [{ protocol: 'TCP', port: 32000, endPort: 32768 }] }],
});
const BY_NAME = policy({
  podSelector: { matchLabels: { app: 'nginx' } },
  policyTypes: ['Egress'],
  egress: [{ to: [{ namespaceSelector: { matchExpressions: [{ key: 'namespace', operator: 'In', values: ['frontend', 'backend'] }] } }] }],
});
const NAMED = policy({ podSelector: { matchLabels: { role: 'db' } }, ingress: [{ ports: [{ port: 'redis' }] }] });
const named = (containerPort: number, protocol = 'TCP') =>
  pod({ role: 'db' }, 'default', { ports: [{ name: 'redis', containerPort, protocol }] });

const ROWS: readonly Row[] = [
  { name: 'no policy: open', policies: [], client: frontend, server: db, target: DB_6379, want: 'open' },
  {
    name: 'a policy of another namespace selects nothing here',
    policies: [policy({ podSelector: {} }, 'other')],
    client: frontend,
    server: db,
    want: 'open',
  },
  {
    name: 'example: pod selector of the same namespace',
    policies: [EXAMPLE],
    client: frontend,
    server: db,
    target: DB_6379,
    want: 'allowed',
  },
  {
    name: 'example: same labels in another namespace',
    policies: [EXAMPLE],
    client: pod({ role: 'frontend' }, 'other'),
    server: db,
    target: DB_6379,
    want: 'denied',
  },
  { name: 'example: namespace selector', policies: [EXAMPLE], client: project, server: db, target: DB_6379, want: 'allowed' },
  { name: 'example: another port', policies: [EXAMPLE], client: project, server: db, target: WEB_80, want: 'denied' },
  {
    name: 'example: another protocol',
    policies: [EXAMPLE],
    client: project,
    server: db,
    target: { port: 6379, protocol: 'UDP' },
    want: 'denied',
  },
  {
    name: 'example: port not known',
    policies: [EXAMPLE],
    client: project,
    server: db,
    target: {},
    want: 'unknown',
    caveat: 'port-unknown',
  },
  { name: 'example: ipBlock', policies: [EXAMPLE], client: outside('172.17.0.9'), server: db, target: DB_6379, want: 'allowed' },
  { name: 'example: ipBlock exception', policies: [EXAMPLE], client: outside('172.17.1.9'), server: db, target: DB_6379, want: 'denied' },
  {
    name: 'example: outside of the ipBlock',
    policies: [EXAMPLE],
    client: outside('172.18.0.1'),
    server: db,
    target: DB_6379,
    want: 'denied',
  },
  {
    name: 'example: some addresses inside, some not',
    policies: [EXAMPLE],
    client: outside('172.17.0.9', '172.17.1.9'),
    server: db,
    target: DB_6379,
    want: 'unknown',
    caveat: 'addresses-unknown',
  },
  {
    name: 'example: addresses not known',
    policies: [EXAMPLE],
    client: outside(),
    server: db,
    target: DB_6379,
    want: 'unknown',
    caveat: 'addresses-unknown',
  },
  {
    name: 'example: egress allowed',
    policies: [EXAMPLE],
    client: db,
    server: outside('10.0.0.7'),
    target: { port: 5978, protocol: 'TCP' },
    want: 'allowed',
  },
  {
    name: 'example: egress to another port',
    policies: [EXAMPLE],
    client: db,
    server: outside('10.0.0.7'),
    target: { port: 443, protocol: 'TCP' },
    want: 'denied',
  },
  { name: 'example: does not select the frontend', policies: [EXAMPLE], client: db, server: frontend, target: WEB_80, want: 'denied' },
  { name: 'example: other pods keep free egress', policies: [EXAMPLE], client: frontend, server: outside('8.8.8.8'), want: 'open' },
  {
    name: 'namespace AND pod selector: both match',
    policies: [AND_SELECTOR],
    client: pod({ role: 'client' }, 'a', alice),
    server: db,
    want: 'allowed',
  },
  {
    name: 'namespace AND pod selector: only the namespace',
    policies: [AND_SELECTOR],
    client: pod({ role: 'x' }, 'a', alice),
    server: db,
    want: 'denied',
  },
  {
    name: 'namespace AND pod selector: only the pod',
    policies: [AND_SELECTOR],
    client: pod({ role: 'client' }),
    server: db,
    want: 'denied',
  },
  {
    name: 'namespace OR pod selector: only the namespace',
    policies: [OR_SELECTOR],
    client: pod({ role: 'x' }, 'a', alice),
    server: db,
    want: 'allowed',
  },
  {
    name: 'namespace OR pod selector: the pod, here',
    policies: [OR_SELECTOR],
    client: pod({ role: 'client' }),
    server: db,
    want: 'allowed',
  },
  {
    name: 'namespace OR pod selector: the pod, elsewhere',
    policies: [OR_SELECTOR],
    client: pod({ role: 'client' }, 'b'),
    server: db,
    want: 'denied',
  },
  { name: 'default deny ingress', policies: [DENY_INGRESS], client: frontend, server: db, target: WEB_80, want: 'denied' },
  { name: 'default deny ingress leaves egress alone', policies: [DENY_INGRESS], client: db, server: outside('1.2.3.4'), want: 'open' },
  { name: 'allow all ingress', policies: [ALLOW_INGRESS], client: outside('1.2.3.4'), server: db, target: WEB_80, want: 'allowed' },
  {
    name: 'policies add up: allow wins over deny',
    policies: [DENY_INGRESS, ALLOW_INGRESS],
    client: frontend,
    server: db,
    target: WEB_80,
    want: 'allowed',
  },
  { name: 'default deny egress', policies: [DENY_EGRESS], client: db, server: outside('1.2.3.4'), want: 'denied' },
  { name: 'default deny egress leaves ingress alone', policies: [DENY_EGRESS], client: pod({}, 'other'), server: db, want: 'open' },
  { name: 'allow all egress', policies: [ALLOW_EGRESS], client: db, server: outside('1.2.3.4'), want: 'allowed' },
  { name: 'default deny all', policies: [DENY_ALL], client: pod({}, 'other'), server: db, want: 'denied' },
  { name: 'egress allowed, ingress denied: denied', policies: [ALLOW_EGRESS, DENY_INGRESS], client: frontend, server: db, want: 'denied' },
  { name: 'ingress allowed, egress denied: denied', policies: [ALLOW_INGRESS, DENY_EGRESS], client: frontend, server: db, want: 'denied' },
  {
    name: 'port range: first',
    policies: [RANGE],
    client: db,
    server: outside('10.0.0.1'),
    target: { port: 32000, protocol: 'TCP' },
    want: 'allowed',
  },
  {
    name: 'port range: last',
    policies: [RANGE],
    client: db,
    server: outside('10.0.0.1'),
    target: { port: 32768, protocol: 'TCP' },
    want: 'allowed',
  },
  {
    name: 'port range: after it',
    policies: [RANGE],
    client: db,
    server: outside('10.0.0.1'),
    target: { port: 32769, protocol: 'TCP' },
    want: 'denied',
  },
  {
    name: 'several namespaces by label',
    policies: [BY_NAME],
    client: pod({ app: 'nginx' }),
    server: pod({}, 'be', { namespaceLabels: { namespace: 'backend' } }),
    want: 'allowed',
  },
  { name: 'namespace without the label', policies: [BY_NAME], client: pod({ app: 'nginx' }), server: pod({}, 'backend'), want: 'denied' },
  {
    name: 'namespace by its name label, though the dump lacks it',
    policies: [
      policy({ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }] }] }),
    ],
    client: project,
    server: db,
    want: 'allowed',
  },
  {
    name: 'empty namespace selector: every namespace',
    policies: [policy({ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] })],
    client: project,
    server: db,
    want: 'allowed',
  },
  {
    name: 'empty namespace selector: pods only, nobody from outside',
    policies: [policy({ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] })],
    client: outside('1.1.1.1'),
    server: db,
    want: 'denied',
  },
  {
    name: 'empty pod selector: pods of this namespace',
    policies: [policy({ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })],
    client: frontend,
    server: db,
    want: 'allowed',
  },
  {
    name: 'empty from: everybody',
    policies: [policy({ podSelector: {}, ingress: [{ from: [] }] })],
    client: outside('1.1.1.1'),
    server: db,
    want: 'allowed',
  },
  {
    name: 'a peer that says nothing matches nobody',
    policies: [policy({ podSelector: {}, ingress: [{ from: [{}] }] })],
    client: frontend,
    server: db,
    want: 'denied',
  },
  {
    name: 'policyTypes default: ingress only without egress rules',
    policies: [policy({ podSelector: {} })],
    client: db,
    server: outside('1.1.1.1'),
    want: 'open',
  },
  {
    name: 'policyTypes default: egress with egress rules',
    policies: [policy({ podSelector: {}, egress: [{ to: [{ podSelector: {} }] }] })],
    client: db,
    server: outside('1.1.1.1'),
    want: 'denied',
  },
  {
    name: 'policyTypes default: ingress is always restricted',
    policies: [policy({ podSelector: {}, egress: [{}] })],
    client: pod({}, 'x'),
    server: db,
    want: 'denied',
  },
  {
    name: 'policyTypes Egress: ingress rules do not count',
    policies: [policy({ podSelector: {}, policyTypes: ['Egress'], ingress: [] })],
    client: pod({}, 'x'),
    server: db,
    want: 'open',
  },
  { name: 'named port', policies: [NAMED], client: frontend, server: named(6379), target: DB_6379, want: 'allowed' },
  { name: 'named port: another number', policies: [NAMED], client: frontend, server: named(6380), target: DB_6379, want: 'denied' },
  {
    name: 'named port: another protocol',
    policies: [NAMED],
    client: frontend,
    server: named(6379, 'UDP'),
    target: DB_6379,
    want: 'denied',
  },
  { name: 'named port: the pod does not have it', policies: [NAMED], client: frontend, server: db, target: DB_6379, want: 'denied' },
  {
    name: 'protocol without port: every port of it',
    policies: [policy({ podSelector: {}, ingress: [{ ports: [{ protocol: 'UDP' }] }] })],
    client: frontend,
    server: db,
    target: { port: 53, protocol: 'UDP' },
    want: 'allowed',
  },
  {
    name: 'protocol without port: other protocols not',
    policies: [policy({ podSelector: {}, ingress: [{ ports: [{ protocol: 'UDP' }] }] })],
    client: frontend,
    server: db,
    target: { port: 53, protocol: 'TCP' },
    want: 'denied',
  },
  {
    name: 'mesh tunnel: real port unknown',
    policies: [EXAMPLE],
    client: frontend,
    server: db,
    target: { protocol: 'HBONE' },
    want: 'unknown',
    caveat: 'port-unknown',
  },
  {
    name: 'NotIn matches where the key is missing',
    policies: [policy({ podSelector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } })],
    client: frontend,
    server: db,
    want: 'denied',
  },
  {
    name: 'NotIn does not match the value',
    policies: [policy({ podSelector: { matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['db'] }] } })],
    client: frontend,
    server: db,
    want: 'open',
  },
  {
    name: 'Exists',
    policies: [policy({ podSelector: { matchExpressions: [{ key: 'role', operator: 'Exists' }] } })],
    client: frontend,
    server: db,
    want: 'denied',
  },
  {
    name: 'DoesNotExist',
    policies: [policy({ podSelector: { matchExpressions: [{ key: 'role', operator: 'DoesNotExist' }] } })],
    client: frontend,
    server: db,
    want: 'open',
  },
  {
    name: 'host-network server is not selected',
    policies: [DENY_ALL],
    client: pod({}, 'x'),
    server: pod({}, 'default', { hostNetwork: true }),
    want: 'open',
    caveat: 'host-network',
  },
  {
    name: 'host-network client is not recognised by labels',
    policies: [EXAMPLE],
    client: pod({ role: 'frontend' }, 'default', { hostNetwork: true, addresses: ['10.9.9.9'] }),
    server: db,
    target: DB_6379,
    want: 'denied',
    caveat: 'host-network',
  },
  {
    name: 'host-network client by its address',
    policies: [EXAMPLE],
    client: pod({}, 'x', { hostNetwork: true, addresses: ['172.17.0.5'] }),
    server: db,
    target: DB_6379,
    want: 'allowed',
    caveat: 'ip-block-inside-cluster',
  },
  {
    name: 'own node is always allowed',
    policies: [DENY_ALL],
    client: { type: 'node', sameNode: true },
    server: db,
    want: 'allowed',
    caveat: 'node-local',
  },
  { name: 'another node is not', policies: [DENY_ALL], client: { type: 'node', addresses: ['10.1.0.1'] }, server: db, want: 'denied' },
  {
    name: 'IPv6 block',
    policies: [policy({ podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '2001:db8::/64' } }] }] })],
    client: db,
    server: outside('2001:db8::1'),
    want: 'allowed',
  },
  {
    name: 'IPv6 address in no IPv4 block',
    policies: [policy({ podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] })],
    client: db,
    server: outside('2001:db8::1'),
    want: 'denied',
  },
];

describe('NetworkPolicy', () => {
  test.each(ROWS)('$name', ({ policies, client, server, target = {}, want, caveat }) => {
    const verdict = evaluateNetworkPolicies(client, server, target, toPolicyIndex(policies));
    expect(verdict.state).toBe(want);
    expect([undefined, ...verdict.egress.caveats, ...verdict.ingress.caveats]).toContain(caveat);
  });

  test('names the policies that allow, and those that deny', () => {
    const allowed = evaluateNetworkPolicies(frontend, db, WEB_80, toPolicyIndex([DENY_INGRESS, ALLOW_INGRESS]));
    expect(allowed.ingress.policies).toEqual(['default/allow-all-ingress']);
    const denied = evaluateNetworkPolicies(frontend, db, WEB_80, toPolicyIndex([DENY_INGRESS, EXAMPLE]));
    expect(denied.ingress.policies).toEqual(['default/default-deny-ingress', 'default/p']);
  });

  test.each([
    ['not an object', 7],
    ['no spec', { kind: 'NetworkPolicy', metadata: { name: 'a' } }],
    ['another kind', { kind: 'Pod', metadata: { name: 'a' }, spec: {} }],
  ])('parser refuses %s', (_name, value) => {
    expect(parseNetworkPolicy(value)).toBeUndefined();
  });

  test('what cannot be read in a rule allows nothing', () => {
    const broken = policy({ podSelector: {}, ingress: [{ ports: [{ protocol: 'QUIC', port: 80 }] }, { from: ['x'] }] });
    expect(evaluateNetworkPolicies(frontend, db, WEB_80, toPolicyIndex([broken])).state).toBe('denied');
  });
});
