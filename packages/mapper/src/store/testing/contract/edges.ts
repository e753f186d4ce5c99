import type { EdgeUpdate } from '@nm/core';
import { describe, expect, it } from 'vitest';
import { allEdges, apply, HOUR, T0, update, workload } from '../updates.ts';
import type { GivenStore } from './given-store.ts';

/** What is stored of an edge, and what is refused. */
export function describeEdges(given: GivenStore): void {
  describe('edges', () => {
    it('gives back an edge with all that is known about it', async () => {
      await apply(
        given.store,
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
      const [stored] = (await given.store.edges({ first: 10 })).edges;
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
      ['internet with a name', { type: 'internet', domain: 'api.example.com', addresses: ['203.0.113.1', '203.0.113.9'], scope: 'public' }],
      ['internet without a name', { type: 'internet', addresses: ['10.9.9.9'], scope: 'private' }],
      ['API server', { type: 'apiServer', cluster: 'one' }],
      ['node', { type: 'node', cluster: 'one', name: 'node-1' }],
      ['AWS resource', { type: 'aws', resource: 'arn:aws:s3:::bucket', service: 's3', account: '123', region: 'eu-west-1' }],
      ['unknown', { type: 'unknown', cluster: 'one', address: '10.1.2.3', reason: 'pod-gone' }],
    ])('keeps a server that is %s', async (_name, server) => {
      await apply(given.store, update({ server }), update({ server }));
      const edges = await allEdges(given.store);
      expect(edges.map(({ edge }) => edge.server)).toEqual([server]);
      expect(edges[0]?.edge.evidence.tcp?.count).toBe(2);
    });

    it('tells nameless peers apart by port', async () => {
      const server = { type: 'internet', scope: 'public' } as const;
      await apply(
        given.store,
        update({ server, port: { port: 443, protocol: 'TCP' } }),
        update({ server, port: { port: 5432, protocol: 'TCP' } }),
      );
      expect((await allEdges(given.store)).map(({ edge }) => edge.ports[0]?.port)).toEqual([443, 5432]);
    });

    it('keeps a sample of many addresses and estimates how many there were', async () => {
      const many = Array.from({ length: 2000 }, (_, index) => `203.0.${index >> 8}.${index & 255}`);
      for (let from = 0; from < many.length; from += 64) {
        await apply(given.store, update({ client: { type: 'internet', scope: 'public', addresses: many.slice(from, from + 64) } }));
      }
      const [stored] = await allEdges(given.store);
      const client = stored?.edge.client;
      if (client?.type !== 'internet') throw new Error('client must be internet');
      expect(client.addresses).toHaveLength(256);
      expect(client.addressCount).toBeGreaterThan(1700);
      expect(client.addressCount).toBeLessThan(2300);
    });

    it('keeps text that a database could choke on', async () => {
      const name = `a\u0000b'"\\%_\ud800🙂`;
      await apply(given.store, update({ client: workload(name), kafka: { topic: name, operation: 'x', allowed: true } }));
      const [stored] = await allEdges(given.store);
      expect(stored?.edge.client).toMatchObject({ name: 'a\ufffdb\'"\\%_\ufffd🙂' });
    });

    it('the application wins over the system, the direct over the shared, whatever the order', async () => {
      await apply(given.store, update({ class: 'system', shared: true }));
      await apply(given.store, update({ class: 'app', shared: true }), update({ class: 'system', shared: false }));
      expect((await allEdges(given.store)).map(({ edge }) => [edge.class, edge.shared])).toEqual([['app', false]]);
    });

    it('the newest labels win, however late they come', async () => {
      await apply(given.store, update({ client: workload('frontend', { labels: { v: 'new' } }), lastSeenAt: T0 }));
      await apply(given.store, update({ client: workload('frontend', { labels: { v: 'old' } }), lastSeenAt: T0 - HOUR }));
      expect((await allEdges(given.store))[0]?.edge.client).toMatchObject({ labels: { v: 'new' } });
    });

    it.each<[string, Partial<EdgeUpdate>]>([
      ['a count beyond 2^53', { count: 2 ** 53 }],
      ['a negative count', { count: -1 }],
      ['a broken count', { count: 0.5 }],
      ['no instant', { lastSeenAt: Number.NaN }],
      ['a port beyond 65535', { port: { port: 65536, protocol: 'TCP' } }],
    ])('refuses %s and stores nothing of the batch', async (_name, wrong) => {
      await expect(apply(given.store, update(), update(wrong))).rejects.toMatchObject({ code: 'store_value_invalid' });
      expect(await allEdges(given.store)).toEqual([]);
    });
  });

  describe('vantages (rule 20)', () => {
    it("takes the client's counts, and the server's where the client's side saw nothing at that time", async () => {
      const server = { vantage: 'server' as const, count: 5 };
      await apply(given.store, update({ count: 3 }), update(server), update({ ...server, lastSeenAt: T0 + HOUR }));
      const [stored] = await allEdges(given.store);
      expect(stored?.edge.evidence.tcp).toEqual({ count: 8, firstSeenAt: T0, lastSeenAt: T0 + HOUR });
      expect(stored?.edge.ports).toHaveLength(1);
    });

    it('does not count twice a call that the two ends saw in neighbouring buckets', async () => {
      await apply(given.store, update({ lastSeenAt: T0 - 1 }), update({ vantage: 'server', lastSeenAt: T0 + 1 }));
      expect((await allEdges(given.store))[0]?.edge.evidence.tcp?.count).toBe(1);
    });

    it('joins what the server saw of a port with what the client asked for', async () => {
      const asked = { port: 7070, protocol: 'TCP', service: { namespace: 'shop', name: 'cart' }, servicePort: 80 } as const;
      await apply(given.store, update({ port: asked }), update({ vantage: 'server' }));
      expect((await allEdges(given.store))[0]?.edge.ports).toEqual([
        { ...asked, evidence: { tcp: { count: 1, firstSeenAt: T0, lastSeenAt: T0 } } },
      ]);
    });

    it('presence without a count is kept', async () => {
      await apply(given.store, update({ evidence: 'socket', count: 1 }), update({ evidence: 'socket', count: 0, lastSeenAt: T0 + HOUR }));
      given.now = T0 + 2 * HOUR;
      const page = await given.store.edges({ first: 10, window: { since: T0 + HOUR } });
      expect(page.edges[0]?.edge.evidence.socket).toEqual({ count: 0, firstSeenAt: T0 + HOUR, lastSeenAt: T0 + HOUR });
    });
  });
}
