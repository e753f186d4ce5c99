import { describe, expect, test } from 'vitest';
import { createFixtureMap, FIXTURE_NOW, FIXTURE_SIZES } from '../testing/fixture-map.ts';
import { edgesAlive } from './activity.ts';
import { compareLinks } from './compare.ts';
import { ageClass, diffElements, edgeWidth, shorten, toElements } from './elements.ts';
import { toFacets } from './facets.ts';
import { filterLinks, NO_FILTER } from './filter.ts';
import type { MapFilter } from './filter.ts';
import { focusLinks } from './focus.ts';
import { groupNodes } from './group.ts';
import { createMapModel } from './model.ts';
import type { MapLink } from './model.ts';
import { packLayout } from './packed-layout.ts';
import { placeNodes } from './place.ts';
import { searchNodes } from './search.ts';
import { separate } from './separate.ts';
import { cellText, COLUMNS, DEFAULT_COLUMNS, sortRows, toCsv } from './table.ts';
import type { UiEdge, UiPeer } from './ui-edge.ts';
import { toViewGraph } from './view-graph.ts';

const AT = { firstSeen: '2026-03-01T10:00:00Z', lastSeen: '2026-03-01T11:00:00Z' };
const workload = (name: string, namespace = 'shop', more: Partial<UiPeer> = {}): UiPeer =>
  ({ type: 'workload', cluster: 'main', namespace, name, kind: 'Deployment', labels: { app: name }, ...more }) as UiPeer;
const internet = (domain: string): UiPeer => ({ type: 'internet', domain, scope: 'public' });
const edge = (client: UiPeer, server: UiPeer, more: Partial<UiEdge> = {}): UiEdge => ({
  id: `${JSON.stringify(client)}>${JSON.stringify(server)}`,
  client,
  server,
  class: 'app',
  shared: false,
  evidence: { tcp: { count: 3, ...AT } },
  ports: [{ port: 80, protocol: 'TCP', evidence: {} }],
  ...more,
});
const modelOf = (...edges: UiEdge[]) => {
  const model = createMapModel();
  model.upsert(edges);
  return model;
};
const links = (...edges: UiEdge[]): MapLink[] => [...modelOf(...edges).links.values()];
const NO_CHOICE = { opened: new Set<string>(), closed: new Set<string>() };

describe('model', () => {
  test('an edge with the same id is replaced, the peers stay one', () => {
    const model = createMapModel();
    const first = edge(workload('a'), workload('b'));
    expect(model.upsert([first])).toBe(1);
    expect(model.upsert([{ ...first, evidence: { tcp: { count: 9, ...AT } } }])).toBe(0);
    expect([...model.links.values()].map(({ count }) => count)).toEqual([9]);
    expect(model.nodes.size).toBe(2);
  });

  test('stops at its bound and still takes updates', () => {
    const model = createMapModel(1);
    const first = edge(workload('a'), workload('b'));
    expect(model.upsert([first, edge(workload('a'), workload('c'))])).toBe(1);
    expect(model.links.size).toBe(1);
  });

  test.each<[string, Partial<UiEdge>, Partial<MapLink>]>([
    ['lookup only', { evidence: { dns: { count: 1, ...AT } } }, { lookedUpOnly: true, kind: 'internal' }],
    ['kafka, one refused', { kafka: [{ topic: 't', operation: 'produce', allowed: false }] }, { denied: true, kind: 'kafka' }],
    ['http', { http: [{ path: '/', methods: ['GET'] }] }, { kind: 'http' }],
    ['internet', { server: internet('x.example') }, { kind: 'internet' }],
    ['cloud', { server: { type: 'aws', resource: 'arn:aws:s3:::b' } }, { kind: 'cloud' }],
    ['policy would refuse', { protection: { network: { state: 'denied', policies: [] } } }, { denied: true }],
  ])('%s', (_name, more, want) => {
    expect(links(edge(workload('a'), workload('b'), more))[0]).toMatchObject(want);
  });
});

describe('filter', () => {
  const model = modelOf(
    edge(workload('web'), workload('cart')),
    edge(workload('cart'), workload('db', 'data', { kind: 'StatefulSet' } as Partial<UiPeer>), {
      ports: [{ port: 5432, protocol: 'TCP', evidence: {} }],
    }),
    edge(workload('web'), internet('api.example.com'), { evidence: { dns: { count: 1, ...AT } } }),
    edge(workload('web'), workload('metrics', 'kube-system')),
    edge({ type: 'node', cluster: 'main', name: 'n1' }, workload('web'), { class: 'system' }),
    edge(workload('web'), { type: 'unknown', cluster: 'main', address: '10.0.0.1' }),
  );
  test.each<[string, Partial<MapFilter>, string[]]>([
    ['nothing: system and unknown are hidden', {}, ['web>cart', 'cart>db', 'web>api.example.com']],
    ['system shown', { showSystem: true }, ['web>cart', 'cart>db', 'web>api.example.com', 'web>metrics', 'n1>web']],
    ['a system namespace asked for by name', { namespaces: ['kube-system'] }, ['web>metrics']],
    ['unknown shown', { showUnknown: true, text: '10.0.0.1' }, ['web>10.0.0.1']],
    ['namespace of either end', { namespaces: ['data'] }, ['cart>db']],
    ['namespace excluded', { excludeNamespaces: ['data'] }, ['web>cart', 'web>api.example.com']],
    ['name excluded', { excludeNames: ['cart'] }, ['web>api.example.com']],
    ['kind', { kinds: ['StatefulSet'] }, ['cart>db']],
    ['label', { labels: ['app=db'] }, ['cart>db']],
    ['label key', { labels: ['nope'] }, []],
    ['evidence', { evidence: ['dns'] }, ['web>api.example.com']],
    ['port', { ports: [5432] }, ['cart>db']],
    ['domain below', { domains: ['*.example.com'] }, ['web>api.example.com']],
    ['domain itself', { domains: ['example.com'] }, []],
    ['no internet', { hideInternet: true }, ['web>cart', 'cart>db']],
    ['text', { text: ' DB ' }, ['cart>db']],
    ['seen since', { seenSince: Date.parse(AT.lastSeen) + 1 }, []],
    ['all must hold', { namespaces: ['shop'], ports: [5432] }, ['cart>db']],
  ])('%s', (_name, filter, want) => {
    expect(filterLinks(model, { ...NO_FILTER, ...filter }).map(({ client, server }) => `${client.name}>${server.name}`)).toEqual(want);
  });
});

describe('focus', () => {
  const chain = links(
    edge(workload('a'), workload('b')),
    edge(workload('b'), workload('c')),
    edge(workload('c'), workload('d')),
    edge(workload('d'), workload('a')),
  );
  const id = [...modelOf(edge(workload('b'), workload('c'))).nodes.keys()][0] ?? '';
  test.each([
    ['down 1', 'down', 1, ['b>c']],
    ['down 2', 'down', 2, ['b>c', 'c>d']],
    ['up 1', 'up', 1, ['a>b']],
    ['both 1', 'both', 1, ['a>b', 'b>c']],
    ['down 3 ends in the cycle', 'down', 3, ['b>c', 'c>d', 'd>a']],
  ] as const)('%s', (_name, direction, hops, want) => {
    expect(focusLinks(chain, { nodeId: id, direction, hops }).map((link) => `${link.client.name}>${link.server.name}`)).toEqual(want);
  });
});

test('two windows: added, gone, same', () => {
  const [ab, bc, cd] = [edge(workload('a'), workload('b')), edge(workload('b'), workload('c')), edge(workload('c'), workload('d'))];
  const { changes, counts } = compareLinks(links(ab, bc), links(bc, cd));
  expect(counts).toEqual({ added: 1, gone: 1, same: 1 });
  expect([changes.get(ab.id), changes.get(bc.id), changes.get(cd.id)]).toEqual(['gone', 'same', 'added']);
});

describe('groups', () => {
  test('namespaces; clusters and environments only where there is more than one', () => {
    const one = groupNodes(links(edge(workload('a'), workload('b', 'data')), edge(workload('a'), internet('x.example'))));
    expect([...one.groups.keys()]).toEqual(['n:main/shop', 'n:main/data', 'o:internet']);
    const two = groupNodes(links(edge(workload('a'), workload('b', 'shop', { cluster: 'east', environment: 'prod' } as Partial<UiPeer>))));
    expect([...two.groups.keys()]).toEqual(['c:main', 'e:main/', 'n:main/shop', 'c:east', 'e:east/prod', 'n:east/shop']);
  });

  test('a closed group stands for its nodes, inner calls disappear, counts add up', () => {
    const all = links(
      edge(workload('a'), workload('b')),
      edge(workload('a'), workload('x', 'data')),
      edge(workload('b'), workload('x', 'data')),
    );
    const view = toViewGraph(all, groupNodes(all), { opened: new Set(), closed: new Set(['n:main/shop']) });
    expect(view.nodes.map(({ id, size }) => [id.startsWith('n:') ? id : 'peer', size])).toEqual([
      ['n:main/shop', 2],
      ['peer', 1],
    ]);
    expect(view.edges.map(({ count, links: below }) => [count, below.length])).toEqual([[6, 2]]);
  });

  test.each([
    ['small', false],
    ['medium', true],
    ['large', true],
  ] as const)('%s starts collapsed: %s', (size, want) => {
    const all = filterLinks(modelOf(...createFixtureMap(FIXTURE_SIZES[size])), NO_FILTER);
    const view = toViewGraph(all, groupNodes(all), NO_CHOICE);
    expect(view.autoCollapsed).toBe(want);
    expect(view.nodes.length).toBeLessThanOrEqual(500);
  });

  test('opening one group of a large map shows its workloads and nothing else', () => {
    const all = filterLinks(modelOf(...createFixtureMap(FIXTURE_SIZES.large)), NO_FILTER);
    const grouping = groupNodes(all);
    const view = toViewGraph(all, grouping, { opened: new Set(['n:main/shop']), closed: new Set() });
    expect(view.boxes.map(({ id }) => id)).toEqual(['n:main/shop']);
    expect(view.nodes.filter(({ parent }) => parent === 'n:main/shop')).toHaveLength(grouping.groups.get('n:main/shop')?.size ?? -1);
  });

  test('edges beyond the bound are counted, the heaviest stay', () => {
    const all = links(edge(workload('a'), workload('b')), edge(workload('a'), workload('c'), { evidence: { tcp: { count: 99, ...AT } } }));
    const view = toViewGraph(all, groupNodes(all), NO_CHOICE, undefined, 1);
    expect([view.edges.map(({ count }) => count), view.edgesNotDrawn]).toEqual([[99], 1]);
  });
});

describe('elements', () => {
  const view = (...edges: UiEdge[]) => {
    const all = links(...edges);
    return toElements(toViewGraph(all, groupNodes(all), NO_CHOICE), FIXTURE_NOW);
  };
  const [ab, bc] = [edge(workload('a'), workload('b')), edge(workload('b'), workload('c'))];

  test('the difference between two pictures is only what differs', () => {
    const change = diffElements(view(ab), view({ ...ab, evidence: { tcp: { count: 500, ...AT } } }, bc));
    expect(change.addedNodes.map(({ label }) => label)).toEqual(['c']);
    expect(change.addedEdges).toHaveLength(1);
    expect(change.changedEdges).toHaveLength(1);
    expect([change.removedNodes, change.removedEdges, change.changedNodes]).toEqual([[], [], []]);
  });

  test('new nodes find a place, old ones keep theirs', () => {
    const before = placeNodes(view(ab), new Map());
    expect(before.isFresh).toBe(true);
    const after = placeNodes(view(ab, bc), before.positions);
    expect(after.isFresh).toBe(false);
    for (const [id, at] of before.positions) expect(after.positions.get(id)).toEqual(at);
    expect(after.positions.size).toBe(3);
    expect(new Set([...after.positions.values()].map(({ x, y }) => `${x},${y}`)).size).toBe(3);
  });

  test('packed layout: no two nodes overlap', () => {
    const all = filterLinks(modelOf(...createFixtureMap({ workloads: 200, edges: 600 })), NO_FILTER);
    const elements = toElements(toViewGraph(all, groupNodes(all), NO_CHOICE), FIXTURE_NOW);
    const placed = [...packLayout(elements)].map(([id, at]) => ({
      ...at,
      width: elements.nodes.get(id)?.width ?? 0,
      height: elements.nodes.get(id)?.height ?? 0,
    }));
    const overlaps = placed.flatMap((a, i) =>
      placed.slice(i + 1).filter((b) => Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2),
    );
    expect(overlaps).toEqual([]);
  });

  test('opening a group makes room where it stood; opening many lays the map out anew', () => {
    const all = filterLinks(modelOf(...createFixtureMap({ workloads: 700, edges: 2_500 })), NO_FILTER);
    const grouping = groupNodes(all);
    const show = (opened: readonly string[]) =>
      toElements(toViewGraph(all, grouping, { opened: new Set(opened), closed: new Set() }), FIXTURE_NOW);
    const before = placeNodes(show([]), new Map()).positions;
    const known = new Map([...before, ...[...grouping.groups.keys()].flatMap((id) => [[id, before.get(id) ?? { x: 0, y: 0 }] as const])]);
    const one = placeNodes(show(['n:main/shop']), known);
    expect(one.isFresh).toBe(false);
    expect([...one.positions.values()].every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    expect(placeNodes(show([...grouping.groups.keys()]), known).isFresh).toBe(true);
  });

  test('separate: nothing overlaps afterwards, what did not overlap stays', () => {
    const elements = view(ab, bc);
    const ids = [...elements.nodes.values()].filter(({ width }) => width !== undefined).map(({ id }) => id);
    const apart = separate(elements, new Map(ids.map((id) => [id, { x: 0, y: 0 }])));
    const ys = [...apart.values()].map(({ y }) => y).toSorted((a, b) => a - b);
    expect(ys.every((y, index) => index === 0 || y - (ys[index - 1] ?? 0) >= 28)).toBe(true);
    const far = new Map(ids.map((id, index) => [id, { x: index * 500, y: 0 }]));
    expect(separate(elements, far)).toEqual(far);
  });

  test.each([
    [1, 1],
    [10, 1.5],
    [1_000, 2.5],
    [1e12, 5],
  ])('%i calls: %d px', (count, want) => {
    expect(edgeWidth(count)).toBe(want);
  });

  test.each([
    [0, 'fresh'],
    [3_600_001, 'recent'],
    [86_400_001, 'old'],
  ])('age %i is %s', (age, want) => {
    expect(ageClass(age)).toBe(want);
  });

  test('long names keep both ends', () => {
    expect(shorten('a-very-long-workload-name-that-ends-with-canary')).toMatch(/^a-very.*canary$/);
  });
});

test('facets count edges, system namespaces apart', () => {
  const facets = toFacets(modelOf(edge(workload('a'), workload('b')), edge(workload('a'), workload('m', 'kube-system'))));
  expect(facets.namespaces).toEqual([{ value: 'shop', count: 3 }]);
  expect(facets.systemNamespaces.map(({ value }) => value)).toEqual(['kube-system']);
});

test('search: the whole name first, then its start, then inside', () => {
  const model = modelOf(edge(workload('cart'), workload('cart-db')), edge(workload('old-cart'), workload('x', 'cartography')));
  expect(searchNodes(model, 'cart').map(({ name }) => name)).toEqual(['cart', 'cart-db', 'old-cart', 'x']);
});

test('edges alive in time', () => {
  const hour = 3_600_000;
  const since = Date.parse('2026-03-01T08:00:00Z');
  expect(edgesAlive(links(edge(workload('a'), workload('b'))), since, since + 6 * hour, 6).points.map(({ count }) => count)).toEqual([
    0, 0, 1, 1, 0, 0,
  ]);
});

describe('table', () => {
  const rows = links(
    edge(workload('b'), workload('=cmd'), { evidence: { tcp: { count: 2, ...AT } } }),
    edge(workload('a'), workload('with,comma'), { evidence: { tcp: { count: 10, ...AT } } }),
  ).map((link) => ({ link }));

  test('numbers sort as numbers', () => {
    expect(sortRows(rows, { column: 'count', descending: true }).map(({ link }) => link.count)).toEqual([10, 2]);
  });

  test('CSV quotes, and defuses formulas', () => {
    expect(toCsv(rows, ['client', 'server'])).toBe('Client,Server\r\nb,\'=cmd\r\na,"with,comma"\r\n');
  });

  test('every column has text for every kind of edge', () => {
    for (const link of modelOf(...createFixtureMap(FIXTURE_SIZES.small)).links.values()) {
      for (const column of COLUMNS) expect(cellText({ link }, column)).toBeTypeOf('string');
    }
    expect(DEFAULT_COLUMNS.length).toBeGreaterThan(3);
  });
});
