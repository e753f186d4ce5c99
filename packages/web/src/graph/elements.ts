import { isServerProtected } from './model.ts';
import type { ViewEdge, ViewGraph, ViewNode } from './view-graph.ts';

/** What the drawing needs of one element: plain data, so that it can be compared, tested and sent to a worker. */
export interface NodeElement {
  readonly id: string;
  readonly parent?: string;
  readonly label: string;
  /** Space-separated: kind of thing and its states. */
  readonly classes: string;
  /** Pixels at zoom 1; boxes have none, they enclose their content. */
  readonly width?: number;
  readonly height?: number;
}

export interface EdgeElement {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly classes: string;
  /** Pixels at zoom 1. */
  readonly width: number;
}

export interface GraphElements {
  readonly nodes: ReadonlyMap<string, NodeElement>;
  readonly edges: ReadonlyMap<string, EdgeElement>;
}

const LABEL_CHARS = 30;
/** Average advance of a character at 12 px in the interface fonts. */
const CHAR_PX = 6.9;

/** What lines tell: the kind of call, or what policies say about it. */
export type LinesMode = 'kind' | 'protection';

/** `now` decides the tone: what was seen lately is drawn stronger. */
export function toElements(view: ViewGraph, now: number, lines: LinesMode = 'kind'): GraphElements {
  const nodes = new Map<string, NodeElement>();
  for (const box of view.boxes) {
    nodes.set(box.id, {
      id: box.id,
      label: shorten(box.label),
      classes: `box ${box.level}`,
      ...(box.parent === undefined ? {} : { parent: box.parent }),
    });
  }
  const guarded = lines === 'protection' ? guardedNodes(view) : new Map<string, string>();
  for (const node of view.nodes) nodes.set(node.id, toNodeElement(node, guarded.get(node.id)));
  const edges = new Map<string, EdgeElement>();
  for (const edge of view.edges) edges.set(edge.id, toEdgeElement(edge, now, lines));
  return { nodes, edges };
}

/** Servers: `exposed` when no policy restricts who may call them. A group is as exposed as its most exposed member. */
function guardedNodes({ edges }: ViewGraph): Map<string, string> {
  const guarded = new Map<string, string>();
  for (const { target, links } of edges) {
    for (const link of links) {
      const isProtected = isServerProtected(link);
      if (isProtected === false) guarded.set(target, 'exposed');
      else if (isProtected === true && !guarded.has(target)) guarded.set(target, 'protected');
    }
  }
  return guarded;
}

function toNodeElement(node: ViewNode, guarded: string | undefined): NodeElement {
  const isGroup = node.shape === 'group';
  const short = shorten(node.label);
  const label = isGroup ? `${short}\n${node.size} ${groupNoun(node)}` : short;
  const longest = Math.max(...label.split('\n').map((line) => line.length));
  return {
    id: node.id,
    label,
    classes: `peer ${node.shape}${isGroup ? ` ${node.level ?? ''}` : ''}${guarded === undefined ? '' : ` ${guarded}`}`,
    width: Math.round(longest * CHAR_PX + (isGroup ? 34 : 24)),
    height: isGroup ? 46 : 28,
    ...(node.parent === undefined ? {} : { parent: node.parent }),
  };
}

function groupNoun(node: ViewNode): string {
  const one = node.size === 1;
  if (node.id === 'o:internet') return one ? 'peer' : 'peers';
  if (node.id === 'o:node') return one ? 'node' : 'nodes';
  if (node.level === 'outside') return one ? 'resource' : 'resources';
  return one ? 'workload' : 'workloads';
}

/** Keeps both ends of a long name: they tell names of one family apart. */
export function shorten(label: string): string {
  if (label.length <= LABEL_CHARS) return label;
  const head = Math.ceil((LABEL_CHARS - 1) / 2);
  return `${label.slice(0, head)}…${label.slice(label.length - (LABEL_CHARS - 1 - head))}`;
}

function toEdgeElement(edge: ViewEdge, now: number, lines: LinesMode): EdgeElement {
  const classes = ['link', lines === 'kind' ? edge.kind : `by-${edge.policy ?? 'unknown'}`, ageClass(now - edge.lastSeenAt)];
  if (edge.lookedUpOnly && lines === 'kind') classes.push('looked-up');
  if (edge.denied) classes.push('denied');
  else if (edge.undeclared) classes.push('undeclared');
  else if (edge.unseen) classes.push('unseen');
  if (edge.change !== undefined) classes.push(edge.change);
  return { id: edge.id, source: edge.source, target: edge.target, classes: classes.join(' '), width: edgeWidth(edge.count) };
}

/** 1 to 5 pixels, half a pixel for each tenfold count, so that a rising count rarely redraws. */
export function edgeWidth(count: number): number {
  return Math.min(5, 1 + Math.round(Math.log10(Math.max(1, count))) / 2);
}

const HOUR_MS = 3_600_000;

export function ageClass(ageMs: number): 'fresh' | 'recent' | 'old' {
  if (ageMs <= HOUR_MS) return 'fresh';
  return ageMs <= 24 * HOUR_MS ? 'recent' : 'old';
}

export interface ElementChange {
  readonly addedNodes: readonly NodeElement[];
  readonly addedEdges: readonly EdgeElement[];
  readonly changedNodes: readonly NodeElement[];
  readonly changedEdges: readonly EdgeElement[];
  /** Ids; edges of removed nodes are listed too. */
  readonly removedNodes: readonly string[];
  readonly removedEdges: readonly string[];
}

/** What to do to get from one picture to the next. A changed parent is a removal and an addition. */
export function diffElements(before: GraphElements, after: GraphElements): ElementChange {
  const addedNodes: NodeElement[] = [];
  const changedNodes: NodeElement[] = [];
  const removedNodes = [...before.nodes.keys()].filter((id) => !after.nodes.has(id));
  for (const node of after.nodes.values()) {
    const old = before.nodes.get(node.id);
    if (old === undefined) addedNodes.push(node);
    else if (old.label !== node.label || old.classes !== node.classes || old.parent !== node.parent || old.width !== node.width) {
      changedNodes.push(node);
    }
  }
  const addedEdges: EdgeElement[] = [];
  const changedEdges: EdgeElement[] = [];
  const removedEdges = [...before.edges.keys()].filter((id) => !after.edges.has(id));
  for (const edge of after.edges.values()) {
    const old = before.edges.get(edge.id);
    if (old === undefined) addedEdges.push(edge);
    else if (old.classes !== edge.classes || old.width !== edge.width) changedEdges.push(edge);
  }
  return { addedNodes, addedEdges, changedNodes, changedEdges, removedNodes, removedEdges };
}
