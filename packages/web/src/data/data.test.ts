import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { NO_FILTER } from '../graph/filter.ts';
import { COLUMNS } from '../graph/table.ts';
import { createFixtureMap, FIXTURE_NOW, FIXTURE_SIZES } from '../testing/fixture-map.ts';
import { toMapFile } from '../graph/export/map-file.ts';
import { createMapModel } from '../graph/model.ts';
import { createFileSource, parseMapText } from './file-source.ts';
import { createPositionStore, MAX_LAYOUTS, MAX_PLACES } from './positions.ts';
import type { KeyValueStore } from './positions.ts';
import { formatAge, formatTimeRange, parseTimeRange, previousRange, toWindow } from './time-range.ts';
import { toUiEdge, toUiEdges } from './to-ui-edge.ts';
import { keepSame } from './url-store.ts';
import { countFilters, DEFAULT_URL_STATE, parseUrlState, toUrlSearch } from './url-state.ts';
import type { UrlState } from './url-state.ts';

describe('time', () => {
  test.each([
    ['all', { type: 'all' }],
    ['15m', { type: 'last', ms: 900_000 }],
    ['24h', { type: 'last', ms: 86_400_000 }],
    ['30d', { type: 'last', ms: 2_592_000_000 }],
    ['2026-01-01T00:00:00.000Z~2026-01-02T00:00:00.000Z', { type: 'range', since: 1_767_225_600_000, until: 1_767_312_000_000 }],
  ])('%s there and back', (text, want) => {
    const range = parseTimeRange(text);
    expect(range).toEqual(want);
    expect(range === undefined ? '' : formatTimeRange(range)).toBe(text);
  });

  test.each([
    '',
    '0h',
    '5y',
    'yesterday',
    '2026-01-02T00:00:00Z~2026-01-01T00:00:00Z',
    'a~b',
    '1h~2h~3h',
    // The window before it would begin before any date.
    '-271821-04-20T00:00:00Z~2026-01-01T00:00:00Z',
  ])('%s is no range', (text) => {
    expect(parseTimeRange(text)).toBeUndefined();
  });

  test('the window before has the same length and ends where this one begins', () => {
    expect(previousRange({ type: 'last', ms: 1_000 }, 5_000)).toEqual({ type: 'range', since: 3_000, until: 4_000 });
    expect(previousRange({ type: 'all' }, 5_000)).toBeUndefined();
    expect(toWindow({ type: 'last', ms: 1_000 }, 5_000)).toEqual({ since: 4_000 });
  });

  test.each([
    [-5, 'just now'],
    [120_000, '2 min ago'],
    [7_200_000, '2 h ago'],
    [86_400_000, '1 day ago'],
  ])('%i ms: %s', (ageMs, want) => {
    expect(formatAge(ageMs)).toBe(want);
  });
});

describe('address', () => {
  const word = fc.string({ minLength: 1, maxLength: 12 });
  const words = fc.uniqueArray(word, { maxLength: 4 });
  const state: fc.Arbitrary<UrlState> = fc.record(
    {
      view: fc.constantFrom('graph', 'table'),
      lines: fc.constantFrom('kind', 'protection'),
      filter: fc.record({
        clusters: words,
        environments: words,
        namespaces: words,
        kinds: words,
        labels: words,
        domains: words,
        excludeNamespaces: words,
        excludeNames: words,
        protection: fc.uniqueArray(fc.constantFrom('denied', 'open', 'undeclared'), { maxLength: 3 }),
        evidence: fc.uniqueArray(fc.constantFrom('dns', 'tcp', 'kafka')),
        ports: fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 3 }),
        text: fc.string({ maxLength: 10 }),
        showSystem: fc.boolean(),
        showUnknown: fc.boolean(),
        hideInternet: fc.boolean(),
      }),
      time: fc.constantFrom({ type: 'all' }, { type: 'last', ms: 3_600_000 }, { type: 'range', since: 1_000, until: 9_000 }),
      compare: fc.constant({ type: 'range', since: 1_000, until: 9_000 }),
      focus: fc.record({ nodeId: word, direction: fc.constantFrom('up', 'down', 'both'), hops: fc.constantFrom(1, 2, 3) }),
      selected: fc.record({ type: fc.constantFrom('node', 'edge', 'group'), id: word }),
      opened: words,
      closed: words,
      sort: fc.record({ column: fc.constantFrom(...COLUMNS), descending: fc.boolean() }),
      columns: fc.uniqueArray(fc.constantFrom(...COLUMNS), { minLength: 1 }),
      mapFile: word,
    },
    { requiredKeys: ['view', 'lines', 'filter', 'opened', 'closed', 'sort', 'columns'] },
  ) as fc.Arbitrary<UrlState>;

  test('every state comes back from its address', () => {
    fc.assert(
      fc.property(state, (value) => {
        expect(parseUrlState(toUrlSearch(value))).toEqual(value);
      }),
    );
  });

  test('what did not change stays the same object', () => {
    const old = parseUrlState('?t=1h&ns=shop&open=n:a/b');
    const next = keepSame(old, parseUrlState('?t=1h&ns=shop&open=n:a/b&sel=node:x'));
    expect([next.time === old.time, next.filter === old.filter, next.opened === old.opened, next.selected?.id]).toEqual([
      true,
      true,
      true,
      'x',
    ]);
    expect(keepSame(next, old).selected).toBeUndefined();
  });

  test('any text can be an address, and what comes of it is stable', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const value = parseUrlState(`?${text}`);
        expect(parseUrlState(toUrlSearch(value))).toEqual(value);
      }),
    );
  });

  test('the default is the empty address', () => {
    expect(toUrlSearch(DEFAULT_URL_STATE)).toBe('');
    expect(parseUrlState('')).toEqual(DEFAULT_URL_STATE);
  });

  test('counts what is set', () => {
    expect(countFilters(NO_FILTER)).toBe(0);
    expect(countFilters({ ...NO_FILTER, namespaces: ['a', 'b'], showSystem: true, text: 'x', seenSince: 1 })).toBe(4);
  });
});

describe('positions', () => {
  function memory(limit = Number.POSITIVE_INFINITY): KeyValueStore & { readonly size: () => number } {
    const values = new Map<string, string>();
    return {
      getItem: (key) => values.get(key) ?? null,
      setItem(key, value) {
        if (value.length > limit) throw new Error('QuotaExceededError');
        values.set(key, value);
      },
      removeItem: (key) => void values.delete(key),
      size: () => values.size,
    };
  }

  test('come back, rounded', () => {
    const store = createPositionStore(memory());
    store.save('a', new Map([['x', { x: 1.4, y: -2.6 }]]));
    expect(store.load('a')).toEqual(new Map([['x', { x: 1, y: -3 }]]));
    store.forget('a');
    expect(store.load('a').size).toBe(0);
  });

  test('are bounded in layouts and in places', () => {
    const storage = memory();
    const store = createPositionStore(storage);
    for (let view = 0; view < MAX_LAYOUTS + 5; view += 1) store.save(String(view), new Map([['x', { x: view, y: 0 }]]));
    expect(storage.size()).toBe(MAX_LAYOUTS + 1);
    expect(store.load('0').size).toBe(0);
    store.save('many', new Map(Array.from({ length: MAX_PLACES + 5 }, (_, index) => [String(index), { x: 0, y: 0 }])));
    expect(store.load('many').size).toBe(MAX_PLACES);
  });

  test.each(['nonsense', '{"a":1}', '[[1,2,3],["x","y",0]]'])('a storage that holds %s is an empty one', (text) => {
    const storage = memory();
    storage.setItem('network-mapper/layout/a', text);
    storage.setItem('network-mapper/layouts', text);
    const store = createPositionStore(storage);
    expect(store.load('a').size).toBe(0);
    store.save('b', new Map());
  });

  test('a full storage only forgets', () => {
    const store = createPositionStore(memory(5));
    store.save('a', new Map([['x', { x: 1, y: 1 }]]));
    expect(store.load('a').size).toBe(0);
  });
});

test('nulls of GraphQL are absent fields', () => {
  expect(toUiEdge({ id: 'a', names: null, client: { type: 'node', kind: null }, ports: [{ port: null, protocol: 'TCP' }] })).toEqual({
    id: 'a',
    client: { type: 'node' },
    ports: [{ protocol: 'TCP' }],
  });
});

describe('map file', () => {
  const model = createMapModel();
  model.upsert(createFixtureMap(FIXTURE_SIZES.small));
  const file = toMapFile([...model.links.values()], {}, '2026-03-01T12:00:00Z');

  test('what was exported opens again with the same calls', () => {
    const again = toUiEdges(parseMapText(JSON.stringify(file)));
    expect(new Set(again.map(({ id }) => id)).size).toBe(model.links.size);
    const copy = createMapModel();
    copy.upsert(again);
    expect([...copy.nodes.keys()].toSorted()).toEqual([...model.nodes.keys()].toSorted());
  });

  test('a window keeps what overlaps it', async () => {
    const source = createFileSource(file, 'x');
    let count = 0;
    const since = FIXTURE_NOW - 3_600_000;
    await source.load({ since }, (edges) => (count = edges.length), new AbortController().signal);
    expect(count).toBe([...model.links.values()].filter(({ lastSeenAt }) => lastSeenAt >= since).length);
  });

  test('equal edges written twice are both kept', () => {
    const [edge] = file.edges;
    if (edge === undefined) throw new Error('empty fixture');
    expect(new Set(toUiEdges({ ...file, edges: [edge, edge] }).map(({ id }) => id)).size).toBe(2);
  });
});
