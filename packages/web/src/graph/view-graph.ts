import type { PeerType, PolicyState } from '@nm/core';
import type { Change } from './compare.ts';
import type { GroupLevel, Grouping, MapGroup } from './group.ts';
import type { LinkKind, MapLink, MapNode } from './model.ts';
import { finish, STEP_SIZE } from './steps.ts';
import type { Steps } from './steps.ts';

/** Above so many visible nodes, groups start collapsed. */
export const AUTO_COLLAPSE_NODES = 500;
/** Edges drawn at most, heaviest first; the rest is counted and said. */
export const MAX_DRAWN_EDGES = 6_000;
/** Between groups that are still closed fewer say more. */
export const MAX_OVERVIEW_EDGES = 600;

export interface ViewNode {
  readonly id: string;
  readonly label: string;
  readonly shape: PeerType | 'group';
  readonly parent?: string;
  /** Nodes that a collapsed group stands for; 1 for a peer. */
  readonly size: number;
  readonly level?: GroupLevel;
  readonly node?: MapNode;
}

export interface ViewEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly kind: LinkKind;
  readonly count: number;
  readonly lastSeenAt: number;
  readonly lookedUpOnly: boolean;
  readonly denied: boolean;
  readonly undeclared: boolean;
  /** Only declared: nothing of it was ever observed. */
  readonly unseen: boolean;
  /** Of several calls the one that most wants to be looked at. */
  readonly policy?: PolicyState;
  readonly change?: Change;
  readonly links: readonly MapLink[];
}

/** What is drawn: open groups as boxes, peers and collapsed groups as nodes, one edge per pair. */
export interface ViewGraph {
  readonly boxes: readonly MapGroup[];
  readonly nodes: readonly ViewNode[];
  readonly edges: readonly ViewEdge[];
  /** Groups started collapsed because there was too much to show at once. */
  readonly autoCollapsed: boolean;
  readonly edgesNotDrawn: number;
}

export interface GroupChoice {
  /** Groups that the user opened or closed; the rest follows the size of the map. */
  readonly opened: ReadonlySet<string>;
  readonly closed: ReadonlySet<string>;
  /** The map is still being loaded: what fits now would not fit soon, so groups start collapsed. */
  readonly isPartial?: boolean;
}

export function toViewGraph(
  links: readonly MapLink[],
  grouping: Grouping,
  choice: GroupChoice,
  changes?: ReadonlyMap<string, Change>,
  maxEdges: number = MAX_DRAWN_EDGES,
): ViewGraph {
  return finish(viewSteps(links, grouping, choice, changes, maxEdges));
}

/** The same in steps. */
export function* viewSteps(
  links: readonly MapLink[],
  grouping: Grouping,
  choice: GroupChoice,
  changes?: ReadonlyMap<string, Change>,
  maxEdges: number = MAX_DRAWN_EDGES,
): Steps<ViewGraph> {
  const { collapsed, auto } = collapsedGroups(grouping, choice);
  const standIn = new Map<string, string>();
  const nodes = new Map<string, ViewNode>();
  const openBoxes = new Set<string>();
  let done = 0;
  for (const node of grouping.nodes) {
    if (++done % STEP_SIZE === 0) yield;
    const parent = grouping.groupOf.get(node.id);
    const closed = outermostCollapsed(parent, grouping, collapsed);
    if (closed === undefined) {
      standIn.set(node.id, node.id);
      nodes.set(node.id, { id: node.id, label: node.name, shape: node.type, size: 1, node, ...(parent === undefined ? {} : { parent }) });
      openAncestors(parent, grouping, openBoxes);
      continue;
    }
    standIn.set(node.id, closed.id);
    if (nodes.has(closed.id)) continue;
    const { id, label, size, level, parent: above } = closed;
    nodes.set(id, { id, label, shape: 'group', size, level, ...(above === undefined ? {} : { parent: above }) });
    openAncestors(above, grouping, openBoxes);
  }
  const merged = yield* mergeLinks(links, standIn, changes);
  const isClosed = (id: string): boolean => nodes.get(id)?.shape === 'group';
  const { between = [], others = [] } = Object.groupBy(merged, ({ source, target }) =>
    auto && isClosed(source) && isClosed(target) ? 'between' : 'others',
  );
  const edges = [...heaviest(between, Math.min(maxEdges, MAX_OVERVIEW_EDGES)), ...heaviest(others, maxEdges)];
  return {
    boxes: [...openBoxes].flatMap((id) => grouping.groups.get(id) ?? []),
    nodes: [...nodes.values()],
    edges,
    autoCollapsed: auto,
    edgesNotDrawn: merged.length - edges.length,
  };
}

/** What is denied is never among those left out. */
function heaviest(edges: readonly ViewEdge[], limit: number): readonly ViewEdge[] {
  if (edges.length <= limit) return edges;
  return edges.toSorted((a, b) => Number(b.denied) - Number(a.denied) || b.count - a.count).slice(0, limit);
}

/** Closes the innermost groups when there are too many nodes, then the level above while there still are. */
function collapsedGroups(grouping: Grouping, choice: GroupChoice): { readonly collapsed: ReadonlySet<string>; readonly auto: boolean } {
  const collapsed = new Set(choice.closed);
  const levels: readonly (readonly GroupLevel[])[] = [['namespace', 'outside'], ['environment'], ['cluster']];
  let visible = choice.isPartial === true ? Number.POSITIVE_INFINITY : grouping.nodes.length;
  let auto = false;
  for (const level of levels) {
    if (visible <= AUTO_COLLAPSE_NODES) break;
    const groups = [...grouping.groups.values()].filter((group) => level.includes(group.level));
    if (groups.length === 0) continue;
    auto = true;
    for (const { id } of groups) if (!choice.opened.has(id)) collapsed.add(id);
    visible = groups.length;
  }
  return { collapsed, auto };
}

function outermostCollapsed(id: string | undefined, { groups }: Grouping, collapsed: ReadonlySet<string>): MapGroup | undefined {
  let found: MapGroup | undefined;
  for (let group = id === undefined ? undefined : groups.get(id); group !== undefined;) {
    if (collapsed.has(group.id)) found = group;
    group = group.parent === undefined ? undefined : groups.get(group.parent);
  }
  return found;
}

function openAncestors(id: string | undefined, { groups }: Grouping, open: Set<string>): void {
  for (let at = id; at !== undefined && !open.has(at); at = groups.get(at)?.parent) open.add(at);
}

/** One edge per pair of visible ends; what happens inside a collapsed group is not drawn. */
function* mergeLinks(
  links: readonly MapLink[],
  standIn: ReadonlyMap<string, string>,
  changes?: ReadonlyMap<string, Change>,
): Steps<ViewEdge[]> {
  const byPair = new Map<string, MapLink[]>();
  let done = 0;
  for (const link of links) {
    if (++done % STEP_SIZE === 0) yield;
    const source = standIn.get(link.client.id) ?? link.client.id;
    const target = standIn.get(link.server.id) ?? link.server.id;
    if (source === target && source !== link.client.id) continue;
    const id = `${source}>${target}`;
    const list = byPair.get(id);
    if (list === undefined) byPair.set(id, [link]);
    else list.push(link);
  }
  const edges: ViewEdge[] = [];
  for (const [id, list] of byPair) {
    if (++done % STEP_SIZE === 0) yield;
    const first = list[0];
    if (first === undefined) continue;
    const change = changes === undefined ? undefined : commonChange(list, changes);
    const policy = POLICY_URGENCY.find((state) => list.some((link) => link.policy === state));
    let count = 0;
    let lastSeenAt = 0;
    for (const link of list) {
      count += link.count;
      lastSeenAt = Math.max(lastSeenAt, link.lastSeenAt);
    }
    edges.push({
      id,
      source: standIn.get(first.client.id) ?? first.client.id,
      target: standIn.get(first.server.id) ?? first.server.id,
      kind: mainKind(list),
      count,
      lastSeenAt,
      lookedUpOnly: list.every((link) => link.lookedUpOnly),
      denied: list.some((link) => link.denied),
      undeclared: list.some((link) => link.edge.protection?.intents === 'undeclared'),
      unseen: list.every((link) => link.edge.protection?.intents === 'unseen'),
      ...(policy === undefined ? {} : { policy }),
      links: list,
      ...(change === undefined ? {} : { change }),
    });
  }
  return edges;
}

/** The kind of most links; more telling kinds win a tie. */
function mainKind(links: readonly MapLink[]): LinkKind {
  const counts = { kafka: 0, http: 0, cloud: 0, internet: 0, internal: 0 };
  for (const { kind } of links) counts[kind] += 1;
  return KIND_ORDER.reduce((best, kind) => (counts[kind] > counts[best] ? kind : best));
}

const POLICY_URGENCY: readonly PolicyState[] = ['denied', 'open', 'unknown', 'allowed'];

const KIND_ORDER: readonly LinkKind[] = ['kafka', 'http', 'cloud', 'internet', 'internal'];

function commonChange(links: readonly MapLink[], changes: ReadonlyMap<string, Change>): Change {
  const all = new Set(links.map((link) => changes.get(link.id) ?? 'same'));
  if (all.has('added')) return 'added';
  return all.size === 1 && all.has('gone') ? 'gone' : 'same';
}
