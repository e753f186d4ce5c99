import { createApiClient } from '@nm/api';
import { afterEach, expect, test } from 'vitest';
import type { UiEdge } from '../graph/ui-edge.ts';
import { createFixtureMap, FIXTURE_NOW } from '../testing/fixture-map.ts';
import { startFixtureServer } from '../testing/fixture-server.ts';
import { createLiveSource } from './live-source.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(edges: readonly UiEdge[]) {
  const server = await startFixtureServer({ folder: '/nonexistent', edges, now: FIXTURE_NOW });
  cleanups.push(() => server.stop());
  const source = createLiveSource({ client: createApiClient({ url: server.url }), delay: () => Promise.resolve() }, 'test');
  return { server, source };
}

test.each([
  ['one page', 40, 100],
  ['several pages', 300, 2_400],
  ['a large map, fetched side by side', 1_200, 6_500],
])('%s: every edge comes once or more, none is lost', async (_name, workloads, count) => {
  const edges = createFixtureMap({ workloads, edges: count });
  const { source } = await serve(edges);
  const seen = new Set<string>();
  let last = { loaded: 0, total: 0 };
  await source.load(
    {},
    (page, progress) => {
      for (const { id } of page) seen.add(id);
      last = progress;
    },
    new AbortController().signal,
  );
  expect(seen).toEqual(new Set(edges.map(({ id }) => id)));
  expect(last).toEqual({ loaded: edges.length, total: edges.length });
});

test('every edge in full, for exports', async () => {
  const edges = createFixtureMap({ workloads: 300, edges: 2_400 });
  const { source } = await serve(edges);
  const seen = new Set<string>();
  await source.loadDetailed({}, (page) => page.forEach(({ id }) => seen.add(id)), new AbortController().signal);
  expect(seen).toEqual(new Set(edges.map(({ id }) => id)));
});

test('the window that was used is answered, not the one asked for', async () => {
  const { source } = await serve([]);
  expect(await source.load({ since: 1_000 }, () => undefined, new AbortController().signal)).toEqual({ window: { since: 1_000 } });
});

test('follows changes, and again after the connection broke', async () => {
  const edges = createFixtureMap({ workloads: 20, edges: 20 });
  const { server, source } = await serve(edges);
  const [first] = edges;
  if (first === undefined) throw new Error('empty fixture');
  const stop = new AbortController();
  const states: string[] = [];
  const ids: string[] = [];
  let tell: () => void = () => undefined;
  const next = () => new Promise<void>((resolve) => (tell = resolve));
  let changed = next();
  const done = source.follow(
    (event) => {
      ids.push(...event.edges.map(({ id }) => id));
      tell();
    },
    (state) => {
      states.push(state);
      tell();
    },
    stop.signal,
  );
  await changed;
  changed = next();
  server.push([{ ...first, id: 'new' }]);
  await expect.poll(() => ids).toContain('new');
  server.setAway(true);
  await expect.poll(() => states).toContain('reconnecting');
  server.setAway(false);
  states.length = 0;
  await expect.poll(() => states).toContain('connected');
  stop.abort();
  await done;
});

test('an edge in full, its activity, the status', async () => {
  const edges = createFixtureMap({ workloads: 20, edges: 20 });
  const { source } = await serve(edges);
  const { signal } = new AbortController();
  expect(await source.loadEdge(edges[0]?.id ?? '', {}, signal)).toMatchObject({ id: edges[0]?.id });
  expect(await source.loadEdge('nothing', {}, signal)).toBeUndefined();
  expect((await source.loadActivity({ window: {}, buckets: 12 }, signal))?.points).toHaveLength(12);
  expect((await source.loadStatus(signal))?.ready).toBe(true);
});
