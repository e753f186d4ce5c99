import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import type { Edge, EdgeUpdate } from '@nm/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore } from './create-store.ts';
import { allEdges, DAY, HOUR, MINUTE, T0, update, workload } from './testing/updates.ts';

const clock = { now: () => T0 + DAY };

let folder = '';
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-order-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the map says after these batches, taken in turn by so many stores on one database, each with its own cache. */
async function edgesOf(batches: readonly (readonly EdgeUpdate[])[], replicas: number): Promise<Edge[]> {
  files += 1;
  const url = `sqlite:${join(folder, `${files}.db`)}`;
  const stores = Array.from({ length: replicas }, () =>
    createStore({ clock, log: silentLogger }, { url, maxAddressesPerEdge: 4, maxDetailsPerEdge: 4, maxCachedEdges: 1 }),
  );
  for (const store of stores) await store.start();
  for (const [index, updates] of batches.entries()) await stores[index % replicas]?.applyBatch({ parts: [{ updates }] });
  const [store] = stores;
  if (store === undefined) throw new Error('no replica');
  const all = await allEdges(store);
  const since = await store.edges({ first: 100, window: { since: T0 } });
  for (const each of stores) await each.stop();
  return [...all, ...since.edges].map(({ edge }) => edge);
}

const at = fc.integer({ min: 0, max: 20 }).map((step) => T0 + step * 2 * MINUTE + step);
const peer = fc.oneof(
  fc.record({ name: fc.constant('a'), v: fc.constantFrom('1', '2') }).map(({ name, v }) => workload(name, { labels: { v } })),
  fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }).map((parts) => ({
    type: 'internet' as const,
    scope: 'public' as const,
    ...(parts.length > 0 && { addresses: parts.map((part) => `203.0.113.${part}`) }),
  })),
  fc.constant({ type: 'internet' as const, scope: 'public' as const, domain: 'api.example.com' }),
);
const port = fc.constant({ port: 80, protocol: 'TCP' as const });
const anyUpdate: fc.Arbitrary<EdgeUpdate> = fc
  .record({
    client: peer,
    // Few edges with much on each, so that updates really meet.
    server: fc.constant(workload('b')),
    class: fc.constantFrom('app' as const, 'system' as const),
    shared: fc.boolean(),
    evidence: fc.constantFrom('tcp' as const, 'dns' as const),
    vantage: fc.constantFrom('client' as const, 'server' as const),
    count: fc.integer({ min: 0, max: 5 }),
    at,
    spanMs: fc.constantFrom(0, 0, 7 * MINUTE, HOUR),
    port,
    action: fc.option(fc.constantFrom('s3:A', 's3:B'), { nil: undefined }),
    path: fc.option(fc.constantFrom('/a', '/b', '/c', '/d', '/e', '/f'), { nil: undefined }),
    approximate: fc.boolean(),
  })
  .map(({ at: firstSeenAt, spanMs, action, path, ...rest }) =>
    update({
      ...rest,
      firstSeenAt,
      lastSeenAt: firstSeenAt + spanMs,
      ...(action !== undefined && { actions: [{ action, count: 1 }] }),
      ...(path !== undefined && { http: { path, methods: ['GET'] } }),
    }),
  );

describe('updates commute', () => {
  it('in any order and any partition into batches they give the same edges', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyUpdate, { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.nat()),
        async (updates, batchSize, random) => {
          const whole = await edgesOf([updates], 1);
          const shuffled = updates
            .map((each) => ({ each, rank: random.next().value ?? 0 }))
            .toSorted((a, b) => a.rank - b.rank)
            .map(({ each }) => each);
          const batches = Array.from({ length: Math.ceil(shuffled.length / batchSize) }, (_, index) =>
            shuffled.slice(index * batchSize, (index + 1) * batchSize),
          );
          expect(await edgesOf(batches, 2)).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });
});
