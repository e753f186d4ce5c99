import type { MapLink } from '../graph/model.ts';
import type { UiEdge } from '../graph/ui-edge.ts';
import type { TimeRange, TimeWindow } from './time-range.ts';

const MINUTE_MS = 60_000;
/** A window that ends now is counted anew when so much of it has passed, large maps rarer. */
const RECOUNT_SHARE = 1 / 60;
const LARGE_RECOUNT_MS = 5 * MINUTE_MS;

/** How often a window that moves with the clock is counted anew; undefined for one that stands still. */
export function recountEveryMs(time: TimeRange, isLarge: boolean): number | undefined {
  if (time.type !== 'last') return undefined;
  return Math.max(isLarge ? LARGE_RECOUNT_MS : MINUTE_MS, time.ms * RECOUNT_SHARE);
}

export interface LiveChange {
  /** What can be shown at once. */
  readonly edges: readonly UiEdge[];
  /** Edges whose counts within the window have to be asked for. */
  readonly ids: readonly string[];
}

/**
 * A live change tells the counts of all time, the map those of its window. An edge that is younger than the window is
 * shown as it came; another keeps its counts, with the new times, until it is counted; outside of the window none is new.
 */
export function toLiveChange(edges: readonly UiEdge[], known: ReadonlyMap<string, MapLink>, { since, until }: TimeWindow): LiveChange {
  const shown: UiEdge[] = [];
  const ids: string[] = [];
  for (const edge of edges) {
    const times = Object.values(edge.evidence).filter((item) => item !== undefined);
    const firstAt = Math.min(...times.map(({ firstSeen }) => Date.parse(firstSeen)));
    const lastAt = Math.max(...times.map(({ lastSeen }) => Date.parse(lastSeen)));
    const old = known.get(edge.id);
    if (lastAt < (since ?? Number.NEGATIVE_INFINITY) || firstAt > (until ?? Number.POSITIVE_INFINITY)) continue;
    const isWhole = firstAt >= (since ?? Number.NEGATIVE_INFINITY) && lastAt <= (until ?? Number.POSITIVE_INFINITY);
    if (isWhole) {
      shown.push(edge);
      continue;
    }
    ids.push(edge.id);
    if (old !== undefined) shown.push(withCounts(edge, old.edge));
  }
  return { edges: shown, ids };
}

/** The new edge with the old one's counts where it had some. */
function withCounts(edge: UiEdge, old: UiEdge): UiEdge {
  const evidence = { ...edge.evidence };
  for (const [kind, item] of Object.entries(old.evidence)) {
    const now = evidence[kind as keyof typeof evidence];
    if (item !== undefined && now !== undefined) evidence[kind as keyof typeof evidence] = { ...now, count: item.count };
  }
  return { ...edge, evidence, ports: old.ports };
}
