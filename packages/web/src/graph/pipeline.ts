import { compareLinks } from './compare.ts';
import type { Change, ComparedLinks } from './compare.ts';
import { toElements } from './elements.ts';
import type { GraphElements, LinesMode } from './elements.ts';
import { filterSteps } from './filter.ts';
import type { MapFilter } from './filter.ts';
import { focusLinks } from './focus.ts';
import type { Focus } from './focus.ts';
import { groupSteps } from './group.ts';
import type { Grouping } from './group.ts';
import type { MapLink, MapModel } from './model.ts';
import type { Steps } from './steps.ts';
import { viewSteps } from './view-graph.ts';
import type { ViewGraph } from './view-graph.ts';

export interface PipelineInput {
  readonly model: MapModel;
  /** The earlier window, while two are compared. */
  readonly before?: MapModel | undefined;
  readonly filter: MapFilter;
  readonly focus?: Focus | undefined;
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  /** More of the model is on its way. */
  readonly isPartial?: boolean;
  /** Milliseconds since the Unix epoch from which ages count. */
  readonly now: number;
  /** What lines tell; the kind of call unless said. */
  readonly lines?: LinesMode;
}

export interface MapView {
  /** What passes filter and focus. */
  readonly links: readonly MapLink[];
  readonly changes?: ReadonlyMap<string, Change>;
  readonly changeCounts?: ComparedLinks['counts'];
  readonly grouping: Grouping;
  readonly graph: ViewGraph;
  readonly elements: GraphElements;
}

/** model → filter → focus → compare → group → simplify → elements. */
export function* pipelineSteps({
  model,
  before,
  filter,
  focus,
  opened,
  closed,
  isPartial = false,
  now,
  lines,
}: PipelineInput): Steps<MapView> {
  const narrow = (links: MapLink[]): MapLink[] => (focus === undefined ? links : focusLinks(links, focus));
  const shown = narrow(yield* filterSteps(model, filter));
  const compared = before === undefined ? undefined : compareLinks(narrow(yield* filterSteps(before, filter)), shown);
  const links = compared?.links ?? shown;
  const grouping = yield* groupSteps(links);
  const graph = yield* viewSteps(links, grouping, { opened: new Set(opened), closed: new Set(closed), isPartial }, compared?.changes);
  const elements = toElements(graph, now, lines);
  return {
    links,
    grouping,
    graph,
    elements,
    ...(compared === undefined ? {} : { changes: compared.changes, changeCounts: compared.counts }),
  };
}
