import { createClusterView } from '@nm/core';
import type { PodRecord } from '@nm/core';
import { expect, test } from 'vitest';
import { toPodsView } from './pods-view.ts';

const AT = Date.parse('2026-03-01T12:00:00Z');
const pod = (name: string, more: Partial<PodRecord> = {}): PodRecord => ({
  uid: name,
  namespace: 'shop',
  name,
  labels: {},
  annotations: { 'intents.otterize.com/workload-name': 'cart' },
  owners: [],
  nodeName: 'worker-1',
  hostNetwork: false,
  phase: 'Running',
  addresses: ['10.0.1.7'],
  hostAddresses: [],
  createdAt: AT,
  startedAt: AT,
  ready: { status: true },
  ports: [],
  containers: [],
  ...more,
});
const { nodeName: _nodeName, ready: _ready, ...unplaced } = pod('cart-a');
const waiting: PodRecord = { ...unplaced, phase: 'Pending', addresses: [] };
const view = createClusterView({ cluster: 'main' });
view.apply({ type: 'pod', pod: pod('cart-b') });
view.apply({ type: 'pod', pod: waiting });
view.apply({ type: 'pod', pod: pod('cart-done', { phase: 'Succeeded', finishedAt: AT + 1_000 }) });
view.apply({ type: 'pod', pod: pod('cart-gone'), at: AT });
view.apply({ type: 'pod', pod: pod('cart-gone'), at: AT + 1_000, deleted: true });

test.each([
  ['those that live, by name', { name: 'cart', namespace: 'shop' }, ['cart-a', 'cart-b']],
  ['of the named cluster', { name: 'cart', namespace: 'shop', cluster: 'main' }, ['cart-a', 'cart-b']],
  ['none of another cluster', { name: 'cart', namespace: 'shop', cluster: 'other' }, []],
  ['none without a namespace', { name: 'cart' }, []],
  ['none of another kind', { name: 'cart', namespace: 'shop', kind: 'Deployment' }, []],
])('%s', (_name, workload, names) => {
  expect(toPodsView(view, workload).map(({ name }) => name)).toEqual(names);
});

test('what a pod is', () => {
  expect(toPodsView(view, { name: 'cart', namespace: 'shop' })).toEqual([
    { name: 'cart-a', node: null, addresses: [], phase: 'Pending', ready: null, createdAt: '2026-03-01T12:00:00.000Z' },
    { name: 'cart-b', node: 'worker-1', addresses: ['10.0.1.7'], phase: 'Running', ready: true, createdAt: '2026-03-01T12:00:00.000Z' },
  ]);
});
