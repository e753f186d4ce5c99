import { expect, test } from 'vitest';
import { toOverview } from '../data/to-overview.ts';
import { toFixtureOverview } from '../testing/fixture-answers.ts';
import { createFixtureMap, FIXTURE_NOW } from '../testing/fixture-map.ts';
import { NO_FILTER } from './filter.ts';
import { createMapModel } from './model.ts';
import type { MapModel } from './model.ts';
import { overlay } from './overview.ts';
import { pipelineSteps } from './pipeline.ts';
import { finish } from './steps.ts';

const edges = createFixtureMap({ workloads: 1_000, edges: 6_000 });
const overview = toOverview(toFixtureOverview(edges, {}) as never);
const whole = createMapModel();
whole.upsert(edges);
const view = (model: MapModel, opened: readonly string[] = []) =>
  finish(pipelineSteps({ model, filter: NO_FILTER, opened, closed: [], isPartial: true, now: FIXTURE_NOW }));
const sizes = ({ graph }: ReturnType<typeof view>) => new Map(graph.nodes.map(({ id, size }) => [id, size]));

test('from above the same groups stand there, of the same sizes, with the same calls between them', () => {
  const [above, full] = [view(overlay(overview, createMapModel(), () => false)), view(whole)];
  expect(sizes(above)).toEqual(sizes(full));
  const pairs = ({ graph }: ReturnType<typeof view>) => new Set(graph.edges.map(({ id }) => id));
  const [drawn, all] = [pairs(above), new Set(view(whole).graph.edges.map(({ id }) => id))];
  expect(drawn.size).toBeGreaterThan(100);
  expect(above.graph.edgesNotDrawn + drawn.size).toBe(full.graph.edgesNotDrawn + all.size);
});

test('an opened namespace is there in full, everything else still from above', () => {
  const known = createMapModel();
  known.upsert(edges.filter(({ client, server }) => [client, server].some((peer) => 'namespace' in peer && peer.namespace === 'shop')));
  const [above, full] = [
    view(
      overlay(overview, known, ({ namespace }) => namespace === 'shop'),
      ['n:main/shop'],
    ),
    view(whole, ['n:main/shop']),
  ];
  expect(sizes(above)).toEqual(sizes(full));
  const touching = ({ graph }: ReturnType<typeof view>) =>
    graph.edges
      .filter(({ links }) => links.some(({ client, server }) => [client.namespace, server.namespace].includes('shop')))
      .map(({ id, count }) => [id, count]);
  expect(new Map(touching(above) as [string, number][])).toEqual(new Map(touching(full) as [string, number][]));
});

test('what asks for details of calls is not answered with sums', () => {
  const model = overlay(overview, createMapModel(), () => false);
  const { links } = finish(pipelineSteps({ model, filter: { ...NO_FILTER, ports: [443] }, opened: [], closed: [], now: FIXTURE_NOW }));
  expect(links).toEqual([]);
});
