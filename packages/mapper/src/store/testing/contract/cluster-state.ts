import { describe, expect, it } from 'vitest';
import { allEdges, apply, collect, DAY, HOUR, MINUTE, names, T0, update, workload } from '../updates.ts';
import type { GivenStore } from './given-store.ts';

/** What is kept of a cluster beside its edges: its name, who had which address, and from when the map counts. */
export function describeClusterState(given: GivenStore): void {
  describe('reset', () => {
    it("forgets the cluster's map, refuses what is from before, and only that", async () => {
      const two = { client: workload('other', { cluster: 'two' }), server: workload('db', { cluster: 'two' }) };
      const reporter = { instance: 'i1', sequence: 5, kind: 'sniffer', cluster: 'one', seenAt: T0 };
      await given.store.applyBatch({
        reporter,
        parts: [{ updates: [update({ kafka: { topic: 't', operation: 'consume', allowed: true } }), update(two)] }],
      });
      await given.store.saveIntervals('one', [{ kind: 'pod', uid: 'u', name: 'p', addresses: ['10.0.0.1'], from: T0 }]);
      expect(await given.store.reset({ cluster: 'one', at: T0 + MINUTE })).toEqual({ edges: 1 });
      expect(names(await allEdges(given.store))).toEqual(['other->db']);
      expect(await given.store.resetAt('one')).toBe(T0 + MINUTE);
      const outcome = await given.store.applyBatch({
        parts: [{ updates: [update(), update({ firstSeenAt: T0, lastSeenAt: T0 + HOUR }), update(two)] }],
      });
      expect(outcome).toMatchObject({ stored: 2, beforeReset: 1 });
      const [kept] = (await given.store.edges({ first: 1, filter: { either: [{ clusters: ['one'] }] } })).edges;
      expect(kept?.edge.evidence.tcp).toEqual({ count: 1, firstSeenAt: T0 + MINUTE, lastSeenAt: T0 + HOUR });
      expect(kept?.edge.kafka).toBeUndefined();
      expect(await given.store.reporter('i1')).toMatchObject({ sequence: 5 });
    });

    it('of the only cluster empties all', async () => {
      await apply(given.store, update(), update({ server: { type: 'internet', domain: 'a.example', scope: 'public' } }));
      await given.store.reset({ cluster: 'one', at: T0 + MINUTE });
      expect(await given.store.status()).toMatchObject({ edges: 0, peers: 0 });
      await apply(given.store, update({ lastSeenAt: T0 + HOUR }));
      expect(names(await allEdges(given.store))).toEqual(['frontend->cart']);
    });
  });

  describe('clusters', () => {
    it('are known by UID; a name that another UID holds is refused; a new name renames', async () => {
      await apply(given.store, update());
      await given.store.registerCluster({ name: 'one', uid: 'uid-1' });
      await given.store.registerCluster({ name: 'one', uid: 'uid-1' });
      await expect(given.store.registerCluster({ name: 'one', uid: 'uid-2' })).rejects.toMatchObject({ code: 'cluster_name_taken' });
      await given.store.registerCluster({ name: 'uno', uid: 'uid-1' });
      const uno = { client: workload('frontend', { cluster: 'uno' }), server: workload('cart', { cluster: 'uno' }) };
      await apply(given.store, update(uno));
      expect((await allEdges(given.store)).map(({ edge }) => [edge.client, edge.evidence.tcp?.count])).toEqual([[uno.client, 2]]);
    });
  });

  describe('address intervals', () => {
    it('come back as they were; an end stays; old ones go', async () => {
      const pod = {
        kind: 'pod',
        uid: 'u1',
        namespace: 'shop',
        name: 'cart-1',
        workload: { namespace: 'shop', name: 'cart', kind: 'Deployment' },
        addresses: ['10.0.0.1', 'fd00::1'],
        node: 'n1',
        from: T0,
        extra: '{"labels":{}}',
      };
      const ended = { ...pod, uid: 'u2', to: T0 + MINUTE };
      await given.store.saveIntervals('one', [pod, { ...ended, to: T0 + MINUTE }]);
      await given.store.saveIntervals('one', [{ ...pod, uid: 'u2' }]);
      await given.store.saveIntervals('two', [pod]);
      const load = async (since: number) => (await collect(given.store.loadIntervals('one', since))).flat();
      expect(await load(T0)).toEqual([pod, ended]);
      expect(await load(T0 + HOUR)).toEqual([pod]);
      given.now = T0 + 3 * DAY;
      expect(await given.store.maintain()).toMatchObject({ expiredIntervals: 1 });
      expect(await load(0)).toEqual([pod]);
    });

    it('are read in chunks', async () => {
      await given.store.saveIntervals(
        'one',
        Array.from({ length: 2500 }, (_, index) => ({ kind: 'pod', uid: `u${index}`, name: 'p', addresses: [], from: T0 })),
      );
      const sizes = (await collect(given.store.loadIntervals('one', 0))).map((chunk) => chunk.length);
      expect(sizes).toEqual([1000, 1000, 500]);
    });
  });
}
