import type { Core, ElementDefinition } from 'cytoscape';
import { diffElements } from '../graph/elements.ts';
import type { EdgeElement, GraphElements, NodeElement } from '../graph/elements.ts';
import type { Point } from '../graph/packed-layout.ts';

/** What the library holds. */
export interface DrawnElements {
  readonly nodes: Map<string, NodeElement>;
  readonly edges: Map<string, EdgeElement>;
}

export interface ElementJobs {
  readonly removed: number;
  readonly total: number;
  /** Each of them short; in this order. */
  readonly jobs: readonly (() => void)[];
}

/** What must be done, a few elements at a time, so that the library holds the next picture. */
export function toElementJobs(cy: Core, drawn: DrawnElements, next: GraphElements, positions: ReadonlyMap<string, Point>): ElementJobs {
  const change = diffElements(drawn, next);
  const jobs: (() => void)[] = [];
  const each = <T>(items: readonly T[], work: (slice: readonly T[]) => void): void => {
    for (let start = 0; start < items.length; start += SLICE) jobs.push(() => work(items.slice(start, start + SLICE)));
  };
  each(change.removedEdges, (ids) => remove(cy, ids, drawn));
  each(change.addedNodes.toSorted(boxesFirst(next)), (nodes) => {
    cy.add(nodes.map((node) => toNodeDefinition(node, positions)));
    for (const node of nodes) drawn.nodes.set(node.id, node);
  });
  each(change.changedNodes, (nodes) => {
    for (const node of nodes) updateNode(cy, node, drawn);
  });
  each(change.removedNodes, (ids) => remove(cy, ids, drawn));
  each(change.addedEdges, (edges) => {
    cy.add(edges.map(toEdgeDefinition));
    for (const edge of edges) drawn.edges.set(edge.id, edge);
  });
  each(change.changedEdges, (edges) => {
    for (const edge of edges) {
      cy.getElementById(edge.id).data('width', edge.width).classes(edge.classes);
      drawn.edges.set(edge.id, edge);
    }
  });
  const removed = change.removedEdges.length + change.removedNodes.length;
  const rest = change.addedNodes.length + change.addedEdges.length + change.changedNodes.length + change.changedEdges.length;
  return { removed, total: removed + rest, jobs };
}

/** Elements in one job: a millisecond or two. */
const SLICE = 20;

function toNodeDefinition(
  { id, parent, label, classes, width, height }: NodeElement,
  positions: ReadonlyMap<string, Point>,
): ElementDefinition {
  const data = { id, label, ...(parent === undefined ? {} : { parent }), ...(width === undefined ? {} : { width, height }) };
  const at = positions.get(id);
  return { group: 'nodes', data, classes, ...(width === undefined || at === undefined ? {} : { position: { ...at } }) };
}

function toEdgeDefinition({ id, source, target, width, classes }: EdgeElement): ElementDefinition {
  return { group: 'edges', data: { id, source, target, width }, classes };
}

/** Parents must exist before what is in them. */
function boxesFirst({ nodes }: GraphElements): (a: NodeElement, b: NodeElement) => number {
  const depth = (node: NodeElement): number => {
    let [levels, parent] = [node.width === undefined ? 0 : 100, node.parent];
    for (; parent !== undefined; parent = nodes.get(parent)?.parent) levels += 1;
    return levels;
  };
  return (a, b) => depth(a) - depth(b);
}

function updateNode(cy: Core, node: NodeElement, drawn: DrawnElements): void {
  const element = cy.getElementById(node.id);
  const old = drawn.nodes.get(node.id);
  if (old?.parent !== node.parent) element.move({ parent: node.parent ?? null });
  element.data({ label: node.label, width: node.width, height: node.height }).classes(node.classes);
  drawn.nodes.set(node.id, node);
}

function remove(cy: Core, ids: readonly string[], drawn: DrawnElements): void {
  for (const id of ids) {
    const element = cy.getElementById(id);
    // What stays must not go down with its box.
    if (element.isParent()) element.children().move({ parent: null });
    element.remove();
    drawn.nodes.delete(id);
    drawn.edges.delete(id);
  }
}
