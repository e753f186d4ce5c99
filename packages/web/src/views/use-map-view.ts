import { useMemo } from 'react';
import type { SessionSnapshot } from '../data/session.ts';
import type { UrlState } from '../data/url-state.ts';
import { compareLinks } from '../graph/compare.ts';
import type { Change, ComparedLinks } from '../graph/compare.ts';
import { toElements } from '../graph/elements.ts';
import type { GraphElements } from '../graph/elements.ts';
import { filterLinks } from '../graph/filter.ts';
import { focusLinks } from '../graph/focus.ts';
import { groupNodes } from '../graph/group.ts';
import type { Grouping } from '../graph/group.ts';
import type { MapLink } from '../graph/model.ts';
import { toViewGraph } from '../graph/view-graph.ts';
import type { ViewGraph } from '../graph/view-graph.ts';

export interface MapView {
  /** What passes filter and focus. */
  readonly links: readonly MapLink[];
  readonly changes?: ReadonlyMap<string, Change>;
  readonly changeCounts?: ComparedLinks['counts'];
  readonly grouping: Grouping;
  readonly graph: ViewGraph;
  readonly elements: GraphElements;
}

/** The whole pipeline: model → filter → focus → compare → group → simplify → elements; each step again only if its input changed. */
export function useMapView(snapshot: SessionSnapshot, url: UrlState, now: number): MapView {
  const { model, version, before } = snapshot;
  const { filter, focus, opened, closed } = url;
  const compared = useMemo((): Pick<MapView, 'links' | 'changes' | 'changeCounts'> => {
    const narrow = (links: MapLink[]): MapLink[] => (focus === undefined ? links : focusLinks(links, focus));
    const links = narrow(filterLinks(model, filter));
    if (before === undefined) return { links };
    const result = compareLinks(narrow(filterLinks(before, filter)), links);
    return { links: result.links, changes: result.changes, changeCounts: result.counts };
    // The model is mutable; its version says when it changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [model, version, before, filter, focus]);
  const grouping = useMemo(() => groupNodes(compared.links), [compared]);
  const graph = useMemo(
    () => toViewGraph(compared.links, grouping, { opened: new Set(opened), closed: new Set(closed) }, compared.changes),
    [compared, grouping, opened, closed],
  );
  const elements = useMemo(() => toElements(graph, now), [graph, now]);
  return useMemo(() => ({ ...compared, grouping, graph, elements }), [compared, grouping, graph, elements]);
}
