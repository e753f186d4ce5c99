import { describe, expect, it } from 'vitest';
import { allEdges, apply, DAY, HOUR, MINUTE, names, T0, update, workload } from '../updates.ts';
import type { GivenStore } from './given-store.ts';

/** What becomes old: buckets widen, and bounds hold. */
export function describeMaintenance(given: GivenStore): void {
  describe('maintenance', () => {
    it('widens old buckets without losing counts, and chooses the vantage once', async () => {
      for (let minute = 0; minute < 60; minute += 5)
        await apply(
          given.store,
          update({ lastSeenAt: T0 + minute * MINUTE }),
          update({ vantage: 'server', lastSeenAt: T0 + minute * MINUTE }),
        );
      await apply(given.store, update({ vantage: 'server', count: 10, lastSeenAt: T0 + 3 * HOUR }));
      const before = (await allEdges(given.store)).map(({ edge }) => edge);
      expect(before[0]?.evidence.tcp?.count).toBe(22);
      given.now = T0 + 3 * DAY;
      const outcome = await given.store.maintain();
      expect(outcome).toMatchObject({ ran: true, compactedBuckets: 25, expiredEdges: 0 });
      expect((await allEdges(given.store)).map(({ edge }) => edge)).toEqual(before);
      expect((await given.store.edges({ first: 1, window: { since: T0, until: T0 + HOUR } })).edges[0]?.edge.evidence.tcp?.count).toBe(12);
      expect(await given.store.activity({ widthMs: 5 * MINUTE })).toEqual([
        { startAt: T0, widthMs: HOUR, count: 12 },
        { startAt: T0 + 3 * HOUR, widthMs: HOUR, count: 10 },
      ]);
      await apply(given.store, update({ lastSeenAt: T0 }));
      given.now = T0 + 3 * DAY + HOUR;
      await given.store.maintain();
      expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(23);
    });

    it('widens to days, and forgets what is older than the retention', async () => {
      await given.reopen({ retentionMs: 90 * DAY });
      await apply(
        given.store,
        update(),
        update({ lastSeenAt: T0 + 2 * HOUR }),
        update({ server: workload('kept'), lastSeenAt: T0 + 80 * DAY }),
      );
      given.now = T0 + 80 * DAY;
      await given.store.maintain();
      expect(await given.store.activity({ widthMs: HOUR, filter: { server: { workloads: [{ name: 'cart' }] } } })).toEqual([
        { startAt: T0 - 12 * HOUR, widthMs: DAY, count: 2 },
      ]);
      given.now = T0 + 100 * DAY;
      expect(await given.store.maintain()).toMatchObject({ expiredEdges: 1 });
      expect(names(await allEdges(given.store))).toEqual(['frontend->kept']);
      expect((await given.store.workloads({ first: 10 })).workloads).toHaveLength(2);
      await apply(given.store, update({ lastSeenAt: given.now }));
      expect(names(await allEdges(given.store))).toEqual(['frontend->cart', 'frontend->kept']);
    });

    it('keeps the number of edges bounded: internet first, then the oldest', async () => {
      await given.reopen({ maxEdges: 10 });
      const internet = (name: string) => update({ server: { type: 'internet', domain: name, scope: 'public' }, lastSeenAt: T0 + DAY });
      await apply(given.store, internet('a.example'), internet('b.example'));
      await apply(
        given.store,
        ...Array.from({ length: 9 }, (_, index) => update({ server: workload(`s${index}`), lastSeenAt: T0 + index * HOUR })),
      );
      const left = names(await allEdges(given.store));
      expect(left.length).toBeLessThanOrEqual(10);
      expect(left.filter((name) => name.includes('example'))).toHaveLength(0);
      await apply(given.store, ...Array.from({ length: 3 }, (_, index) => update({ server: workload(`t${index}`), lastSeenAt: T0 + DAY })));
      const after = names(await allEdges(given.store));
      expect(after.length).toBeLessThanOrEqual(10);
      expect(after).toContain('frontend->t2');
      expect(after).not.toContain('frontend->s0');
      expect(given.store.stats().droppedEdges).toBeGreaterThanOrEqual(4);
    });
  });

  it('remembers a bounded number of reporters: those heard of last', async () => {
    await given.reopen({ maxReporters: 3 });
    for (let i = 1; i <= 5; i++) {
      await given.store.applyBatch({
        reporter: { instance: `i${i}`, sequence: 1, kind: 'sniffer', cluster: 'one', seenAt: T0 + i },
        parts: [],
      });
    }
    await given.store.maintain();
    expect((await given.store.reporters('one')).map(({ instance }) => instance)).toEqual(['i3', 'i4', 'i5']);
  });
}
