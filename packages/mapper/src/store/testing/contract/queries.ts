import type { EdgeUpdate } from '@nm/core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EdgeFilter, PeerSelector, Window } from '../../query.ts';
import { apply, DAY, HOUR, MINUTE, names, T0, update, workload } from '../updates.ts';
import type { GivenStore } from './given-store.ts';

/** Which edges a question gives, and in what pages. */
export function describeQueries(given: GivenStore): void {
  describe('windows (rule 23)', () => {
    beforeEach(async () => {
      given.now = T0 + 3 * HOUR;
      await apply(
        given.store,
        update({ count: 1 }),
        update({ count: 2, lastSeenAt: T0 + HOUR }),
        update({ count: 4, lastSeenAt: T0 + 2 * HOUR, port: { port: 9, protocol: 'TCP' } }),
      );
      await apply(given.store, update({ server: workload('old'), lastSeenAt: T0 - DAY }));
    });

    it.each<[string, Window, number | undefined, string[]]>([
      ['everything', {}, 7, ['frontend->cart', 'frontend->old']],
      ['since', { since: T0 + HOUR }, 6, ['frontend->cart']],
      ['until', { until: T0 + HOUR }, 1, ['frontend->cart', 'frontend->old']],
      ['both', { since: T0 + HOUR, until: T0 + 2 * HOUR }, 2, ['frontend->cart']],
      ['a gap between activities', { since: T0 + 10 * MINUTE, until: T0 + 20 * MINUTE }, undefined, []],
    ])('%s', async (_name, window, count, expected) => {
      const page = await given.store.edges({ first: 10, window });
      expect(names(page.edges)).toEqual(expected);
      expect(page.edges[0]?.edge.evidence.tcp?.count).toBe(count);
      expect(await given.store.countEdges({ window })).toBe(expected.length);
    });

    it('says which window it used', async () => {
      const { window } = await given.store.edges({ first: 1, window: { since: T0 + HOUR + 1, until: T0 + HOUR + 2 } });
      expect(window).toEqual({ since: T0 + HOUR, until: T0 + HOUR + 5 * MINUTE });
      const old = await given.store.edges({ first: 1, window: { since: T0 - 10 * DAY + 5 * MINUTE } });
      expect(old.window).toEqual({ since: T0 - 10 * DAY });
    });

    it('draws a time bar, of all and of some', async () => {
      const bars = await given.store.activity({ widthMs: HOUR, window: { since: T0 } });
      expect(bars).toEqual([
        { startAt: T0, widthMs: HOUR, count: 1 },
        { startAt: T0 + HOUR, widthMs: HOUR, count: 2 },
        { startAt: T0 + 2 * HOUR, widthMs: HOUR, count: 4 },
      ]);
      const own = await given.store.activity({ widthMs: HOUR, filter: { server: { workloads: [{ name: 'old' }] } } });
      expect(own).toEqual([{ startAt: T0 - DAY, widthMs: HOUR, count: 1 }]);
    });
  });

  describe('filters', () => {
    const internet = { type: 'internet', domain: 'api.example.com', scope: 'public' } as const;
    beforeEach(async () => {
      await given.store.registerCluster({ name: 'two', uid: 'uid-2' });
      await given.store.saveNamespaces([
        { cluster: 'one', namespace: 'shop', environment: 'prod' },
        { cluster: 'one', namespace: 'gone', environment: 'prod' },
        { cluster: 'one', namespace: 'gone' },
      ]);
      await apply(
        given.store,
        update({ client: workload('frontend', { labels: { app: 'web', tier: 'front' } }) }),
        update({
          client: workload('batch', { namespace: 'jobs', kind: 'CronJob' }),
          evidence: 'dns',
          port: undefined,
        } as unknown as Partial<EdgeUpdate>),
        update({ client: workload('cart'), server: internet, port: { port: 443, protocol: 'TCP' } }),
        update({
          client: workload('other', { cluster: 'two', namespace: 'x' }),
          server: workload('db', { cluster: 'two', namespace: 'y' }),
          class: 'system',
        }),
      );
    });

    it.each<[string, EdgeFilter, string[]]>([
      ['nothing', {}, ['batch->cart', 'cart->api.example.com', 'frontend->cart', 'other->db']],
      ['namespace on either end', { either: [{ namespaces: ['jobs'] }] }, ['batch->cart']],
      ['namespace of the client', { client: { namespaces: ['shop'] } }, ['cart->api.example.com', 'frontend->cart']],
      ['namespace of the server', { server: { namespaces: ['shop'] } }, ['batch->cart', 'frontend->cart']],
      ['two selectors for either end', { either: [{ namespaces: ['jobs'] }, { workloads: [{ name: 'cart' }] }] }, ['batch->cart']],
      ['cluster', { either: [{ clusters: ['two'] }] }, ['other->db']],
      ['environment', { either: [{ environments: ['prod'] }] }, ['batch->cart', 'cart->api.example.com', 'frontend->cart']],
      ['workload with kind', { either: [{ workloads: [{ name: 'batch', kind: 'CronJob' }] }] }, ['batch->cart']],
      ['workload of another kind', { either: [{ workloads: [{ name: 'batch', kind: 'Deployment' }] }] }, []],
      ['label', { either: [{ labels: [{ key: 'app', value: 'web' }] }] }, ['frontend->cart']],
      ['label with any value', { either: [{ labels: [{ key: 'tier' }] }] }, ['frontend->cart']],
      [
        'two labels',
        {
          either: [
            {
              labels: [
                { key: 'app', value: 'web' },
                { key: 'tier', value: 'back' },
              ],
            },
          ],
        },
        [],
      ],
      ['part of a label value', { either: [{ labels: [{ key: 'app', value: 'we' }] }] }, []],
      ['peer type', { server: { types: ['internet'] } }, ['cart->api.example.com']],
      ['domain', { server: { domains: ['api.example.com'] } }, ['cart->api.example.com']],
      ['domains below', { server: { domains: ['*.example.com'] } }, ['cart->api.example.com']],
      ['domains below another', { server: { domains: ['*.pi.example.com'] } }, []],
      ['evidence', { evidence: ['dns'] }, ['batch->cart']],
      ['port', { ports: [443] }, ['cart->api.example.com']],
      ['port with evidence it has not', { ports: [443], evidence: ['dns'] }, []],
      ['protocol', { protocols: ['UDP'] }, []],
      ['class', { classes: ['system'] }, ['other->db']],
      ['the class that is shown', { classes: ['app'] }, ['batch->cart', 'cart->api.example.com', 'frontend->cart']],
      [
        'the class that is shown without a type of either end',
        { classes: ['app'], exclude: { either: [{ types: ['internet'] }] } },
        ['batch->cart', 'frontend->cart'],
      ],
      ['text in a name', { either: [{ text: 'FRONT' }] }, ['frontend->cart']],
      ['text in a domain', { either: [{ text: 'api.ex' }] }, ['cart->api.example.com']],
      ['text is no pattern', { either: [{ text: 'front%' }] }, []],
      ['all edges of those who call', { clientCalls: { types: ['internet'] } }, ['cart->api.example.com']],
      ['without a namespace', { exclude: { either: [{ namespaces: ['shop'] }] } }, ['other->db']],
      ['without a type of either end', { exclude: { either: [{ types: ['internet'] }] } }, ['batch->cart', 'frontend->cart', 'other->db']],
      ['without a server type', { exclude: { server: [{ types: ['internet'] }] } }, ['batch->cart', 'frontend->cart', 'other->db']],
      [
        'without a client label',
        { exclude: { client: [{ labels: [{ key: 'app', value: 'web' }] }] } },
        ['batch->cart', 'cart->api.example.com', 'other->db'],
      ],
      [
        'empty lists restrict nothing',
        { either: [{ namespaces: [] }], ports: [], classes: [] },
        ['batch->cart', 'cart->api.example.com', 'frontend->cart', 'other->db'],
      ],
    ])('by %s', async (_name, filter, expected) => {
      expect(names((await given.store.edges({ first: 100, filter })).edges)).toEqual(expected);
      expect(await given.store.countEdges({ filter })).toBe(expected.length);
    });

    it('finds names of workloads and nodes, and what else is asked for must hold too', async () => {
      const node = { type: 'node', cluster: 'one', name: 'node-1' } as const;
      await apply(given.store, update({ client: node }));
      const find = async (selector: PeerSelector): Promise<string[]> =>
        names((await given.store.edges({ first: 100, filter: { client: selector } })).edges);
      expect(await find({ names: ['node-1', 'batch'] })).toEqual(['node-1->cart', 'batch->cart']);
      expect(await find({ names: ['node-1', 'batch'], workloads: [{ name: 'batch' }, { name: 'cart' }] })).toEqual(['batch->cart']);
      expect(await find({ workloads: [{ name: 'node-1' }] })).toEqual([]);
    });

    it('lists workloads, namespaces and clusters', async () => {
      const { workloads } = await given.store.workloads({ first: 10, filter: { clusters: ['one'] } });
      expect(workloads.map(({ workload: { name }, clientOf, serverOf }) => [name, clientOf, serverOf])).toEqual([
        ['batch', 1, 0],
        ['cart', 1, 2],
        ['frontend', 1, 0],
      ]);
      expect(await given.store.namespaces(['one'])).toEqual([
        { cluster: 'one', namespace: 'jobs', workloads: 1 },
        { cluster: 'one', namespace: 'shop', workloads: 2, environment: 'prod' },
      ]);
      expect(await given.store.clusters()).toEqual([
        { name: 'one', workloads: 3, edges: 3 },
        { name: 'two', uid: 'uid-2', workloads: 2, edges: 1 },
      ]);
    });
  });

  describe('pages', () => {
    beforeEach(async () => {
      await apply(
        given.store,
        ...Array.from({ length: 25 }, (_, index) => update({ client: workload(`client-${String(index).padStart(2, '0')}`) })),
      );
    });

    it('follow each other without gap or repeat, also when edges come in between', async () => {
      const seen: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await given.store.edges({ first: 10, ...(after !== undefined && { after }) });
        seen.push(...names(page.edges));
        if (seen.length === 10) await apply(given.store, update({ client: workload('a-first') }), update({ client: workload('z-last') }));
        if (!page.hasNextPage) break;
        after = page.endCursor;
      }
      expect(seen).toHaveLength(26);
      expect(new Set(seen).size).toBe(26);
      expect(seen.at(-1)).toBe('z-last->cart');
      expect(seen).toEqual(seen.toSorted());
    });

    it.each(['x', '', 'bm90LWEta2V5!', '%%%'])('refuse the cursor "%s" or start nowhere', async (after) => {
      await expect(given.store.edges({ first: 1, after })).rejects.toMatchObject({ code: 'cursor_invalid' });
    });

    it('of workloads follow each other', async () => {
      const one = await given.store.workloads({ first: 20 });
      const two = await given.store.workloads({ first: 20, ...(one.endCursor !== undefined && { after: one.endCursor }) });
      expect([one.workloads.length, one.hasNextPage, two.workloads.length, two.hasNextPage]).toEqual([20, true, 6, false]);
    });
  });

  describe('changes', () => {
    it('come in order, once, and again when counts changed', async () => {
      await apply(given.store, update(), update({ client: workload('batch') }));
      const first = await given.store.changes({ since: 0, limit: 1 });
      const second = await given.store.changes({ since: first.version, limit: 10 });
      expect([first.more, second.more]).toEqual([true, false]);
      expect(names([...first.edges, ...second.edges]).toSorted()).toEqual(['batch->cart', 'frontend->cart']);
      expect((await given.store.changes({ since: second.version, limit: 10 })).edges).toEqual([]);
      await apply(given.store, update({ count: 7 }));
      await expect
        .poll(async () => names((await given.store.changes({ since: second.version, limit: 10 })).edges))
        .toEqual(['frontend->cart']);
    });

    it('say when edges were deleted', async () => {
      await apply(given.store, update());
      const before = await given.store.changes({ since: 0, limit: 10 });
      await given.store.reset({ cluster: 'one', at: T0 + 1 });
      expect((await given.store.changes({ since: before.version, limit: 10 })).deletions).toBeGreaterThan(before.deletions);
    });
  });
}
