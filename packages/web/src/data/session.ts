import { createMapModel, MAX_EDGES } from '../graph/model.ts';
import type { MapModel, MutableMapModel } from '../graph/model.ts';
import type { ActivitySeries } from '../graph/activity.ts';
import type { LiveState, LoadProgress, MapSource, UiStatus } from './source.ts';
import { toWindow } from './time-range.ts';
import type { TimeRange, TimeWindow } from './time-range.ts';

/** What the views show of a source; a new object with every change. */
export interface SessionSnapshot {
  readonly source?: MapSource;
  readonly phase: 'starting' | 'loading' | 'ready' | 'failed';
  readonly error?: string;
  readonly model: MapModel;
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
}

/** Pages and live changes reach the views at most this often, rarer for large maps. */
const PUBLISH_MS = 250;
const PUBLISH_LARGE_MS = 1_200;
const LARGE_EDGES = 5_000;
/** Up to so many edges the first picture waits for the last page: it comes soon, and nothing has to move then. */
const AT_ONCE_EDGES = 3_000;
const STATUS_EVERY_MS = 30_000;
export const ACTIVITY_BUCKETS = 120;

/** Loads a source's map, follows its changes and tells listeners. */
export function createMapSession({ now, schedule }: SessionDeps) {
  let snapshot: SessionSnapshot = { phase: 'starting', model: createMapModel(), version: 0, window: {}, notLoaded: 0 };
  const listeners = new Set<() => void>();
  let running = new AbortController();
  let cancelPublish: (() => void) | undefined;

  const publish = (change: Partial<SessionSnapshot>): void => {
    snapshot = { ...snapshot, ...change };
    for (const listener of listeners) listener();
  };
  /** Many small changes of the model become one for the views. */
  const publishSoon = (model: MutableMapModel): void => {
    if (cancelPublish !== undefined) return;
    cancelPublish = schedule(
      () => {
        cancelPublish = undefined;
        // Of a large map only the first page and the whole are drawn: drawing in between would hold up its loading.
        const isDrawn = snapshot.phase !== 'loading' || (snapshot.progress?.total ?? 0) <= LARGE_EDGES;
        publish(isDrawn ? { model, version: snapshot.version + 1 } : {});
      },
      snapshot.phase !== 'loading' && model.links.size > LARGE_EDGES ? PUBLISH_LARGE_MS : PUBLISH_MS,
    );
  };

  async function load(source: MapSource, time: TimeRange, compare: TimeRange | undefined, signal: AbortSignal): Promise<void> {
    const model = createMapModel();
    let isFirst = true;
    const { before: _before, error: _error, activity: _activity, ...rest } = snapshot;
    snapshot = { ...rest, source, phase: 'loading' };
    publish({});
    try {
      const { window } = await source.load(
        toWindow(time, now()),
        (edges, progress) => {
          if (signal.aborted) return;
          model.upsert(edges);
          const notLoaded = Math.max(0, progress.total - MAX_EDGES);
          if (progress.total <= AT_ONCE_EDGES && progress.loaded < progress.total) return;
          // The old picture stays until there is something new to show.
          if (isFirst) publish({ model, version: snapshot.version + 1, progress, notLoaded });
          else {
            snapshot = { ...snapshot, progress };
            publishSoon(model);
          }
          isFirst = false;
        },
        signal,
      );
      const before = compare === undefined ? undefined : await loadWhole(source, toWindow(compare, now()), signal);
      if (signal.aborted) return;
      cancelPublish?.();
      cancelPublish = undefined;
      const { progress: _progress, ...loaded } = snapshot;
      performance.mark('nm-map-loaded');
      snapshot = { ...loaded, phase: 'ready', window, model, version: snapshot.version + 1, ...(before === undefined ? {} : { before }) };
      publish({});
      await Promise.all([follow(source, model, signal), loadActivity(source, time, signal), watchStatus(source, signal)]);
    } catch (error) {
      if (signal.aborted) return;
      publish({ phase: 'failed', error: error instanceof Error ? error.message : String(error) });
    }
  }

  async function follow(source: MapSource, model: MutableMapModel, signal: AbortSignal): Promise<void> {
    await source.follow(
      ({ edges, reset }) => {
        if (signal.aborted) return;
        if (reset) return reload();
        if (edges.length === 0) return;
        model.upsert(edges);
        publishSoon(model);
      },
      (live) => {
        if (!signal.aborted && live !== snapshot.live) publish({ live });
      },
      signal,
    );
  }

  async function loadActivity(source: MapSource, time: TimeRange, signal: AbortSignal): Promise<void> {
    try {
      const activity = await source.loadActivity({ window: toWindow(time, now()), buckets: ACTIVITY_BUCKETS }, signal);
      if (activity !== undefined && !signal.aborted) publish({ activity });
    } catch {
      // The map is worth showing without its time bar.
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
      await new Promise<void>((resolve) => {
        const cancel = schedule(resolve, STATUS_EVERY_MS);
        signal.addEventListener('abort', () => (cancel(), resolve()), { once: true });
      });
    }
  }

  let last: { readonly source: MapSource; readonly time: TimeRange; readonly compare?: TimeRange } | undefined;
  function open(source: MapSource, time: TimeRange, compare?: TimeRange): void {
    running.abort();
    running = new AbortController();
    cancelPublish?.();
    cancelPublish = undefined;
    last = { source, time, ...(compare === undefined ? {} : { compare }) };
    void load(source, time, compare, running.signal);
  }
  function reload(): void {
    if (last !== undefined) open(last.source, last.time, last.compare);
  }

  return {
    open,
    reload,
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
