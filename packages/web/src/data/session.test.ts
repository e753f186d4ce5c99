import { describe, expect, test } from 'vitest';
import { toFixtureOverview } from '../testing/fixture-answers.ts';
import { createFixtureMap, FIXTURE_NOW, FIXTURE_SIZES } from '../testing/fixture-map.ts';
import { createMapSession } from './session.ts';
import type { ChangeEvent, LiveState, MapSource } from './source.ts';
import { toOverview } from './to-overview.ts';

describe('session', () => {
  const edges = createFixtureMap(FIXTURE_SIZES.small);
  function pretend(more: Partial<MapSource> = {}) {
    let onChange: (event: ChangeEvent) => void = () => undefined;
    let onState: (state: LiveState) => void = () => undefined;
    const source: MapSource = {
      kind: 'live',
      label: 'x',
      defaultTime: { type: 'all' },
      load(_window, onPage) {
        onPage(edges.slice(0, 10), { loaded: 10, total: edges.length });
        onPage(edges.slice(10), { loaded: edges.length, total: edges.length });
        return Promise.resolve({ window: { since: 5 } });
      },
      loadDetailed: () => Promise.resolve(),
      loadNamespace: () => Promise.resolve(),
      loadLabels: () => Promise.resolve(),
      loadEdges: () => Promise.resolve([]),
      loadWorkload: () => Promise.resolve(undefined),
      loadEdge: () => Promise.resolve(undefined),
      loadActivity: () => Promise.reject(new Error('no activity')),
      loadStatus: () => Promise.resolve(undefined),
      follow(change, state, signal) {
        [onChange, onState] = [change, state];
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      },
      ...more,
    };
    return { source, change: (event: ChangeEvent) => onChange(event), state: (state: LiveState) => onState(state) };
  }
  function start() {
    const scheduled = new Set<() => void>();
    const session = createMapSession({
      now: () => FIXTURE_NOW,
      schedule(run) {
        scheduled.add(run);
        return () => scheduled.delete(run);
      },
    });
    const run = (): void => {
      for (const job of scheduled) {
        scheduled.delete(job);
        job();
      }
    };
    return { session, run };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test('loads, says which window, and survives a source without activity', async () => {
    const { session } = start();
    session.open(pretend().source, { type: 'all' });
    await settle();
    const { phase, model: loaded, window } = session.getSnapshot();
    expect([phase, loaded.links.size, window]).toEqual(['ready', edges.length, { since: 5 }]);
    session.stop();
  });

  test('live changes come bundled; a reset loads anew', async () => {
    const { session, run } = start();
    const { source, change, state } = pretend();
    session.open(source, { type: 'all' });
    await settle();
    const before = session.getSnapshot().version;
    const [first] = edges;
    if (first === undefined) throw new Error('empty fixture');
    change({ edges: [{ ...first, id: 'one' }], reset: false });
    change({ edges: [{ ...first, id: 'two' }], reset: false });
    expect(session.getSnapshot().version).toBe(before);
    run();
    expect([session.getSnapshot().version, session.getSnapshot().model.links.size]).toEqual([before + 1, edges.length + 2]);
    state('reconnecting');
    expect(session.getSnapshot().live).toBe('reconnecting');
    change({ edges: [], reset: true });
    await settle();
    expect(session.getSnapshot().model.links.size).toBe(edges.length);
    session.stop();
  });

  test('a failure says why', async () => {
    const { session } = start();
    session.open(pretend({ load: () => Promise.reject(new Error('the mapper is gone')) }).source, { type: 'all' });
    await settle();
    expect(session.getSnapshot()).toMatchObject({ phase: 'failed', error: 'the mapper is gone' });
  });

  const old = { firstSeen: '2020-01-01T00:00:00Z', lastSeen: new Date(FIXTURE_NOW).toISOString() };
  const countOf = (session: ReturnType<typeof start>['session'], id: string) => session.getSnapshot().model.links.get(id)?.count;

  test('a live change older than the window keeps its counts until they are asked for', async () => {
    const { session, run } = start();
    const [first] = edges;
    if (first === undefined) throw new Error('empty fixture');
    const asked: (readonly string[])[] = [];
    const { source, change } = pretend({
      loadEdges(ids) {
        asked.push(ids);
        return Promise.resolve([{ ...first, evidence: { tcp: { count: 5, ...old } } }]);
      },
    });
    session.open(source, { type: 'last', ms: 3_600_000 });
    await settle();
    const before = countOf(session, first.id);
    change({ edges: [{ ...first, evidence: { tcp: { count: 9_999, ...old } } }], reset: false });
    expect(countOf(session, first.id)).not.toBe(9_999);
    expect(before).toBeDefined();
    run();
    await settle();
    expect([asked, countOf(session, first.id)]).toEqual([[[first.id]], 5]);
    session.stop();
  });

  test('what changes during a load is not lost', async () => {
    const { session } = start();
    const rest = Promise.withResolvers<undefined>();
    const { source, change } = pretend({
      async load(_window, onPage) {
        onPage(edges.slice(0, 10), { loaded: 10, total: edges.length });
        await rest.promise;
        onPage(edges.slice(10), { loaded: edges.length, total: edges.length });
        return { window: {} };
      },
    });
    session.open(source, { type: 'all' });
    await settle();
    const [first] = edges;
    if (first === undefined) throw new Error('empty fixture');
    change({ edges: [{ ...first, id: 'early' }], reset: false });
    rest.resolve(undefined);
    await settle();
    expect(session.getSnapshot().model.links.has('early')).toBe(true);
    session.stop();
  });

  test('a window that moves on is counted anew, and followed on', async () => {
    const { session, run } = start();
    let loads = 0;
    const { source, change } = pretend({
      load(_window, onPage) {
        loads += 1;
        const shown = loads === 1 ? edges : edges.slice(1);
        onPage(shown, { loaded: shown.length, total: shown.length });
        return Promise.resolve({ window: {} });
      },
    });
    session.open(source, { type: 'last', ms: 900_000 });
    await settle();
    const { version } = session.getSnapshot();
    run();
    await settle();
    expect([loads, session.getSnapshot().phase, session.getSnapshot().model.links.size]).toEqual([2, 'ready', edges.length - 1]);
    expect(session.getSnapshot().version).toBeGreaterThan(version);
    const [first] = edges;
    if (first === undefined) throw new Error('empty fixture');
    const now = new Date(FIXTURE_NOW).toISOString();
    change({ edges: [{ ...first, evidence: { tcp: { count: 1, firstSeen: now, lastSeen: now } } }], reset: false });
    run();
    expect(session.getSnapshot().model.links.size).toBe(edges.length);
    session.stop();
  });

  test('from above, a namespace that is wanted comes before the rest; then all is there', async () => {
    const { session } = start();
    const rest = Promise.withResolvers<undefined>();
    const overview = toOverview(toFixtureOverview(edges, {}) as never);
    const { source } = pretend({
      async load(_window, onPage, _signal, onOverview) {
        onOverview?.(overview);
        await rest.promise;
        onPage(edges, { loaded: edges.length, total: edges.length });
        return { window: {} };
      },
      loadNamespace(namespace, _window, onPage) {
        onPage(edges.filter(({ client, server }) => [client, server].some((peer) => 'namespace' in peer && peer.namespace === namespace)));
        return Promise.resolve();
      },
    });
    session.open(source, { type: 'all' });
    await settle();
    const names = () => [...(session.getSnapshot().fromAbove?.nodes.values() ?? [])].map(({ name }) => name);
    expect(names().every((name) => name.endsWith('not loaded yet') || name === 'kubernetes')).toBe(true);
    await session.want('shop');
    expect(names()).toEqual(expect.arrayContaining(['frontend', 'worker']));
    rest.resolve(undefined);
    await settle();
    expect([session.getSnapshot().fromAbove, session.getSnapshot().model.links.size]).toEqual([undefined, edges.length]);
    session.stop();
  });

  test('two windows are loaded for comparing', async () => {
    const { session } = start();
    session.open(pretend().source, { type: 'all' }, { type: 'last', ms: 1 });
    await settle();
    expect(session.getSnapshot().before?.links.size).toBe(edges.length);
    session.stop();
  });
});
