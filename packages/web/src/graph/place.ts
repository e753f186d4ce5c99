import type { GraphElements } from './elements.ts';
import { packLayout } from './packed-layout.ts';
import type { Point } from './packed-layout.ts';
import { makeSpace } from './make-space.ts';
import { separate } from './separate.ts';

/** Nodes that share more than this with what was laid out before keep their places; else the map is laid out anew. */
const KEEP_SHARE = 0.5;
const MAX_OPENED = 4;

export interface Placement {
  /** Centre of every node that is not a box. */
  readonly positions: ReadonlyMap<string, Point>;
  /** Nothing worth keeping was known: the whole map may be laid out. */
  readonly isFresh: boolean;
}

/**
 * Gives every node a place. Known places never move; a new node goes next to what it talks to, else next to its
 * group's other members, on the nearest free spot.
 */
export function placeNodes(elements: GraphElements, known: ReadonlyMap<string, Point>): Placement {
  const leaves = [...elements.nodes.values()].filter((node) => node.width !== undefined);
  const kept = leaves.filter((node) => known.has(node.id));
  if (leaves.length === 0) return { positions: new Map(), isFresh: false };
  const keptIds = new Set(kept.map((node) => node.id));
  const opened = openedBoxes(elements, known, keptIds);
  const anchored = leaves.filter((node) => !keptIds.has(node.id) && node.parent !== undefined && opened.has(node.parent)).length;
  // Making room for many boxes at once would only stretch the map.
  if (opened.size > MAX_OPENED || kept.length + anchored < Math.max(1, leaves.length * KEEP_SHARE))
    return { positions: packLayout(elements), isFresh: true };

  const positions = new Map<string, Point>();
  for (const node of kept) {
    const at = known.get(node.id);
    if (at !== undefined) positions.set(node.id, at);
  }
  for (const [box, at] of opened) makeSpace(elements, positions, box, at);
  if (opened.size > 0) for (const [id, at] of separate(elements, positions)) positions.set(id, at);
  const taken = createSpots();
  for (const at of positions.values()) taken.take(at);
  const neighbours = neighboursOf(elements);
  const siblings = new Map<string, Point[]>();
  for (const node of leaves) {
    const at = positions.get(node.id);
    if (node.parent !== undefined && at !== undefined) siblings.set(node.parent, [...(siblings.get(node.parent) ?? []), at]);
  }
  const centre = mean([...positions.values()]) ?? { x: 0, y: 0 };
  for (const node of leaves) {
    if (positions.has(node.id)) continue;
    const near = (neighbours.get(node.id) ?? []).flatMap((id) => positions.get(id) ?? []);
    const family = node.parent === undefined ? [] : (siblings.get(node.parent) ?? []);
    // Inside an existing box a node stays with its family, or it would stretch the box across the map.
    const spot = taken.nearest(mean(family) ?? mean(near) ?? centre);
    positions.set(node.id, spot);
    taken.take(spot);
    if (node.parent !== undefined) siblings.set(node.parent, [...family, spot]);
  }
  return { positions, isFresh: false };
}

/** Boxes that were one node until now: all of their content is new, and goes where that node was. */
function openedBoxes(elements: GraphElements, known: ReadonlyMap<string, Point>, kept: ReadonlySet<string>): Map<string, Point> {
  const withOld = new Set<string>();
  for (const node of elements.nodes.values()) if (kept.has(node.id) && node.parent !== undefined) withOld.add(node.parent);
  const opened = new Map<string, Point>();
  for (const node of elements.nodes.values()) {
    const at = known.get(node.id);
    if (node.width === undefined && at !== undefined && !withOld.has(node.id)) opened.set(node.id, at);
  }
  return opened;
}

function neighboursOf(elements: GraphElements): Map<string, string[]> {
  const map = new Map<string, string[]>();
  const add = (from: string, to: string) => {
    const list = map.get(from);
    if (list === undefined) map.set(from, [to]);
    else list.push(to);
  };
  for (const { source, target } of elements.edges.values()) {
    add(source, target);
    add(target, source);
  }
  return map;
}

function mean(points: readonly Point[]): Point | undefined {
  if (points.length === 0) return undefined;
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

const SPOT_WIDTH = 170;
const SPOT_HEIGHT = 52;
const MAX_RING = 60;

/** Coarse grid of taken spots; the search goes around in rings, nearest first. */
function createSpots() {
  const used = new Set<string>();
  const cell = ({ x, y }: Point): readonly [number, number] => [Math.round(x / SPOT_WIDTH), Math.round(y / SPOT_HEIGHT)];
  return {
    take(point: Point): void {
      used.add(cell(point).join(','));
    },
    nearest(point: Point): Point {
      const [column, row] = cell(point);
      for (let ring = 0; ring <= MAX_RING; ring += 1) {
        for (let dy = -ring; dy <= ring; dy += 1) {
          for (let dx = -ring; dx <= ring; dx += 1) {
            if (Math.max(Math.abs(dx), Math.abs(dy)) !== ring || used.has(`${column + dx},${row + dy}`)) continue;
            return { x: (column + dx) * SPOT_WIDTH, y: (row + dy) * SPOT_HEIGHT };
          }
        }
      }
      return point;
    },
  };
}
