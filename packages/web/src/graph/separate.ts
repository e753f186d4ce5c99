import type { GraphElements, NodeElement } from './elements.ts';
import type { Point } from './packed-layout.ts';

const ROUNDS = 60;
const GAP = 14;
const BOX_SIDE = 24;
const BOX_TOP = 40;

interface Unit {
  /** Nodes that move together: one, or all in a box. */
  readonly ids: readonly string[];
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Pushes apart what overlaps, innermost boxes first, each pair along its shorter way. A force-directed layout knows
 * sizes only roughly; names that cover each other cannot be read.
 */
export function separate(elements: GraphElements, places: ReadonlyMap<string, Point>): Map<string, Point> {
  const positions = new Map(places);
  const children = new Map<string | undefined, NodeElement[]>();
  for (const node of elements.nodes.values()) children.set(node.parent, [...(children.get(node.parent) ?? []), node]);

  const settle = (parent: string | undefined): Unit | undefined => {
    const units = (children.get(parent) ?? []).flatMap((node): Unit[] => {
      if (node.width === undefined) {
        const inner = settle(node.id);
        return inner === undefined ? [] : [inner];
      }
      const at = positions.get(node.id);
      if (at === undefined) return [];
      const [w, h] = [node.width / 2, (node.height ?? 28) / 2];
      return [{ ids: [node.id], left: at.x - w, top: at.y - h, right: at.x + w, bottom: at.y + h }];
    });
    if (units.length === 0) return undefined;
    const starts = units.map(({ left, top }) => ({ left, top }));
    pushApart(units);
    for (const [index, unit] of units.entries()) {
      const start = starts[index] ?? unit;
      const [dx, dy] = [unit.left - start.left, unit.top - start.top];
      for (const id of dx === 0 && dy === 0 ? [] : unit.ids) {
        const at = positions.get(id);
        if (at !== undefined) positions.set(id, { x: at.x + dx, y: at.y + dy });
      }
    }
    return {
      ids: units.flatMap(({ ids }) => ids),
      left: units.reduce((least, unit) => Math.min(least, unit.left), Number.POSITIVE_INFINITY) - BOX_SIDE,
      top: units.reduce((least, unit) => Math.min(least, unit.top), Number.POSITIVE_INFINITY) - BOX_TOP,
      right: units.reduce((most, unit) => Math.max(most, unit.right), Number.NEGATIVE_INFINITY) + BOX_SIDE,
      bottom: units.reduce((most, unit) => Math.max(most, unit.bottom), Number.NEGATIVE_INFINITY) + BOX_SIDE,
    };
  };
  settle(undefined);
  return positions;
}

function pushApart(units: readonly Unit[]): void {
  for (let round = 0; round < ROUNDS; round += 1) {
    let moved = false;
    const ordered = units.toSorted((a, b) => a.left - b.left);
    for (const [index, a] of ordered.entries()) {
      for (let next = index + 1; next < ordered.length; next += 1) {
        const b = ordered[next];
        if (b === undefined || b.left >= a.right + GAP) break;
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left) + GAP;
        const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) + GAP;
        if (x <= 0.01 || y <= 0.01) continue;
        moved = true;
        if (x < y) {
          const sign = a.left + a.right <= b.left + b.right ? 1 : -1;
          shift(a, (-sign * x) / 2, 0);
          shift(b, (sign * x) / 2, 0);
        } else {
          const sign = a.top + a.bottom <= b.top + b.bottom ? 1 : -1;
          shift(a, 0, (-sign * y) / 2);
          shift(b, 0, (sign * y) / 2);
        }
      }
    }
    if (!moved) return;
  }
}

function shift(unit: Unit, dx: number, dy: number): void {
  unit.left += dx;
  unit.right += dx;
  unit.top += dy;
  unit.bottom += dy;
}
