import { expect, test } from 'vitest';
import { createClusterView } from '../cluster/cluster-view.ts';
import { pod, T } from '../testing/cluster.ts';
import { FoundCache } from './found-cache.ts';
import { asDropped } from './resolution.ts';

const FOUND = asDropped('cluster-domain');

test('a name is answered again only when its answer, its alias or the cluster changed', () => {
  const view = createClusterView({ cluster: 'one' });
  const cache = new FoundCache(view);
  let asked = 0;
  const ask = (name: string, canonicalName: string | undefined, ...addresses: string[]): number => {
    cache.ofName(name, canonicalName, addresses, T, () => {
      asked += 1;
      return FOUND;
    });
    return asked;
  };
  expect(ask('a.example.com', undefined, '203.0.113.1', '203.0.113.2')).toBe(1);
  expect(ask('a.example.com', undefined, '203.0.113.1', '203.0.113.2'), 'another list of the same').toBe(1);
  expect(ask('a.example.com', undefined, '203.0.113.1'), 'fewer addresses').toBe(2);
  expect(ask('a.example.com', undefined, '203.0.113.3'), 'another address').toBe(3);
  expect(ask('a.example.com', 'b.example.com', '203.0.113.3'), 'an alias').toBe(4);
  expect(ask('b.example.com', 'b.example.com', '203.0.113.3'), 'another name').toBe(5);
  view.apply(pod('web', '203.0.113.3'));
  expect(ask('b.example.com', 'b.example.com', '203.0.113.3'), 'the cluster changed').toBe(6);
});
