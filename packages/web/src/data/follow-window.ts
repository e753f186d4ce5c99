import type { MapLink } from '../graph/model.ts';
import type { UiEdge } from '../graph/ui-edge.ts';
import { toLiveChange } from './live-window.ts';
import type { LiveState, MapSource } from './source.ts';
import type { TimeWindow } from './time-range.ts';

export interface FollowDeps {
  readonly source: MapSource;
  readonly schedule: (run: () => void, ms: number) => () => void;
  /** The window as it is now. */
  readonly window: () => TimeWindow;
  /** What the map has. */
  readonly links: () => ReadonlyMap<string, MapLink>;
}

export interface FollowTarget {
  /** Changes that come before are kept back, the newest of each edge. */
  readonly begin: Promise<unknown>;
  readonly onEdges: (edges: readonly UiEdge[]) => void;
  readonly onState: (state: LiveState) => void;
  readonly onReset: () => void;
}

/** Changed edges are counted within the window at most this often, at most so many at once (docs/limits.md). */
const COUNT_EVERY_MS = 5_000;
const MAX_COUNTED = 1_000;
/** Changes kept back during a load; with more of them the map is loaded again (docs/limits.md). */
const MAX_EARLY = 20_000;

/** Follows a source's changes and tells what they mean for the window, until the signal aborts. */
export async function followWindow(deps: FollowDeps, target: FollowTarget, signal: AbortSignal): Promise<void> {
  const { source, schedule, window, links } = deps;
  const early = new Map<string, UiEdge>();
  const uncounted = new Set<string>();
  let hasBegun = false;
  let isOverfull = false;
  let cancelCount: (() => void) | undefined;
  signal.addEventListener('abort', () => cancelCount?.(), { once: true });

  const count = async (): Promise<void> => {
    cancelCount = undefined;
    const ids = [...uncounted].slice(0, MAX_COUNTED);
    uncounted.clear();
    const counted = await source.loadEdges(ids, window(), signal).catch(() => []);
    if (!signal.aborted && counted.length > 0) target.onEdges(counted);
  };
  const apply = (edges: readonly UiEdge[]): void => {
    const change = toLiveChange(edges, links(), window());
    for (const id of change.ids) uncounted.add(id);
    if (uncounted.size > 0) cancelCount ??= schedule(() => void count(), COUNT_EVERY_MS);
    if (change.edges.length > 0) target.onEdges(change.edges);
  };
  void target.begin.then(() => {
    hasBegun = true;
    if (signal.aborted) return;
    if (isOverfull) return target.onReset();
    apply([...early.values()]);
    early.clear();
  });
  await source.follow(
    ({ edges, reset }) => {
      if (signal.aborted) return;
      if (reset) return target.onReset();
      if (hasBegun) return apply(edges);
      for (const edge of edges) early.set(edge.id, edge);
      if (early.size <= MAX_EARLY) return;
      isOverfull = true;
      early.clear();
    },
    (state) => !signal.aborted && target.onState(state),
    signal,
  );
}
