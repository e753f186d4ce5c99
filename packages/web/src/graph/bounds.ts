import type { GraphElements } from './elements.ts';
import type { Point } from './packed-layout.ts';

/** A rectangle on the map, pixels at zoom 1. */
export interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Space between a box and what is in it. */
export const BOX_PADDING = 18;

/** Rectangles of all nodes that have a place, and of the boxes around them. */
export function elementBounds({ nodes }: GraphElements, positionOf: (id: string) => Point | undefined): Map<string, Bounds> {
  const bounds = new Map<string, Bounds>();
  for (const node of nodes.values()) {
    const at = node.width === undefined ? undefined : positionOf(node.id);
    if (at === undefined) continue;
    const [w, h] = [(node.width ?? 0) / 2, (node.height ?? 0) / 2];
    let around: Bounds = { left: at.x - w, top: at.y - h, right: at.x + w, bottom: at.y + h };
    bounds.set(node.id, around);
    for (let parent = node.parent; parent !== undefined; parent = nodes.get(parent)?.parent) {
      around = grow(around, BOX_PADDING);
      const known = bounds.get(parent);
      bounds.set(parent, known === undefined ? around : union(known, around));
    }
  }
  return bounds;
}

/** The smallest rectangle around all; a point at the origin when there is none. */
export function totalBounds(all: Iterable<Bounds>): Bounds {
  let total: Bounds | undefined;
  for (const bounds of all) total = total === undefined ? bounds : union(total, bounds);
  return total ?? { left: 0, top: 0, right: 0, bottom: 0 };
}

export function grow({ left, top, right, bottom }: Bounds, by: number): Bounds {
  return { left: left - by, top: top - by, right: right + by, bottom: bottom + by };
}

export function centreOf({ left, top, right, bottom }: Bounds): Point {
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

/** Calls both ways between two nodes keep this much apart from the middle. */
const LANE = 4;

/** Where a line from one rectangle to another begins and ends; with `isBothWays` it keeps to its right. */
export function lineBetween(from: Bounds, to: Bounds, isBothWays: boolean): readonly [start: Point, end: Point] {
  const [a, b] = [centreOf(from), centreOf(to)];
  const [start, end] = [borderPoint(from, b), borderPoint(to, a)];
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (!isBothWays || length === 0) return [start, end];
  const [x, y] = [(-(b.y - a.y) / length) * LANE, ((b.x - a.x) / length) * LANE];
  return [
    { x: start.x + x, y: start.y + y },
    { x: end.x + x, y: end.y + y },
  ];
}

/** Where the line from the middle of a rectangle towards a point leaves it. */
function borderPoint(at: Bounds, towards: Point): Point {
  const from = centreOf(at);
  const [dx, dy] = [towards.x - from.x, towards.y - from.y];
  if (dx === 0 && dy === 0) return from;
  const scale = Math.min((at.right - at.left) / 2 / Math.abs(dx || 1e-9), (at.bottom - at.top) / 2 / Math.abs(dy || 1e-9), 1);
  return { x: from.x + dx * scale, y: from.y + dy * scale };
}

function union(a: Bounds, b: Bounds): Bounds {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}
