import { describe, expect, test } from 'vitest';
import { parseAuthorizationPolicy } from './authorization-policy.ts';
import type { AuthorizationPolicyRecord } from './authorization-policy.ts';
import { evaluateAuthorizationPolicies } from './evaluate-authorization-policy.ts';
import type { MeshCall } from './evaluate-authorization-policy.ts';
import type { PodEnd } from './evaluate-network-policy.ts';

const pod = (namespace: string, app: string): PodEnd => ({ type: 'pod', namespace, namespaceLabels: {}, labels: { app } });
const CALL: MeshCall = {
  client: pod('foo', 'sleep'),
  clientServiceAccount: 'sleep',
  server: pod('foo', 'httpbin'),
  port: 8080,
  services: ['foo/httpbin'],
  http: [{ path: '/info/a', methods: ['GET'] }],
};

function policy(spec: object, name = 'p', namespace = 'foo'): AuthorizationPolicyRecord {
  const parsed = parseAuthorizationPolicy({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace },
    spec,
  });
  if (parsed === undefined) throw new Error('not read');
  return parsed;
}

const from = (source: object) => ({ rules: [{ from: [{ source }] }] });
const to = (operation: object) => ({ rules: [{ to: [{ operation }] }] });
const deny = (spec: object) => ({ action: 'DENY', ...spec });

/** Cases of Istio's documentation ("Authorization Policy" reference and concepts), and what is unknown here. */
describe('AuthorizationPolicy', () => {
  test.each<[string, readonly AuthorizationPolicyRecord[], Partial<MeshCall>, string, readonly string[]]>([
    ['none: open', [], {}, 'open', []],
    ['allow-nothing: an empty spec', [policy({})], {}, 'denied', ['foo/p']],
    ['allow-all: one empty rule', [policy({ rules: [{}] })], {}, 'allowed', ['foo/p']],
    ['deny-all: one empty rule', [policy(deny({ rules: [{}] }))], {}, 'denied', ['foo/p']],
    ['DENY without rules never matches', [policy(deny({}))], {}, 'open', []],
    ['DENY comes before ALLOW', [policy({ rules: [{}] }, 'a'), policy(deny({ rules: [{}] }), 'd')], {}, 'denied', ['foo/d']],
    ['AUDIT decides nothing', [policy({ action: 'AUDIT', rules: [{}] })], {}, 'open', []],
    ['CUSTOM asks somebody else', [policy({ action: 'CUSTOM', rules: [{}] })], {}, 'unknown', ['foo/p']],
    ['of another namespace', [policy({}, 'p', 'bar')], {}, 'open', []],
    ['of the root namespace', [policy({}, 'p', 'istio-system')], {}, 'denied', ['istio-system/p']],
    ['selector of another workload', [policy({ selector: { matchLabels: { app: 'other' } } })], {}, 'open', []],
    ['selector of this workload', [policy({ selector: { matchLabels: { app: 'httpbin' } } })], {}, 'denied', ['foo/p']],
    ['attached to the Service called', [policy({ targetRefs: [{ kind: 'Service', name: 'httpbin' }] })], {}, 'denied', ['foo/p']],
    ['attached to another Service', [policy({ targetRefs: [{ kind: 'Service', name: 'other' }] })], {}, 'open', []],
    ['principal', [policy(from({ principals: ['cluster.local/ns/foo/sa/sleep'] }))], {}, 'allowed', ['foo/p']],
    ['principal by suffix', [policy(from({ principals: ['*/sa/sleep'] }))], {}, 'allowed', ['foo/p']],
    ['another principal', [policy(from({ principals: ['cluster.local/ns/bar/sa/sleep'] }))], {}, 'denied', ['foo/p']],
    ['namespace', [policy(from({ namespaces: ['foo'] }))], {}, 'allowed', ['foo/p']],
    ['notNamespaces', [policy(deny(from({ notNamespaces: ['foo'] })))], {}, 'open', []],
    ['notNamespaces of others', [policy(deny(from({ notNamespaces: ['bar'] })))], {}, 'denied', ['foo/p']],
    ['serviceAccounts', [policy(from({ serviceAccounts: ['foo/sleep'] }))], {}, 'allowed', ['foo/p']],
    ['port', [policy(to({ ports: ['8080'] }))], {}, 'allowed', ['foo/p']],
    ['another port', [policy(to({ ports: ['9090'] }))], {}, 'denied', ['foo/p']],
    ['paths by prefix and methods', [policy(to({ paths: ['/info*'], methods: ['GET'] }))], {}, 'allowed', ['foo/p']],
    ['another method', [policy(to({ methods: ['POST'] }))], {}, 'denied', ['foo/p']],
    [
      'all parts of a rule must hold',
      [policy({ rules: [{ from: [{ source: { namespaces: ['foo'] } }], to: [{ operation: { ports: ['1'] } }] }] })],
      {},
      'denied',
      ['foo/p'],
    ],
    ['any rule is enough', [policy({ rules: [{ to: [{ operation: { ports: ['1'] } }] }, {}] })], {}, 'allowed', ['foo/p']],
    ['conditions are unknown', [policy({ rules: [{ when: [{ key: 'request.headers[x]', values: ['a'] }] }] })], {}, 'unknown', ['foo/p']],
    [
      'the account is unknown',
      [policy(from({ principals: ['cluster.local/ns/foo/sa/x'] }))],
      { clientServiceAccount: undefined as never },
      'unknown',
      ['foo/p'],
    ],
    ['requests are unknown', [policy(deny(to({ paths: ['/admin'] })))], { http: [] }, 'unknown', ['foo/p']],
    [
      'a client from outside has no identity',
      [policy(from({ principals: ['*'] }))],
      { client: { type: 'outside', addresses: ['203.0.113.7'] } },
      'denied',
      ['foo/p'],
    ],
    [
      'ipBlocks',
      [policy(from({ ipBlocks: ['203.0.113.0/24'] }))],
      { client: { type: 'outside', addresses: ['203.0.113.7'] } },
      'allowed',
      ['foo/p'],
    ],
    ['a server outside of the cluster', [policy({})], { server: { type: 'outside', addresses: [] } }, 'open', []],
  ])('%s', (_name, policies, change, state, names) => {
    expect(evaluateAuthorizationPolicies({ ...CALL, ...change }, policies)).toEqual({ state, policies: names });
  });

  test.each([
    ['another kind', { kind: 'Pod', metadata: { name: 'a' } }],
    ['an unknown action', { metadata: { name: 'a' }, spec: { action: 'MAYBE' } }],
    ['no name', { kind: 'AuthorizationPolicy', spec: {} }],
  ])('%s is none', (_name, object) => expect(parseAuthorizationPolicy(object)).toBeUndefined());
});
