import { createMapModel, MAX_EDGES } from '../graph/model.ts';
import type { MapModel, MutableMapModel } from '../graph/model.ts';
import type { ActivitySeries } from '../graph/activity.ts';
import { overlay } from '../graph/overview.ts';
import type { MapOverview } from '../graph/overview.ts';
import { followWindow } from './follow-window.ts';
import { recountEveryMs } from './live-window.ts';
import { LARGE_MAP_EDGES } from './source.ts';
import type { LiveState, LoadProgress, MapSource, UiStatus } from './source.ts';
import { toWindow } from './time-range.ts';
import type { TimeRange, TimeWindow } from './time-range.ts';

/** What the views show of a source; a new object with every change. */
export interface SessionSnapshot {
  readonly source?: MapSource;
  readonly phase: 'starting' | 'loading' | 'ready' | 'failed';
  readonly error?: string;
  readonly model: MapModel;
  /** What the graph shows instead while a large map is loaded: everything from above, and what was opened. */
  readonly fromAbove?: MapModel;
  /** Rises when the model's content changed: models are mutable. */
  readonly version: number;
  /** The earlier window, while two are compared. */
  readonly before?: MapModel;
  readonly progress?: LoadProgress;
  /** The window that the counts really cover. */
  readonly window: TimeWindow;
  readonly live?: LiveState;
  readonly status?: UiStatus;
  readonly activity?: ActivitySeries;
  /** Edges that the source has beyond what a browser is given. */
  readonly notLoaded: number;
}

export interface SessionDeps {
  readonly now: () => number;
  /** Calls back once after so many milliseconds; returns how to cancel. */
  readonly schedule: (run: () => void, ms: number) => () => void;
  /** False while nobody can see the page: nothing is counted anew then. */
  readonly isVisible?: () => boolean;
}

/** Pages and live changes reach the views at most this often, rarer for large maps. */
const PUBLISH_MS = 250;
const PUBLISH_LARGE_MS = 1_200;
/** Up to so many edges the first picture waits for the last page: it comes soon, and nothing has to move then. */
const AT_ONCE_EDGES = 12_000;
const STATUS_EVERY_MS = 30_000;
export const ACTIVITY_BUCKETS = 120;

interface Opened {
  readonly source: MapSource;
  readonly time: TimeRange;
  readonly compare?: TimeRange;
}

/** Loads a source's map, follows its changes and tells listeners. */
export function createMapSession({ now, schedule, isVisible = () => true }: SessionDeps) {
  let snapshot: SessionSnapshot = { phase: 'starting', model: createMapModel(), version: 0, window: {}, notLoaded: 0 };
  const listeners = new Set<() => void>();
  let running = new AbortController();
  let cancelPublish: (() => void) | undefined;
  /** What is being loaded or followed. */
  let model = createMapModel();
  /** What will take its place. */
  let recounting: MutableMapModel | undefined;
  const labelled = new WeakSet<MutableMapModel>();
  let above: { readonly overview: MapOverview; readonly details: MutableMapModel; readonly known: Set<string> } | undefined;

  const publish = (change: Partial<SessionSnapshot>): void => {
    snapshot = { ...snapshot, ...change };
    for (const listener of listeners) listener();
  };
  /** Many small changes of the model become one for the views. */
  const publishSoon = (): void => {
    if (cancelPublish !== undefined) return;
    cancelPublish = schedule(
      () => {
        cancelPublish = undefined;
        // Of a large map only the first page and the whole are drawn: drawing in between would hold up its loading.
        const isDrawn = snapshot.phase !== 'loading' || (snapshot.progress?.total ?? 0) <= LARGE_MAP_EDGES;
        publish(isDrawn ? { model, version: snapshot.version + 1 } : {});
      },
      snapshot.phase !== 'loading' && model.links.size > LARGE_MAP_EDGES ? PUBLISH_LARGE_MS : PUBLISH_MS,
    );
  };
  const publishAbove = (): void => {
    if (above === undefined) return;
    const { overview, details, known } = above;
    publish({
      fromAbove: overlay(overview, details, ({ namespace }) => namespace !== undefined && known.has(namespace)),
      version: snapshot.version + 1,
    });
  };

  async function load({ source, time, compare }: Opened, signal: AbortSignal): Promise<void> {
    model = createMapModel();
    [above, recounting] = [undefined, undefined];
    const own = model;
    let isFirst = true;
    const { before: _before, error: _error, activity: _activity, fromAbove: _above, ...rest } = snapshot;
    snapshot = { ...rest, source, phase: 'loading' };
    publish({});
    // From the first moment on, or what changes during a long load would be missed.
    const loaded = Promise.withResolvers<undefined>();
    const stopFollowing = new AbortController();
    const following = followWindow(
      { source, schedule, window: () => toWindow(time, now()), links: () => model.links },
      {
        begin: loaded.promise,
        onEdges(edges) {
          model.upsert(edges);
          recounting?.upsert(edges);
          publishSoon();
        },
        onState: (live) => live !== snapshot.live && publish({ live }),
        onReset: reload,
      },
      AbortSignal.any([signal, stopFollowing.signal]),
    );
    try {
      const { window } = await source.load(
        toWindow(time, now()),
        (edges, progress) => {
          if (signal.aborted) return;
          own.upsert(edges);
          const notLoaded = Math.max(0, progress.total - MAX_EDGES);
          if (progress.total <= AT_ONCE_EDGES && progress.loaded < progress.total) return publish({ progress });
          // The old picture stays until there is something new to show.
          if (isFirst) publish({ model: own, version: snapshot.version + 1, progress, notLoaded });
          else {
            snapshot = { ...snapshot, progress };
            publishSoon();
          }
          isFirst = false;
        },
        signal,
        (overview) => {
          if (signal.aborted || compare !== undefined) return;
          above = { overview, details: createMapModel(), known: new Set() };
          publishAbove();
        },
      );
      const before = compare === undefined ? undefined : await loadWhole(source, toWindow(compare, now()), signal);
      if (signal.aborted) return;
      cancelPublish?.();
      cancelPublish = undefined;
      const { progress: _progress, fromAbove: _whole, ...complete } = snapshot;
      above = undefined;
      performance.mark('nm-map-loaded');
      snapshot = {
        ...complete,
        phase: 'ready',
        window,
        model: own,
        version: snapshot.version + 1,
        ...(before === undefined ? {} : { before }),
      };
      publish({});
      loaded.resolve(undefined);
      await Promise.all([following, loadActivity(source, time, signal), watchStatus(source, signal), recount(source, time, signal)]);
    } catch (error) {
      stopFollowing.abort();
      if (signal.aborted) return;
      publish({ phase: 'failed', error: error instanceof Error ? error.message : String(error) });
    }
  }

  async function loadActivity(source: MapSource, time: TimeRange, signal: AbortSignal): Promise<void> {
    try {
      const activity = await source.loadActivity({ window: toWindow(time, now()), buckets: ACTIVITY_BUCKETS }, signal);
      if (activity !== undefined && !signal.aborted) publish({ activity });
    } catch {
      // The map is worth showing without its time bar.
    }
  }

  /** What a window that moves on left behind is forgotten, what it still covers is counted anew; nothing moves. */
  async function recount(source: MapSource, time: TimeRange, signal: AbortSignal): Promise<void> {
    const everyMs = source.kind === 'live' ? recountEveryMs(time, model.links.size > LARGE_MAP_EDGES) : undefined;
    if (everyMs === undefined) return;
    for (;;) {
      await pause(everyMs, signal);
      if (signal.aborted) return;
      if (!isVisible()) continue;
      try {
        const next = createMapModel();
        recounting = next;
        const { window } = await source.load(toWindow(time, now()), (edges) => next.upsert(edges), signal);
        if (signal.aborted) return;
        recounting = undefined;
        model = next;
        publish({ model, window, version: snapshot.version + 1 });
        await loadActivity(source, time, signal);
      } catch {
        // The live connection already says that the mapper is away.
      }
    }
  }

  async function watchStatus(source: MapSource, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const status = await source.loadStatus(signal);
        if (status === undefined || signal.aborted) return;
        publish({ status });
      } catch {
        // The live connection already says that the mapper is away.
      }
      await pause(STATUS_EVERY_MS, signal);
    }
  }

  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = schedule(resolve, ms);
      signal.addEventListener('abort', () => (cancel(), resolve()), { once: true });
    });
  }

  let last: Opened | undefined;
  function open(source: MapSource, time: TimeRange, compare?: TimeRange): void {
    running.abort();
    running = new AbortController();
    cancelPublish?.();
    cancelPublish = undefined;
    last = { source, time, ...(compare === undefined ? {} : { compare }) };
    void load(last, running.signal);
  }
  function reload(): void {
    if (last !== undefined) open(last.source, last.time, last.compare);
  }

  /** Loads a namespace of a large map ahead of the rest, because somebody wants to see it. */
  async function want(namespace: string): Promise<void> {
    if (above === undefined || last === undefined || above.known.has(namespace)) return;
    const mine = above;
    const { signal } = running;
    const found = createMapModel();
    try {
      await last.source.loadNamespace(namespace, toWindow(last.time, now()), (edges) => found.upsert(edges), signal);
    } catch {
      // It comes with the rest.
      return;
    }
    if (signal.aborted || above !== mine) return;
    mine.details.upsert([...found.links.values()].map(({ edge }) => edge));
    mine.known.add(namespace);
    publishAbove();
  }

  /** Labels of a large map, which somebody wants to filter by. */
  async function wantLabels(): Promise<void> {
    const own = model;
    if (last === undefined || labelled.has(own) || own.links.size <= LARGE_MAP_EDGES) return;
    labelled.add(own);
    const { signal } = running;
    try {
      await last.source.loadLabels((workloads) => own.label(workloads), signal);
    } catch {
      labelled.delete(own);
      return;
    }
    if (!signal.aborted && model === own) publishSoon();
  }

  return {
    open,
    reload,
    want,
    wantLabels,
    stop: (): void => running.abort(),
    getSnapshot: (): SessionSnapshot => snapshot,
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type MapSession = ReturnType<typeof createMapSession>;

async function loadWhole(source: MapSource, window: TimeWindow, signal: AbortSignal): Promise<MapModel> {
  const model = createMapModel();
  await source.load(window, (edges) => model.upsert(edges), signal);
  return model;
}
