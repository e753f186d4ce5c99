import { peerName, toIntents } from '@nm/core';
import { describe, expect, it } from 'vitest';
import type { EdgeFilter, Window } from '../../query.ts';
import { allEdges, apply, collect, HOUR, MINUTE, T0, update, workload } from '../updates.ts';
import type { GivenStore } from './given-store.ts';

/** What is read of all edges at once: outlines, and what intents need. */
export function describeExports(given: GivenStore): void {
  describe('outlines of edges', () => {
    const outlines = async (query: { filter?: EdgeFilter; window?: Window } = {}, of = given.store): Promise<string[]> =>
      (await collect(of.outlineEdges(query).chunks))
        .flat()
        .map(({ client, server, evidence }) => `${peerName(client)}->${peerName(server)} ${evidence.join('+')}`)
        .toSorted();

    it('say who calls whom and how it is known', async () => {
      await apply(given.store, update(), update({ evidence: 'dns', port: undefined as never }), update({ server: workload('db') }));
      expect(await outlines()).toEqual(['frontend->cart dns+tcp', 'frontend->db tcp']);
      expect(await outlines({ filter: { server: { workloads: [{ name: 'db' }] } } })).toEqual(['frontend->db tcp']);
    });

    it('follow what is added', async () => {
      await apply(given.store, update());
      const [[first] = []] = await collect(given.store.outlineEdges({}).chunks);
      const before = { id: first?.id, shape: first?.shape };
      await apply(given.store, update({ lastSeenAt: T0 + HOUR }), update({ client: workload('job') }));
      await expect.poll(() => outlines()).toEqual(['frontend->cart tcp', 'job->cart tcp']);
      await apply(given.store, update({ port: { port: 9, protocol: 'TCP' }, evidence: 'socket' }));
      await expect.poll(() => outlines()).toEqual(['frontend->cart tcp+socket', 'job->cart tcp']);
      const after = (await collect(given.store.outlineEdges({}).chunks)).flat().find(({ id }) => id === before.id);
      expect(after?.shape).toBeGreaterThan(before.shape ?? Number.NaN);
      expect(after).toMatchObject({ firstSeenAt: T0, lastSeenAt: T0 + HOUR });
    });

    it('forget what was deleted, and know what came instead', async () => {
      await apply(given.store, update());
      expect(await outlines()).toEqual(['frontend->cart tcp']);
      await given.store.reset({ cluster: 'one', at: T0 + MINUTE });
      expect(await outlines()).toEqual([]);
      await apply(given.store, update({ lastSeenAt: T0 + HOUR, firstSeenAt: T0 + HOUR, client: workload('job'), evidence: 'udp' }));
      await expect.poll(() => outlines()).toEqual(['job->cart udp']);
    });

    it('are those of the window', async () => {
      await apply(given.store, update(), update({ client: workload('job'), lastSeenAt: T0 + HOUR, firstSeenAt: T0 + HOUR }));
      given.now = T0 + 2 * HOUR;
      expect(await outlines({ window: { since: T0 + HOUR } })).toEqual(['job->cart tcp']);
      expect(given.store.outlineEdges({ window: { since: T0 + HOUR + 1 } }).window).toEqual({ since: T0 + HOUR });
    });
  });

  it('gives for intents what gives the same intents as its edges', async () => {
    const port = { port: 7070, protocol: 'TCP' } as const;
    await apply(
      given.store,
      update({
        client: workload('frontend', { labels: { app: 'web' } }),
        port: { ...port, service: { namespace: 'shop', name: 'cart' } },
      }),
      update({ vantage: 'server' }),
      update({ client: workload('batch'), evidence: 'http', http: { path: '/cart', methods: ['POST', 'GET'] } }),
      update({ client: workload('billing'), evidence: 'kafka', kafka: { topic: 'orders', operation: 'consume', allowed: true } }),
      update({ client: workload('orders'), evidence: 'kafka', kafka: { topic: 'orders', operation: 'produce', allowed: true } }),
      update({ client: workload('orders') }),
      update({ server: { type: 'aws', resource: 'arn:x' }, evidence: 'aws', actions: [{ action: 's3:GetObject', count: 2 }] }),
      update({ server: { type: 'internet', domain: 'a.example', scope: 'public' } }),
      update({ client: workload('probe'), class: 'system' }),
    );
    const intents = (await collect(given.store.exportForIntents({}))).flat().flatMap(toIntents);
    expect(intents.map(({ type }) => type)).toEqual(expect.arrayContaining(['HTTP', 'KAFKA', 'AWS', undefined]));
    expect(intents).toEqual((await allEdges(given.store)).flatMap(({ edge }) => toIntents(edge)));
    const [first] = (await collect(given.store.exportForIntents({ labels: false, filter: { either: [{ text: 'frontend' }] } }))).flat();
    expect(first?.client).toEqual(workload('frontend'));
  });
}
