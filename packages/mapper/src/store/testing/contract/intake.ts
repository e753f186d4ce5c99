import { describe, expect, it } from 'vitest';
import type { Store } from '../../store.ts';
import { allEdges, HOUR, MINUTE, T0, update } from '../updates.ts';
import type { GivenStore } from './given-store.ts';

/** What becomes of a batch: stored once, kept waiting, or refused for now. */
export function describeIntake(given: GivenStore): void {
  describe('repeats', () => {
    const reporter = (sequence: number) => ({ instance: 'i1', sequence, kind: 'sniffer', cluster: 'one', node: 'n1', seenAt: T0 });

    it('a batch whose sequence is not above the stored one adds nothing', async () => {
      const outcomes = [];
      for (const sequence of [1, 1, 2, 1])
        outcomes.push((await given.store.applyBatch({ reporter: reporter(sequence), parts: [{ updates: [update()] }] })).repeat);
      expect(outcomes).toEqual([false, true, false, true]);
      expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(2);
      expect(await given.store.reporter('i1')).toEqual(reporter(2));
      expect(await given.store.reporters('one')).toHaveLength(1);
    });

    it('the same batch twice at the same time is stored once', async () => {
      const batch = { reporter: reporter(1), parts: [{ updates: [update()] }] };
      const outcomes = await Promise.all([given.store.applyBatch(batch), given.store.applyBatch(batch)]);
      expect(outcomes.map(({ repeat }) => (repeat ? 'repeat' : 'stored')).toSorted()).toEqual(['repeat', 'stored']);
      expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(1);
    });

    it('compatible parts are recognised one by one, for an hour', async () => {
      const part = (repeatKey: string) => ({ repeatKey, updates: [update()] });
      const first = await given.store.applyBatch({ parts: [part('a'), part('b'), part('a')] });
      const second = await given.store.applyBatch({ parts: [part('b'), part('c')] });
      expect([first.repeatedParts, second.repeatedParts]).toEqual([[2], [0]]);
      expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(3);
      given.now = T0 + HOUR - 1;
      await given.store.maintain();
      expect((await given.store.applyBatch({ parts: [part('a')] })).repeatedParts).toEqual([0]);
      given.now = T0 + 2 * HOUR;
      await given.store.maintain();
      expect((await given.store.applyBatch({ parts: [part('a')] })).repeatedParts).toEqual([]);
    });
  });

  describe('waiting observations', () => {
    const observation = {
      kind: 'tcp',
      vantage: 'client',
      source: { address: '10.0.0.1' },
      destination: { address: '10.0.0.2', port: 80, protocol: 'TCP' },
      count: 1,
      firstSeenAt: T0,
      lastSeenAt: T0,
    } as const;
    const waiting = (receivedAt: number) => ({ cluster: 'one', observation, receivedAt, context: '{"a":1}' });
    const take = (from: Store, leaseMs = MINUTE) => from.takeWaiting({ cluster: 'one', limit: 10, leaseMs });

    it('are taken once per lease, come back after it, and end with their updates', async () => {
      await given.store.applyBatch({ parts: [{ updates: [], waiting: [waiting(1), waiting(2)] }] });
      const taken = await take(given.store);
      expect(taken.map(({ receivedAt, attempts, context }) => [receivedAt, attempts, context])).toEqual([
        [1, 0, '{"a":1}'],
        [2, 0, '{"a":1}'],
      ]);
      expect(taken[0]?.observation).toEqual(observation);
      expect(await take(given.store)).toEqual([]);
      given.now = T0 + 2 * MINUTE;
      const again = await take(given.store);
      expect(again.map(({ attempts }) => attempts)).toEqual([1, 1]);
      await given.store.postponeWaiting(
        again.map(({ id }) => id),
        given.now + HOUR,
      );
      expect(await take(given.store)).toEqual([]);
      const resolved = again.map(({ id }) => ({ id, updates: [update()] }));
      expect(await given.store.resolveWaiting(resolved)).toEqual({ resolved: 2 });
      expect(await given.store.resolveWaiting(resolved)).toEqual({ resolved: 0 });
      expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(2);
      expect((await given.store.status()).waiting).toBe(0);
    });

    it('are refused when too many wait', async () => {
      await given.reopen({ maxWaiting: 2 });
      const batch = { parts: [{ updates: [], waiting: [waiting(1), waiting(2)] }] };
      await given.store.applyBatch(batch);
      await expect(given.store.applyBatch(batch)).rejects.toMatchObject({ code: 'store_busy' });
    });
  });

  it('says "not now" when too much is queued, and stores what it accepted', async () => {
    await given.reopen({ maxQueuedUpdates: 10 });
    const updates = Array.from({ length: 6 }, () => update());
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => given.store.applyBatch({ parts: [{ updates }] })));
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => (reason as { code: string }).code);
    expect(refused).toEqual(['store_busy', 'store_busy', 'store_busy']);
    expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(6);
    expect(given.store.stats().busy).toBe(3);
  });
}
