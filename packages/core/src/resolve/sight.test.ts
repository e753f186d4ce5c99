import { describe, expect, test } from 'vitest';
import { createClusterView } from '../cluster/cluster-view.ts';
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { Observation } from '../model/observation.ts';
import { deployed, node, pod, service, T } from '../testing/cluster.ts';
import { createResolver } from './resolver.ts';

/** Three nodes, each with a pod of its number; the first two have sniffers, DNS is on the first. */
function cluster(): ClusterView {
  const view = createClusterView({ cluster: 'c' });
  const changes = [
    node('node-1', ['10.0.0.1'], ['10.244.1.0/24']),
    node('node-2', ['10.0.0.2'], ['10.244.2.0/24']),
    node('node-3', ['10.0.0.3'], ['10.244.3.0/24']),
    deployed('one', '10.244.1.5'),
    deployed('two', '10.244.2.5', { nodeName: 'node-2' }),
    deployed('other', '10.244.2.6', { nodeName: 'node-2' }),
    deployed('three', '10.244.3.5', { nodeName: 'node-3' }),
    pod('agent', '10.0.0.2', { nodeName: 'node-2', hostNetwork: true }),
    deployed('coredns', '10.244.1.2', { namespace: 'kube-system' }),
    service('two', '10.96.1.5', [{ port: 80, targetPort: 8080, nodePort: 30080 }]),
    service('kube-dns', '10.96.0.10', [{ port: 53, protocol: 'UDP' }], { namespace: 'kube-system', selector: { app: 'coredns' } }),
  ].flat();
  for (const change of changes) view.apply(change);
  return view;
}

const ONE = '10.244.1.5';
const TWO = '10.244.2.5';
const OTHER = '10.244.2.6';
const THREE = '10.244.3.5';
const OUTSIDE = '203.0.113.9';

type Seen = Pick<Observation, 'kind' | 'vantage' | 'source' | 'destination'>;

function call(vantage: Observation['vantage'], source: string | Observation['source'], address: string, more: object = {}): Seen {
  return {
    kind: 'tcp',
    vantage,
    source: typeof source === 'string' ? { address: source } : source,
    destination: { protocol: 'TCP', address, port: 8080, ...more },
  };
}

function lookup(vantage: Observation['vantage'], source: string): Seen {
  return { kind: 'dns', vantage, source: { address: source }, destination: { protocol: 'UDP', name: 'a.example', addresses: [OUTSIDE] } };
}

function resolve(on: string, seen: Seen, options: { readonly waitMs?: number; readonly nodesAreProven?: boolean } = {}): string {
  const resolver = createResolver({ view: cluster() }, { hasSniffer: (name) => name !== 'node-3', nodesAreProven: true, ...options });
  const { dropped, waitFor, updates } = resolver.resolve({ ...seen, node: on, count: 1, firstSeenAt: T, lastSeenAt: T }, T);
  return dropped ?? waitFor ?? `${updates.length}`;
}

describe('what a node can have seen', () => {
  test.each<[string, string, Seen]>([
    ['a pod of it calls a pod elsewhere', 'node-1', call('client', ONE, TWO)],
    ['a pod of it looks a name up', 'node-2', lookup('client', TWO)],
    ['a pod elsewhere calls a pod of it', 'node-2', call('server', ONE, TWO)],
    ['a pod elsewhere asks the DNS server on it', 'node-1', lookup('server', TWO)],
    ['somebody outside calls through it (load balancer)', 'node-1', call('server', OUTSIDE, TWO)],
    ['a node calls through it', 'node-1', call('server', '10.0.0.3', TWO)],
    ['a process of another node, by an address that several may have', 'node-1', call('client', '10.0.0.2', THREE)],
    ['it forwards for a node without a sniffer', 'node-1', call('server', THREE, TWO)],
    ['it forwards a lookup of a node without a sniffer', 'node-2', lookup('server', THREE)],
    ['a pod elsewhere calls a node', 'node-2', call('server', ONE, '10.0.0.2')],
    ['its own pod by UID', 'node-2', call('client', { address: '10.0.0.2', podUid: 'uid-agent' }, ONE)],
    ['a node that the API does not know', 'node-9', call('client', ONE, TWO)],
  ])('makes an edge: %s', (_, on, seen) => expect(resolve(on, seen)).toBe('1'));

  test.each<[string, string, Seen]>([
    ['pods elsewhere, as their own', 'node-1', call('client', TWO, OTHER)],
    ['pods elsewhere, of a node without a sniffer, as their own', 'node-1', call('client', THREE, TWO)],
    ['pods elsewhere, forwarded', 'node-1', call('server', TWO, THREE)],
    ['a pod elsewhere and the internet', 'node-1', call('server', TWO, OUTSIDE, { name: 'evil.example' })],
    ['a pod elsewhere and a Service of pods elsewhere', 'node-1', call('client', OTHER, '10.96.1.5')],
    ['a lookup of a pod elsewhere, as its own', 'node-2', lookup('client', THREE)],
    ['a lookup elsewhere, where no DNS server is', 'node-2', lookup('server', ONE)],
    ['a pod elsewhere by its UID', 'node-1', call('client', { address: '10.0.0.1', podUid: 'uid-agent' }, ONE)],
    ['a server elsewhere by its UID', 'node-1', call('client', ONE, '10.0.0.1', { podUid: 'uid-agent' })],
  ])('makes no edge: %s', (_, on, seen) => expect(resolve(on, seen)).toBe('not-of-this-node'));

  test('what could be a new pod of the node is waited for', () => {
    expect(resolve('node-1', call('client', TWO, OTHER), { waitMs: 10_000 })).toBe('not-yet-known');
  });

  test('without proof of the node everything is believed', () => {
    expect(resolve('node-1', call('client', TWO, OTHER), { nodesAreProven: false })).toBe('1');
  });
});
