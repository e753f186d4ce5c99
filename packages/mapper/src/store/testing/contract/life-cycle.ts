import { expect, it } from 'vitest';
import { allEdges, apply, HOUR, MINUTE, T0, update } from '../updates.ts';
import type { GivenStore } from './given-store.ts';

/** A store among others on one database, over a restart, and after its end. */
export function describeLifeCycle(given: GivenStore): void {
  it('leases a job to one holder at a time', async () => {
    const other = given.keeps ? await given.open() : given.store;
    expect(await given.store.lease('job', MINUTE)).toBe(true);
    expect(await given.store.lease('job', MINUTE)).toBe(true);
    expect(await other.lease('job', MINUTE)).toBe(other === given.store);
    given.now = T0 + 2 * MINUTE;
    expect(await other.lease('job', MINUTE)).toBe(true);
    await other.release('job');
    expect(await given.store.lease('job', MINUTE)).toBe(true);
  });

  it('two stores on one database agree about what the other deleted', async () => {
    if (!given.keeps) return;
    const other = await given.open();
    await apply(given.store, update());
    await apply(other, update());
    await given.store.reset({ cluster: 'one', at: T0 + MINUTE });
    await apply(other, update({ lastSeenAt: T0 }), update({ lastSeenAt: T0 + HOUR }));
    expect((await allEdges(given.store)).map(({ edge }) => edge.evidence.tcp?.count)).toEqual([1]);
  });

  it('keeps everything over a restart', async () => {
    if (!given.keeps) return;
    await apply(given.store, update());
    const before = await allEdges(given.store);
    await given.reopen();
    expect(await allEdges(given.store)).toEqual(before);
    await apply(given.store, update());
    expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(2);
  });

  it('refuses work after it was stopped', async () => {
    await given.stop();
    await expect(apply(given.store, update())).rejects.toMatchObject({ code: 'store_closed' });
  });
}
