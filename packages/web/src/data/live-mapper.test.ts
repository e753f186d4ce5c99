import { createApiClient } from '@nm/api';
import { ADDRESSES, attempt, startTestMapper } from '@nm/mapper/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UiEdge } from '../graph/ui-edge.ts';
import { createLiveSource } from './live-source.ts';
import { WEB_OVERVIEW } from './operations.ts';
import { toOverview } from './to-overview.ts';

/** Every question of the page, asked of a real mapper. */
let mapper: Awaited<ReturnType<typeof startTestMapper>>;
const { signal } = new AbortController();
const client = () => createApiClient({ url: mapper.url });
const source = () => createLiveSource({ client: client(), delay: () => Promise.resolve() }, '');

beforeAll(async () => {
  mapper = await startTestMapper();
  await mapper.report([
    attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
    attempt(ADDRESSES.frontend, '203.0.113.7', { port: 443 }),
    attempt(ADDRESSES.cart, ADDRESSES.kafka, { port: 9092 }),
  ]);
});
afterAll(() => mapper.stop());

async function load(): Promise<UiEdge[]> {
  const found: UiEdge[] = [];
  await source().load({}, (edges) => found.push(...edges), signal);
  return found;
}
const nameOf = (peer: UiEdge['client']): string => ('name' in peer ? peer.name : peer.type);

test('all edges, and some of them by id', async () => {
  const edges = await load();
  expect(edges.map(({ client: from, server }) => `${nameOf(from)} ${nameOf(server)}`).toSorted()).toEqual([
    'cart kafka',
    'frontend cart',
    'frontend internet',
  ]);
  const [first] = edges;
  expect((await source().loadEdges([first?.id ?? ''], {}, signal)).map(({ id }) => id)).toEqual([first?.id]);
  expect(await source().loadEdges(['-7', 'nonsense'], {}, signal)).toEqual([]);
  expect(await source().loadEdge(first?.id ?? '', {}, signal)).toMatchObject({ id: first?.id });
});

test('those of a namespace', async () => {
  const found: UiEdge[] = [];
  const [namespace = ''] = (await load()).flatMap(({ server }) =>
    server.type === 'workload' && server.name === 'kafka' ? [server.namespace] : [],
  );
  await source().loadNamespace(namespace, {}, (edges) => found.push(...edges), signal);
  expect(found.map(({ server }) => nameOf(server))).toContain('kafka');
});

test('the map from above: its links are the edges, its groups hold their ends', async () => {
  const { overview } = await client().run(WEB_OVERVIEW, { first: 10 });
  const { groups, links } = toOverview(overview);
  expect(links.reduce((sum, link) => sum + link.edges, 0)).toBe(3);
  expect(new Set(links.flatMap(({ client: from, server }) => [from, server]))).toEqual(new Set(groups.map(({ id }) => id)));
  expect(groups.find(({ namespace }) => namespace === 'shop')?.peers).toBeGreaterThanOrEqual(2);
});

test('the pods of a workload', async () => {
  const cart = (await load()).map(({ server }) => server).find((server) => server.type === 'workload' && server.name === 'cart');
  if (cart?.type !== 'workload') throw new Error('no cart');
  const details = await source().loadWorkload(cart, signal);
  expect(details?.pods.map(({ addresses }) => addresses)).toContainEqual([ADDRESSES.cart]);
  expect(details?.pods.every(({ name }) => name.startsWith('cart'))).toBe(true);
});

test('labels of all workloads', async () => {
  const names: string[] = [];
  await source().loadLabels(
    (workloads) => names.push(...workloads.map(({ name, labels }) => `${name} ${Object.keys(labels).length > 0}`)),
    signal,
  );
  expect(names).toEqual(expect.arrayContaining(['cart true', 'frontend true']));
});

test('activity and status', async () => {
  expect((await source().loadActivity({ window: {}, buckets: 12 }, signal))?.points.length).toBeGreaterThan(0);
  expect((await source().loadStatus(signal))?.edges).toBe(3);
});
