import type { ClusterChange } from '@nm/core';
import { expect, test } from 'vitest';
import { createKnownObjects } from './known-objects.ts';

function pod(index: number, app: string): object {
  return {
    metadata: { name: `p-${index}`, namespace: 'shop', uid: `p-${index}`, resourceVersion: '1', labels: { app } },
    spec: { containers: [{ name: 'main', image: 'example.org/app:1', ports: [{ containerPort: 80 }] }] },
    status: { podIP: `10.0.0.${index}` },
  };
}

test('equal parts of pods are one object, different ones are not', () => {
  const known = createKnownObjects(
    'Pod',
    () => 'v1',
    () => undefined,
  );
  const [a, b, c] = [pod(1, 'web'), pod(2, 'web'), pod(3, 'cart')].map(
    (object) => known.see(object, 0)[0] as ClusterChange & { type: 'pod' },
  );
  expect(a?.pod.labels).toBe(b?.pod.labels);
  expect(a?.pod.ports).toBe(b?.pod.ports);
  expect(a?.pod.containers).toBe(c?.pod.containers);
  expect(a?.pod.labels).not.toBe(c?.pod.labels);
  expect([a, b, c].map((change) => change?.pod.addresses)).toEqual([['10.0.0.1'], ['10.0.0.2'], ['10.0.0.3']]);
});
