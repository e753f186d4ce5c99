import { expect, test } from 'vitest';
import { pod, ref, T } from '../testing/cluster.ts';
import type { PodRecord } from './records.ts';
import { SharedParts } from './shared-parts.ts';

const owners = (): PodRecord['owners'] => [ref('ReplicaSet', 'cart-5d4', 'uid-rs')];
const record = (name: string, more: Partial<PodRecord> = {}): PodRecord =>
  pod(name, `10.0.0.${name.length}`, {
    labels: { app: 'cart' },
    owners: owners(),
    ports: [{ containerPort: 8080, protocol: 'TCP' }],
    containers: [{ name: 'main', image: 'cart:1' }],
    ...more,
  }).pod;

test('pods of one owner share what they have from its template, and nothing else', () => {
  const parts = new SharedParts();
  const first = parts.share(record('one'), undefined);
  const second = parts.share(record('two-'), undefined);
  expect(second).toEqual(record('two-'));
  for (const key of ['labels', 'owners', 'ports', 'containers', 'annotations'] as const) expect(second[key]).toBe(first[key]);
  expect(second.addresses).toEqual(['10.0.0.4']);
});

test.each([
  ['a label has another value', { labels: { app: 'car' } }],
  ['a label has another name', { labels: { apq: 'cart' } }],
  ['a label is missing', { labels: {} }],
  ['a port has a name', { ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }],
  [
    'a port more',
    {
      ports: [
        { containerPort: 8080, protocol: 'TCP' },
        { containerPort: 8081, protocol: 'TCP' },
      ],
    },
  ],
  ['another image', { containers: [{ name: 'main', image: 'cart:2' }] }],
] satisfies [string, Partial<PodRecord>][])('a pod that differs keeps its own: %s', (_name, more) => {
  const parts = new SharedParts();
  const first = parts.share(record('one'), undefined);
  const other = parts.share(record('two-', more), undefined);
  expect(other).toEqual(record('two-', more));
  expect(first).toEqual(record('one'));
  // The template changed: the next pod has it from this one.
  const next = parts.share(record('three', more), undefined);
  for (const key of Object.keys(more) as (keyof typeof more)[]) expect(next[key]).toBe(other[key]);
});

test('what is told again of a pod is what was told before, where nothing changed', () => {
  const parts = new SharedParts();
  const before = parts.share(record('one', { owners: [] }), undefined);
  const after = parts.share(record('one', { owners: [], phase: 'Failed', finishedAt: T }), before);
  expect(after).toEqual(record('one', { owners: [], phase: 'Failed', finishedAt: T }));
  for (const key of ['labels', 'owners', 'ports', 'addresses'] as const) expect(after[key]).toBe(before[key]);
});
