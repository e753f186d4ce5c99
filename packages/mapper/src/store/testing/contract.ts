import type { Clock, EdgeUpdate } from '@nm/core';
import { peerName, silentLogger, toIntents } from '@nm/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStore } from '../create-store.ts';
import type { EdgeFilter, Window } from '../query.ts';
import type { StoreOptions } from '../store-options.ts';
import type { Store } from '../store.ts';
import { allEdges, apply, collect, DAY, HOUR, MINUTE, names, T0, update, workload } from './updates.ts';

export interface StoreUnderTest {
  /** URL of a new, empty store. */
  createUrl(): Promise<string>;
  /** False if what it held is gone when it is closed. */
  readonly keeps: boolean;
}

/** What every store must do. */
export function describeStore(name: string, subject: StoreUnderTest): void {
  describe(`store contract: ${name}`, () => {
    let now = T0;
    const clock: Clock = { now: () => now };
    let url = '';
    let store: Store;
    const opened: Store[] = [];

    async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
      const another = createStore({ clock, log: silentLogger }, { url, changeIntervalMs: 10, ...options });
      await another.start();
      opened.push(another);
      return another;
    }

    async function reopen(options: Partial<StoreOptions> = {}): Promise<Store> {
      await store.stop();
      opened.splice(opened.indexOf(store), 1);
      url = subject.keeps ? url : await subject.createUrl();
      return open(options);
    }

    beforeEach(async () => {
      now = T0;
      url = await subject.createUrl();
      store = await open();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((each) => each.stop()));
    });

    describe('outlines of edges', () => {
      const outlines = async (query: { filter?: EdgeFilter; window?: Window } = {}, of = store): Promise<string[]> =>
        (await collect(of.outlineEdges(query).chunks))
          .flat()
          .map(({ client, server, evidence }) => `${peerName(client)}->${peerName(server)} ${evidence.join('+')}`)
          .toSorted();

      it('say who calls whom and how it is known', async () => {
        await apply(store, update(), update({ evidence: 'dns', port: undefined as never }), update({ server: workload('db') }));
        expect(await outlines()).toEqual(['frontend->cart dns+tcp', 'frontend->db tcp']);
        expect(await outlines({ filter: { server: { workloads: [{ name: 'db' }] } } })).toEqual(['frontend->db tcp']);
      });

      it('follow what is added', async () => {
        await apply(store, update());
        const [[first] = []] = await collect(store.outlineEdges({}).chunks);
        const before = { id: first?.id, shape: first?.shape };
        await apply(store, update({ lastSeenAt: T0 + HOUR }), update({ client: workload('job') }));
        await expect.poll(() => outlines()).toEqual(['frontend->cart tcp', 'job->cart tcp']);
        await apply(store, update({ port: { port: 9, protocol: 'TCP' }, evidence: 'socket' }));
        await expect.poll(() => outlines()).toEqual(['frontend->cart tcp+socket', 'job->cart tcp']);
        const after = (await collect(store.outlineEdges({}).chunks)).flat().find(({ id }) => id === before.id);
        expect(after?.shape).toBeGreaterThan(before.shape ?? Number.NaN);
        expect(after).toMatchObject({ firstSeenAt: T0, lastSeenAt: T0 + HOUR });
      });

      it('forget what was deleted, and know what came instead', async () => {
        await apply(store, update());
        expect(await outlines()).toEqual(['frontend->cart tcp']);
        await store.reset({ cluster: 'one', at: T0 + MINUTE });
        expect(await outlines()).toEqual([]);
        await apply(store, update({ lastSeenAt: T0 + HOUR, firstSeenAt: T0 + HOUR, client: workload('job'), evidence: 'udp' }));
        await expect.poll(() => outlines()).toEqual(['job->cart udp']);
      });

      it('are those of the window', async () => {
        await apply(store, update(), update({ client: workload('job'), lastSeenAt: T0 + HOUR, firstSeenAt: T0 + HOUR }));
        now = T0 + 2 * HOUR;
        expect(await outlines({ window: { since: T0 + HOUR } })).toEqual(['job->cart tcp']);
        expect(store.outlineEdges({ window: { since: T0 + HOUR + 1 } }).window).toEqual({ since: T0 + HOUR });
      });
    });

    it('gives for intents what gives the same intents as its edges', async () => {
      const port = { port: 7070, protocol: 'TCP' } as const;
      await apply(
        store,
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
      const intents = (await collect(store.exportForIntents({}))).flat().flatMap(toIntents);
      expect(intents.map(({ type }) => type)).toEqual(expect.arrayContaining(['HTTP', 'KAFKA', 'AWS', undefined]));
      expect(intents).toEqual((await allEdges(store)).flatMap(({ edge }) => toIntents(edge)));
      const [first] = (await collect(store.exportForIntents({ labels: false, filter: { either: [{ text: 'frontend' }] } }))).flat();
      expect(first?.client).toEqual(workload('frontend'));
    });

    describe('edges', () => {
      it('gives back an edge with all that is known about it', async () => {
        await apply(
          store,
          update({
            count: 3,
            client: workload('frontend', { labels: { app: 'web' } }),
            port: { port: 7070, protocol: 'TCP', service: { namespace: 'shop', name: 'cart' }, servicePort: 80 },
          }),
          update({
            evidence: 'dns',
            port: undefined,
            service: { namespace: 'shop', name: 'cart-headless' },
            name: 'cart.example.com',
          } as unknown as Partial<EdgeUpdate>),
          update({ evidence: 'http', http: { path: '/cart', methods: ['POST', 'GET'] } }),
          update({ evidence: 'kafka', kafka: { topic: 'orders', operation: 'consume', allowed: false, principal: 'User:a' } }),
          update({
            evidence: 'aws',
            actions: [
              { action: 's3:GetObject', count: 2 },
              { action: 's3:PutObject', count: 1 },
            ],
          }),
          update({ evidence: 'aws', actions: [{ action: 's3:GetObject', count: 5 }], via: workload('waypoint') }),
          update({ evidence: 'aws', count: 0, bytes: 8_000_000_000 }),
          update({ evidence: 'aws', count: 0, bytes: 5 }),
        );
        const [stored] = (await store.edges({ first: 10 })).edges;
        const tcp = { count: 3, firstSeenAt: T0, lastSeenAt: T0 };
        const one = { count: 1, firstSeenAt: T0, lastSeenAt: T0 };
        expect(stored?.edge).toEqual({
          client: workload('frontend', { labels: { app: 'web' } }),
          server: workload('cart'),
          class: 'app',
          shared: false,
          evidence: { dns: one, tcp, kafka: one, http: one, aws: { ...one, count: 2 } },
          ports: [
            { port: 7070, protocol: 'TCP', evidence: { kafka: one, http: one, aws: { ...one, count: 2 } } },
            { port: 7070, protocol: 'TCP', service: { namespace: 'shop', name: 'cart' }, servicePort: 80, evidence: { tcp } },
          ],
          services: [{ namespace: 'shop', name: 'cart-headless' }],
          names: ['cart.example.com'],
          kafka: [{ topic: 'orders', operation: 'consume', allowed: false, principal: 'User:a' }],
          http: [{ path: '/cart', methods: ['GET', 'POST'] }],
          actions: [
            { action: 's3:GetObject', count: 7 },
            { action: 's3:PutObject', count: 1 },
          ],
          via: workload('waypoint'),
          bytesSent: 8_000_000_005,
        });
      });

      it.each<[string, EdgeUpdate['server']]>([
        ['service', { type: 'service', cluster: 'one', namespace: 'shop', name: 'external', addresses: ['203.0.113.1'] }],
        [
          'internet with a name',
          { type: 'internet', domain: 'api.example.com', addresses: ['203.0.113.1', '203.0.113.9'], scope: 'public' },
        ],
        ['internet without a name', { type: 'internet', addresses: ['10.9.9.9'], scope: 'private' }],
        ['API server', { type: 'apiServer', cluster: 'one' }],
        ['node', { type: 'node', cluster: 'one', name: 'node-1' }],
        ['AWS resource', { type: 'aws', resource: 'arn:aws:s3:::bucket', service: 's3', account: '123', region: 'eu-west-1' }],
        ['unknown', { type: 'unknown', cluster: 'one', address: '10.1.2.3', reason: 'pod-gone' }],
      ])('keeps a server that is %s', async (_name, server) => {
        await apply(store, update({ server }), update({ server }));
        const edges = await allEdges(store);
        expect(edges.map(({ edge }) => edge.server)).toEqual([server]);
        expect(edges[0]?.edge.evidence.tcp?.count).toBe(2);
      });

      it('tells nameless peers apart by port', async () => {
        const server = { type: 'internet', scope: 'public' } as const;
        await apply(
          store,
          update({ server, port: { port: 443, protocol: 'TCP' } }),
          update({ server, port: { port: 5432, protocol: 'TCP' } }),
        );
        expect((await allEdges(store)).map(({ edge }) => edge.ports[0]?.port)).toEqual([443, 5432]);
      });

      it('keeps a sample of many addresses and estimates how many there were', async () => {
        const many = Array.from({ length: 2000 }, (_, index) => `203.0.${index >> 8}.${index & 255}`);
        for (let from = 0; from < many.length; from += 64) {
          await apply(store, update({ client: { type: 'internet', scope: 'public', addresses: many.slice(from, from + 64) } }));
        }
        const [stored] = await allEdges(store);
        const client = stored?.edge.client;
        if (client?.type !== 'internet') throw new Error('client must be internet');
        expect(client.addresses).toHaveLength(256);
        expect(client.addressCount).toBeGreaterThan(1700);
        expect(client.addressCount).toBeLessThan(2300);
      });

      it('keeps text that a database could choke on', async () => {
        const name = `a\u0000b'"\\%_\ud800🙂`;
        await apply(store, update({ client: workload(name), kafka: { topic: name, operation: 'x', allowed: true } }));
        const [stored] = await allEdges(store);
        expect(stored?.edge.client).toMatchObject({ name: 'a\ufffdb\'"\\%_\ufffd🙂' });
      });

      it('the application wins over the system, the direct over the shared, whatever the order', async () => {
        await apply(store, update({ class: 'system', shared: true }));
        await apply(store, update({ class: 'app', shared: true }), update({ class: 'system', shared: false }));
        expect((await allEdges(store)).map(({ edge }) => [edge.class, edge.shared])).toEqual([['app', false]]);
      });

      it('the newest labels win, however late they come', async () => {
        await apply(store, update({ client: workload('frontend', { labels: { v: 'new' } }), lastSeenAt: T0 }));
        await apply(store, update({ client: workload('frontend', { labels: { v: 'old' } }), lastSeenAt: T0 - HOUR }));
        expect((await allEdges(store))[0]?.edge.client).toMatchObject({ labels: { v: 'new' } });
      });

      it.each<[string, Partial<EdgeUpdate>]>([
        ['a count beyond 2^53', { count: 2 ** 53 }],
        ['a negative count', { count: -1 }],
        ['a broken count', { count: 0.5 }],
        ['no instant', { lastSeenAt: Number.NaN }],
        ['a port beyond 65535', { port: { port: 65536, protocol: 'TCP' } }],
      ])('refuses %s and stores nothing of the batch', async (_name, wrong) => {
        await expect(apply(store, update(), update(wrong))).rejects.toMatchObject({ code: 'store_value_invalid' });
        expect(await allEdges(store)).toEqual([]);
      });
    });

    describe('vantages (rule 20)', () => {
      it("takes the client's counts, and the server's where the client's side saw nothing at that time", async () => {
        const server = { vantage: 'server' as const, count: 5 };
        await apply(store, update({ count: 3 }), update(server), update({ ...server, lastSeenAt: T0 + HOUR }));
        const [stored] = await allEdges(store);
        expect(stored?.edge.evidence.tcp).toEqual({ count: 8, firstSeenAt: T0, lastSeenAt: T0 + HOUR });
        expect(stored?.edge.ports).toHaveLength(1);
      });

      it('does not count twice a call that the two ends saw in neighbouring buckets', async () => {
        await apply(store, update({ lastSeenAt: T0 - 1 }), update({ vantage: 'server', lastSeenAt: T0 + 1 }));
        expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(1);
      });

      it('joins what the server saw of a port with what the client asked for', async () => {
        const asked = { port: 7070, protocol: 'TCP', service: { namespace: 'shop', name: 'cart' }, servicePort: 80 } as const;
        await apply(store, update({ port: asked }), update({ vantage: 'server' }));
        expect((await allEdges(store))[0]?.edge.ports).toEqual([
          { ...asked, evidence: { tcp: { count: 1, firstSeenAt: T0, lastSeenAt: T0 } } },
        ]);
      });

      it('presence without a count is kept', async () => {
        await apply(store, update({ evidence: 'socket', count: 1 }), update({ evidence: 'socket', count: 0, lastSeenAt: T0 + HOUR }));
        now = T0 + 2 * HOUR;
        const page = await store.edges({ first: 10, window: { since: T0 + HOUR } });
        expect(page.edges[0]?.edge.evidence.socket).toEqual({ count: 0, firstSeenAt: T0 + HOUR, lastSeenAt: T0 + HOUR });
      });
    });

    describe('windows (rule 23)', () => {
      beforeEach(async () => {
        now = T0 + 3 * HOUR;
        await apply(
          store,
          update({ count: 1 }),
          update({ count: 2, lastSeenAt: T0 + HOUR }),
          update({ count: 4, lastSeenAt: T0 + 2 * HOUR, port: { port: 9, protocol: 'TCP' } }),
        );
        await apply(store, update({ server: workload('old'), lastSeenAt: T0 - DAY }));
      });

      it.each<[string, Window, number | undefined, string[]]>([
        ['everything', {}, 7, ['frontend->cart', 'frontend->old']],
        ['since', { since: T0 + HOUR }, 6, ['frontend->cart']],
        ['until', { until: T0 + HOUR }, 1, ['frontend->cart', 'frontend->old']],
        ['both', { since: T0 + HOUR, until: T0 + 2 * HOUR }, 2, ['frontend->cart']],
        ['a gap between activities', { since: T0 + 10 * MINUTE, until: T0 + 20 * MINUTE }, undefined, []],
      ])('%s', async (_name, window, count, expected) => {
        const page = await store.edges({ first: 10, window });
        expect(names(page.edges)).toEqual(expected);
        expect(page.edges[0]?.edge.evidence.tcp?.count).toBe(count);
        expect(await store.countEdges({ window })).toBe(expected.length);
      });

      it('says which window it used', async () => {
        const { window } = await store.edges({ first: 1, window: { since: T0 + HOUR + 1, until: T0 + HOUR + 2 } });
        expect(window).toEqual({ since: T0 + HOUR, until: T0 + HOUR + 5 * MINUTE });
        const old = await store.edges({ first: 1, window: { since: T0 - 10 * DAY + 5 * MINUTE } });
        expect(old.window).toEqual({ since: T0 - 10 * DAY });
      });

      it('draws a time bar, of all and of some', async () => {
        const bars = await store.activity({ widthMs: HOUR, window: { since: T0 } });
        expect(bars).toEqual([
          { startAt: T0, widthMs: HOUR, count: 1 },
          { startAt: T0 + HOUR, widthMs: HOUR, count: 2 },
          { startAt: T0 + 2 * HOUR, widthMs: HOUR, count: 4 },
        ]);
        const own = await store.activity({ widthMs: HOUR, filter: { server: { workloads: [{ name: 'old' }] } } });
        expect(own).toEqual([{ startAt: T0 - DAY, widthMs: HOUR, count: 1 }]);
      });
    });

    describe('filters', () => {
      const internet = { type: 'internet', domain: 'api.example.com', scope: 'public' } as const;
      beforeEach(async () => {
        await store.registerCluster({ name: 'two', uid: 'uid-2' });
        await store.saveNamespaces([
          { cluster: 'one', namespace: 'shop', environment: 'prod' },
          { cluster: 'one', namespace: 'gone', environment: 'prod' },
          { cluster: 'one', namespace: 'gone' },
        ]);
        await apply(
          store,
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
        ['text in a name', { either: [{ text: 'FRONT' }] }, ['frontend->cart']],
        ['text in a domain', { either: [{ text: 'api.ex' }] }, ['cart->api.example.com']],
        ['text is no pattern', { either: [{ text: 'front%' }] }, []],
        ['all edges of those who call', { clientCalls: { types: ['internet'] } }, ['cart->api.example.com']],
        ['without a namespace', { exclude: { either: [{ namespaces: ['shop'] }] } }, ['other->db']],
        [
          'without a type of either end',
          { exclude: { either: [{ types: ['internet'] }] } },
          ['batch->cart', 'frontend->cart', 'other->db'],
        ],
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
        expect(names((await store.edges({ first: 100, filter })).edges)).toEqual(expected);
        expect(await store.countEdges({ filter })).toBe(expected.length);
      });

      it('lists workloads, namespaces and clusters', async () => {
        const { workloads } = await store.workloads({ first: 10, filter: { clusters: ['one'] } });
        expect(workloads.map(({ workload: { name }, clientOf, serverOf }) => [name, clientOf, serverOf])).toEqual([
          ['batch', 1, 0],
          ['cart', 1, 2],
          ['frontend', 1, 0],
        ]);
        expect(await store.namespaces(['one'])).toEqual([
          { cluster: 'one', namespace: 'jobs', workloads: 1 },
          { cluster: 'one', namespace: 'shop', workloads: 2, environment: 'prod' },
        ]);
        expect(await store.clusters()).toEqual([
          { name: 'one', workloads: 3, edges: 3 },
          { name: 'two', uid: 'uid-2', workloads: 2, edges: 1 },
        ]);
      });
    });

    describe('pages', () => {
      beforeEach(async () => {
        await apply(
          store,
          ...Array.from({ length: 25 }, (_, index) => update({ client: workload(`client-${String(index).padStart(2, '0')}`) })),
        );
      });

      it('follow each other without gap or repeat, also when edges come in between', async () => {
        const seen: string[] = [];
        let after: string | undefined;
        for (;;) {
          const page = await store.edges({ first: 10, ...(after !== undefined && { after }) });
          seen.push(...names(page.edges));
          if (seen.length === 10) await apply(store, update({ client: workload('a-first') }), update({ client: workload('z-last') }));
          if (!page.hasNextPage) break;
          after = page.endCursor;
        }
        expect(seen).toHaveLength(26);
        expect(new Set(seen).size).toBe(26);
        expect(seen.at(-1)).toBe('z-last->cart');
        expect(seen).toEqual(seen.toSorted());
      });

      it.each(['x', '', 'bm90LWEta2V5!', '%%%'])('refuse the cursor "%s" or start nowhere', async (after) => {
        await expect(store.edges({ first: 1, after })).rejects.toMatchObject({ code: 'cursor_invalid' });
      });

      it('of workloads follow each other', async () => {
        const one = await store.workloads({ first: 20 });
        const two = await store.workloads({ first: 20, ...(one.endCursor !== undefined && { after: one.endCursor }) });
        expect([one.workloads.length, one.hasNextPage, two.workloads.length, two.hasNextPage]).toEqual([20, true, 6, false]);
      });
    });

    describe('changes', () => {
      it('come in order, once, and again when counts changed', async () => {
        await apply(store, update(), update({ client: workload('batch') }));
        const first = await store.changes({ since: 0, limit: 1 });
        const second = await store.changes({ since: first.version, limit: 10 });
        expect([first.more, second.more]).toEqual([true, false]);
        expect(names([...first.edges, ...second.edges]).toSorted()).toEqual(['batch->cart', 'frontend->cart']);
        expect((await store.changes({ since: second.version, limit: 10 })).edges).toEqual([]);
        await apply(store, update({ count: 7 }));
        await expect.poll(async () => names((await store.changes({ since: second.version, limit: 10 })).edges)).toEqual(['frontend->cart']);
      });

      it('say when edges were deleted', async () => {
        await apply(store, update());
        const before = await store.changes({ since: 0, limit: 10 });
        await store.reset({ cluster: 'one', at: T0 + 1 });
        expect((await store.changes({ since: before.version, limit: 10 })).deletions).toBeGreaterThan(before.deletions);
      });
    });

    describe('repeats', () => {
      const reporter = (sequence: number) => ({ instance: 'i1', sequence, kind: 'sniffer', cluster: 'one', node: 'n1', seenAt: T0 });

      it('a batch whose sequence is not above the stored one adds nothing', async () => {
        const outcomes = [];
        for (const sequence of [1, 1, 2, 1])
          outcomes.push((await store.applyBatch({ reporter: reporter(sequence), parts: [{ updates: [update()] }] })).repeat);
        expect(outcomes).toEqual([false, true, false, true]);
        expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(2);
        expect(await store.reporter('i1')).toEqual(reporter(2));
        expect(await store.reporters('one')).toHaveLength(1);
      });

      it('the same batch twice at the same time is stored once', async () => {
        const batch = { reporter: reporter(1), parts: [{ updates: [update()] }] };
        const outcomes = await Promise.all([store.applyBatch(batch), store.applyBatch(batch)]);
        expect(outcomes.map(({ repeat }) => (repeat ? 'repeat' : 'stored')).toSorted()).toEqual(['repeat', 'stored']);
        expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(1);
      });

      it('compatible parts are recognised one by one, for an hour', async () => {
        const part = (repeatKey: string) => ({ repeatKey, updates: [update()] });
        const first = await store.applyBatch({ parts: [part('a'), part('b'), part('a')] });
        const second = await store.applyBatch({ parts: [part('b'), part('c')] });
        expect([first.repeatedParts, second.repeatedParts]).toEqual([[2], [0]]);
        expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(3);
        now = T0 + HOUR - 1;
        await store.maintain();
        expect((await store.applyBatch({ parts: [part('a')] })).repeatedParts).toEqual([0]);
        now = T0 + 2 * HOUR;
        await store.maintain();
        expect((await store.applyBatch({ parts: [part('a')] })).repeatedParts).toEqual([]);
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
        await store.applyBatch({ parts: [{ updates: [], waiting: [waiting(1), waiting(2)] }] });
        const taken = await take(store);
        expect(taken.map(({ receivedAt, attempts, context }) => [receivedAt, attempts, context])).toEqual([
          [1, 0, '{"a":1}'],
          [2, 0, '{"a":1}'],
        ]);
        expect(taken[0]?.observation).toEqual(observation);
        expect(await take(store)).toEqual([]);
        now = T0 + 2 * MINUTE;
        const again = await take(store);
        expect(again.map(({ attempts }) => attempts)).toEqual([1, 1]);
        await store.postponeWaiting(
          again.map(({ id }) => id),
          now + HOUR,
        );
        expect(await take(store)).toEqual([]);
        const resolved = again.map(({ id }) => ({ id, updates: [update()] }));
        expect(await store.resolveWaiting(resolved)).toEqual({ resolved: 2 });
        expect(await store.resolveWaiting(resolved)).toEqual({ resolved: 0 });
        expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(2);
        expect((await store.status()).waiting).toBe(0);
      });

      it('are refused when too many wait', async () => {
        store = await reopen({ maxWaiting: 2 });
        const batch = { parts: [{ updates: [], waiting: [waiting(1), waiting(2)] }] };
        await store.applyBatch(batch);
        await expect(store.applyBatch(batch)).rejects.toMatchObject({ code: 'store_busy' });
      });
    });

    it('says "not now" when too much is queued, and stores what it accepted', async () => {
      store = await reopen({ maxQueuedUpdates: 10 });
      const updates = Array.from({ length: 6 }, () => update());
      const results = await Promise.allSettled(Array.from({ length: 4 }, () => store.applyBatch({ parts: [{ updates }] })));
      const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => (reason as { code: string }).code);
      expect(refused).toEqual(['store_busy', 'store_busy', 'store_busy']);
      expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(6);
      expect(store.stats().busy).toBe(3);
    });

    describe('reset', () => {
      it("forgets the cluster's map, refuses what is from before, and only that", async () => {
        const two = { client: workload('other', { cluster: 'two' }), server: workload('db', { cluster: 'two' }) };
        const reporter = { instance: 'i1', sequence: 5, kind: 'sniffer', cluster: 'one', seenAt: T0 };
        await store.applyBatch({
          reporter,
          parts: [{ updates: [update({ kafka: { topic: 't', operation: 'consume', allowed: true } }), update(two)] }],
        });
        await store.saveIntervals('one', [{ kind: 'pod', uid: 'u', name: 'p', addresses: ['10.0.0.1'], from: T0 }]);
        expect(await store.reset({ cluster: 'one', at: T0 + MINUTE })).toEqual({ edges: 1 });
        expect(names(await allEdges(store))).toEqual(['other->db']);
        expect(await store.resetAt('one')).toBe(T0 + MINUTE);
        const outcome = await store.applyBatch({
          parts: [{ updates: [update(), update({ firstSeenAt: T0, lastSeenAt: T0 + HOUR }), update(two)] }],
        });
        expect(outcome).toMatchObject({ stored: 2, beforeReset: 1 });
        const [kept] = (await store.edges({ first: 1, filter: { either: [{ clusters: ['one'] }] } })).edges;
        expect(kept?.edge.evidence.tcp).toEqual({ count: 1, firstSeenAt: T0 + MINUTE, lastSeenAt: T0 + HOUR });
        expect(kept?.edge.kafka).toBeUndefined();
        expect(await store.reporter('i1')).toMatchObject({ sequence: 5 });
      });

      it('of the only cluster empties all', async () => {
        await apply(store, update(), update({ server: { type: 'internet', domain: 'a.example', scope: 'public' } }));
        await store.reset({ cluster: 'one', at: T0 + MINUTE });
        expect(await store.status()).toMatchObject({ edges: 0, peers: 0 });
        await apply(store, update({ lastSeenAt: T0 + HOUR }));
        expect(names(await allEdges(store))).toEqual(['frontend->cart']);
      });
    });

    describe('clusters', () => {
      it('are known by UID; a name that another UID holds is refused; a new name renames', async () => {
        await apply(store, update());
        await store.registerCluster({ name: 'one', uid: 'uid-1' });
        await store.registerCluster({ name: 'one', uid: 'uid-1' });
        await expect(store.registerCluster({ name: 'one', uid: 'uid-2' })).rejects.toMatchObject({ code: 'cluster_name_taken' });
        await store.registerCluster({ name: 'uno', uid: 'uid-1' });
        const uno = { client: workload('frontend', { cluster: 'uno' }), server: workload('cart', { cluster: 'uno' }) };
        await apply(store, update(uno));
        expect((await allEdges(store)).map(({ edge }) => [edge.client, edge.evidence.tcp?.count])).toEqual([[uno.client, 2]]);
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
        await store.saveIntervals('one', [pod, { ...ended, to: T0 + MINUTE }]);
        await store.saveIntervals('one', [{ ...pod, uid: 'u2' }]);
        await store.saveIntervals('two', [pod]);
        const load = async (since: number) => (await collect(store.loadIntervals('one', since))).flat();
        expect(await load(T0)).toEqual([pod, ended]);
        expect(await load(T0 + HOUR)).toEqual([pod]);
        now = T0 + 3 * DAY;
        expect(await store.maintain()).toMatchObject({ expiredIntervals: 1 });
        expect(await load(0)).toEqual([pod]);
      });

      it('are read in chunks', async () => {
        await store.saveIntervals(
          'one',
          Array.from({ length: 2500 }, (_, index) => ({ kind: 'pod', uid: `u${index}`, name: 'p', addresses: [], from: T0 })),
        );
        const sizes = (await collect(store.loadIntervals('one', 0))).map((chunk) => chunk.length);
        expect(sizes).toEqual([1000, 1000, 500]);
      });
    });

    describe('maintenance', () => {
      it('widens old buckets without losing counts, and chooses the vantage once', async () => {
        for (let minute = 0; minute < 60; minute += 5)
          await apply(store, update({ lastSeenAt: T0 + minute * MINUTE }), update({ vantage: 'server', lastSeenAt: T0 + minute * MINUTE }));
        await apply(store, update({ vantage: 'server', count: 10, lastSeenAt: T0 + 3 * HOUR }));
        const before = (await allEdges(store)).map(({ edge }) => edge);
        expect(before[0]?.evidence.tcp?.count).toBe(22);
        now = T0 + 3 * DAY;
        const outcome = await store.maintain();
        expect(outcome).toMatchObject({ ran: true, compactedBuckets: 25, expiredEdges: 0 });
        expect((await allEdges(store)).map(({ edge }) => edge)).toEqual(before);
        expect((await store.edges({ first: 1, window: { since: T0, until: T0 + HOUR } })).edges[0]?.edge.evidence.tcp?.count).toBe(12);
        expect(await store.activity({ widthMs: 5 * MINUTE })).toEqual([
          { startAt: T0, widthMs: HOUR, count: 12 },
          { startAt: T0 + 3 * HOUR, widthMs: HOUR, count: 10 },
        ]);
        await apply(store, update({ lastSeenAt: T0 }));
        now = T0 + 3 * DAY + HOUR;
        await store.maintain();
        expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(23);
      });

      it('widens to days, and forgets what is older than the retention', async () => {
        store = await reopen({ retentionMs: 90 * DAY });
        await apply(
          store,
          update(),
          update({ lastSeenAt: T0 + 2 * HOUR }),
          update({ server: workload('kept'), lastSeenAt: T0 + 80 * DAY }),
        );
        now = T0 + 80 * DAY;
        await store.maintain();
        expect(await store.activity({ widthMs: HOUR, filter: { server: { workloads: [{ name: 'cart' }] } } })).toEqual([
          { startAt: T0 - 12 * HOUR, widthMs: DAY, count: 2 },
        ]);
        now = T0 + 100 * DAY;
        expect(await store.maintain()).toMatchObject({ expiredEdges: 1 });
        expect(names(await allEdges(store))).toEqual(['frontend->kept']);
        expect((await store.workloads({ first: 10 })).workloads).toHaveLength(2);
        await apply(store, update({ lastSeenAt: now }));
        expect(names(await allEdges(store))).toEqual(['frontend->cart', 'frontend->kept']);
      });

      it('keeps the number of edges bounded: internet first, then the oldest', async () => {
        store = await reopen({ maxEdges: 10 });
        const internet = (name: string) => update({ server: { type: 'internet', domain: name, scope: 'public' }, lastSeenAt: T0 + DAY });
        await apply(store, internet('a.example'), internet('b.example'));
        await apply(
          store,
          ...Array.from({ length: 9 }, (_, index) => update({ server: workload(`s${index}`), lastSeenAt: T0 + index * HOUR })),
        );
        const left = names(await allEdges(store));
        expect(left.length).toBeLessThanOrEqual(10);
        expect(left.filter((name) => name.includes('example'))).toHaveLength(0);
        await apply(store, ...Array.from({ length: 3 }, (_, index) => update({ server: workload(`t${index}`), lastSeenAt: T0 + DAY })));
        const after = names(await allEdges(store));
        expect(after.length).toBeLessThanOrEqual(10);
        expect(after).toContain('frontend->t2');
        expect(after).not.toContain('frontend->s0');
        expect(store.stats().droppedEdges).toBeGreaterThanOrEqual(4);
      });
    });

    it('remembers a bounded number of reporters: those heard of last', async () => {
      store = await reopen({ maxReporters: 3 });
      for (let i = 1; i <= 5; i++) {
        await store.applyBatch({
          reporter: { instance: `i${i}`, sequence: 1, kind: 'sniffer', cluster: 'one', seenAt: T0 + i },
          parts: [],
        });
      }
      await store.maintain();
      expect((await store.reporters('one')).map(({ instance }) => instance)).toEqual(['i3', 'i4', 'i5']);
    });

    it('leases a job to one holder at a time', async () => {
      const other = subject.keeps ? await open() : store;
      expect(await store.lease('job', MINUTE)).toBe(true);
      expect(await store.lease('job', MINUTE)).toBe(true);
      expect(await other.lease('job', MINUTE)).toBe(other === store);
      now = T0 + 2 * MINUTE;
      expect(await other.lease('job', MINUTE)).toBe(true);
      await other.release('job');
      expect(await store.lease('job', MINUTE)).toBe(true);
    });

    it('two stores on one database agree about what the other deleted', async () => {
      if (!subject.keeps) return;
      const other = await open();
      await apply(store, update());
      await apply(other, update());
      await store.reset({ cluster: 'one', at: T0 + MINUTE });
      await apply(other, update({ lastSeenAt: T0 }), update({ lastSeenAt: T0 + HOUR }));
      expect((await allEdges(store)).map(({ edge }) => edge.evidence.tcp?.count)).toEqual([1]);
    });

    it('keeps everything over a restart', async () => {
      if (!subject.keeps) return;
      await apply(store, update());
      const before = await allEdges(store);
      store = await reopen();
      expect(await allEdges(store)).toEqual(before);
      await apply(store, update());
      expect((await allEdges(store))[0]?.edge.evidence.tcp?.count).toBe(2);
    });

    it('refuses work after it was stopped', async () => {
      await store.stop();
      opened.splice(0);
      await expect(apply(store, update())).rejects.toMatchObject({ code: 'store_closed' });
    });
  });
}
