import { expect, test } from 'vitest';
import { createClusterView } from '../cluster/cluster-view.ts';
import type { Observation } from '../model/observation.ts';
import { deployed, service, T } from '../testing/cluster.ts';
import { createResolver } from './resolver.ts';

const WAIT_MS = 5_000;

test('a new pod that a name led to is waited for; only when nobody appears is it whom the name stands for', () => {
  const view = createClusterView({ cluster: 'default' });
  const changes = [
    ...deployed('front', '10.244.1.5'),
    service('db', '', [{ port: 5432 }], { selector: { part: 'db' } }),
    ...deployed('db-a', '10.244.2.20', { labels: { part: 'db' }, finishedAt: T - 60_000 }),
    ...deployed('db-a', '10.244.2.21', { name: 'a-2', labels: { part: 'db' } }),
    ...deployed('db-b', '10.244.2.22', { labels: { part: 'db' } }),
  ];
  for (const change of changes) view.apply(change);
  const resolver = createResolver({ view }, { waitMs: WAIT_MS });
  const seen: Observation = {
    kind: 'tcp',
    vantage: 'client',
    source: { address: '10.244.1.5' },
    destination: { protocol: 'TCP', address: '10.244.2.20', port: 5432, name: 'db.shop.svc.cluster.local' },
    count: 1,
    firstSeenAt: T,
    lastSeenAt: T,
  };
  const servers = (now: number): unknown => resolver.resolve(seen, now).updates.map(({ server, shared }) => [server, shared]);

  expect(resolver.resolve(seen, T + 1_000)).toMatchObject({ updates: [], waitFor: 'not-yet-known' });
  expect(servers(T + WAIT_MS)).toMatchObject([
    [{ name: 'db-a' }, true],
    [{ name: 'db-b' }, true],
  ]);
  for (const change of deployed('db-b', '10.244.2.20', { name: 'b-2', labels: { part: 'db' } })) view.apply(change);
  expect(servers(T + 1_000)).toMatchObject([[{ name: 'db-b' }, false]]);
});
