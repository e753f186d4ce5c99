import type { GraphElements, NodeElement } from './elements.ts';
import { packLayout } from './packed-layout.ts';
import type { Point } from './packed-layout.ts';

/** Room that a box takes beyond the centres of its nodes. */
const MARGIN = 70;

/**
 * Opens a box where one node stood: lays its content out around that point and moves everything else just far enough
 * aside, whole boxes at a time, so that the order of the map stays. Adds to `positions`.
 */
export function makeSpace(elements: GraphElements, positions: Map<string, Point>, boxId: string, at: Point): void {
  const inside = new Map([...elements.nodes].filter(([id]) => id === boxId || isBelow(elements, id, boxId)));
  const root: NodeElement | undefined = elements.nodes.get(boxId);
  if (root === undefined) return;
  const { parent: _parent, ...alone } = root;
  const block = packLayout({ nodes: inside.set(boxId, alone), edges: new Map() });
  if (block.size === 0) return;
  const xs = [...block.values()].map(({ x }) => x);
  const ys = [...block.values()].map(({ y }) => y);
  const [left, right] = [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];
  const [top, bottom] = [ys.reduce((a, b) => Math.min(a, b)), ys.reduce((a, b) => Math.max(a, b))];
  const [halfWidth, halfHeight] = [(right - left) / 2 + MARGIN, (bottom - top) / 2 + MARGIN];

  for (const members of unitsOf(elements, positions).values()) {
    const middle = centreOf(members, positions);
    const [dx, dy] = [middle.x - at.x, middle.y - at.y];
    // Those above and below move up and down, the others sideways: fewest moves, no two swap places.
    const isColumn = Math.abs(dx) < MARGIN && Math.abs(dy) > 1;
    const shift = isColumn ? { x: 0, y: Math.sign(dy) * halfHeight } : { x: (Math.sign(dx) || 1) * halfWidth, y: 0 };
    for (const id of members) {
      const old = positions.get(id);
      if (old !== undefined) positions.set(id, { x: old.x + shift.x, y: old.y + shift.y });
    }
  }
  for (const [id, { x, y }] of block) positions.set(id, { x: x - (left + right) / 2 + at.x, y: y - (top + bottom) / 2 + at.y });
}

/** Placed nodes by their outermost box; those without one by themselves. */
function unitsOf(elements: GraphElements, positions: ReadonlyMap<string, Point>): Map<string, string[]> {
  const units = new Map<string, string[]>();
  for (const id of positions.keys()) {
    let unit = id;
    for (let parent = elements.nodes.get(id)?.parent; parent !== undefined; parent = elements.nodes.get(parent)?.parent) unit = parent;
    const list = units.get(unit);
    if (list === undefined) units.set(unit, [id]);
    else list.push(id);
  }
  return units;
}

function centreOf(ids: readonly string[], positions: ReadonlyMap<string, Point>): Point {
  let [x, y] = [0, 0];
  for (const id of ids) {
    const at = positions.get(id);
    x += (at?.x ?? 0) / ids.length;
    y += (at?.y ?? 0) / ids.length;
  }
  return { x, y };
}

function isBelow(elements: GraphElements, id: string, boxId: string): boolean {
  for (let parent = elements.nodes.get(id)?.parent; parent !== undefined; parent = elements.nodes.get(parent)?.parent) {
    if (parent === boxId) return true;
  }
  return false;
}
