import { silentLogger } from '@nm/core';
import type { Edge, EdgeUpdate } from '@nm/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStore } from './create-store.ts';
import { allEdges, DAY, HOUR, MINUTE, T0, update, workload } from './testing/updates.ts';

const clock = { now: () => T0 + DAY };

/** What the store says of these batches, at once and after its caches were emptied half-way. */
async function edgesOf(batches: readonly (readonly EdgeUpdate[])[], options: { maxCachedEdges: number }): Promise<Edge[]> {
  const store = createStore(
    { clock, log: silentLogger },
    { url: 'sqlite::memory:', maxAddressesPerEdge: 4, maxDetailsPerEdge: 4, ...options },
  );
  await store.start();
  for (const updates of batches) await store.applyBatch({ parts: [{ updates }] });
  const edges = (await allEdges(store)).map(({ edge }) => edge);
  await store.stop();
  return edges;
}

const at = fc.integer({ min: 0, max: 20 }).map((step) => T0 + step * 2 * MINUTE + step);
const peer = fc.oneof(
  fc.record({ name: fc.constantFrom('a', 'b'), v: fc.constantFrom('1', '2') }).map(({ name, v }) => workload(name, { labels: { v } })),
  fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }).map((parts) => ({
    type: 'internet' as const,
    scope: 'public' as const,
    ...(parts.length > 0 && { addresses: parts.map((part) => `203.0.113.${part}`) }),
  })),
  fc.constant({ type: 'internet' as const, scope: 'public' as const, domain: 'api.example.com' }),
);
const port = fc.record({ port: fc.constantFrom(80, 443), protocol: fc.constantFrom('TCP' as const, 'UDP' as const) });
const anyUpdate: fc.Arbitrary<EdgeUpdate> = fc
  .record({
    client: peer,
    server: peer,
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
        fc.array(anyUpdate, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.nat()),
        async (updates, batchSize, random) => {
          const whole = await edgesOf([updates], { maxCachedEdges: 100 });
          const shuffled = updates
            .map((each) => ({ each, rank: random.next().value ?? 0 }))
            .toSorted((a, b) => a.rank - b.rank)
            .map(({ each }) => each);
          const batches = Array.from({ length: Math.ceil(shuffled.length / batchSize) }, (_, index) =>
            shuffled.slice(index * batchSize, (index + 1) * batchSize),
          );
          // A cache of one edge forgets between batches: what the database says must be enough.
          expect(await edgesOf(batches, { maxCachedEdges: 1 })).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });
});
