import type { GraphElements, NodeElement } from './elements.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Block {
  readonly width: number;
  readonly height: number;
  /** Offsets from the block's top left corner to the centres of its nodes. */
  readonly places: readonly { readonly id: string; readonly x: number; readonly y: number }[];
}

const GAP = 22;
const BOX_PADDING = 26;
const BOX_LABEL = 18;

/**
 * A layout without any search: nodes in rows inside their box, boxes in rows, callers before callees. Linear, the same
 * for the same input; shown at once and kept for maps that are too large for a force-directed layout.
 */
export function packLayout(elements: GraphElements): Map<string, Point> {
  const children = new Map<string | undefined, NodeElement[]>();
  for (const node of elements.nodes.values()) {
    const list = children.get(node.parent);
    if (list === undefined) children.set(node.parent, [node]);
    else list.push(node);
  }
  const rank = callRank(elements);
  const block = packChildren(undefined, children, rank);
  return new Map(block.places.map(({ id, x, y }) => [id, { x, y }]));
}

function packChildren(
  parent: string | undefined,
  children: ReadonlyMap<string | undefined, readonly NodeElement[]>,
  rank: ReadonlyMap<string, number>,
): Block {
  const blocks = (children.get(parent) ?? []).map((node): { readonly block: Block; readonly rank: number; readonly label: string } => {
    const own = { rank: rank.get(node.id) ?? 0, label: node.label };
    if (node.width !== undefined) {
      const { width, height = 28 } = node;
      return { ...own, block: { width, height, places: [{ id: node.id, x: width / 2, y: height / 2 }] } };
    }
    const inner = packChildren(node.id, children, rank);
    const places = inner.places.map(({ id, x, y }) => ({ id, x: x + BOX_PADDING, y: y + BOX_PADDING + BOX_LABEL }));
    return { ...own, block: { width: inner.width + 2 * BOX_PADDING, height: inner.height + 2 * BOX_PADDING + BOX_LABEL, places } };
  });
  // Boxes by height pack well; nodes read best from caller to callee.
  blocks.sort((a, b) => (parent === undefined ? b.block.height - a.block.height : 0) || a.rank - b.rank || (a.label < b.label ? -1 : 1));
  return packRows(
    blocks.map(({ block }) => block),
    parent === undefined ? 2 * GAP : GAP,
  );
}

function packRows(blocks: readonly Block[], gap: number): Block {
  const area = blocks.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0);
  const widest = blocks.reduce((max, { width }) => Math.max(max, width), 0);
  const rowWidth = Math.max(widest, Math.sqrt(area * 1.7));
  const places: { id: string; x: number; y: number }[] = [];
  let [x, y, rowHeight, width] = [0, 0, 0, 0];
  for (const block of blocks) {
    if (x > 0 && x + block.width > rowWidth) {
      y += rowHeight + gap;
      [x, rowHeight] = [0, 0];
    }
    for (const place of block.places) places.push({ id: place.id, x: x + place.x, y: y + place.y });
    width = Math.max(width, x + block.width);
    x += block.width + gap;
    rowHeight = Math.max(rowHeight, block.height);
  }
  return { width, height: y + rowHeight, places };
}

/** Roughly how deep in the call chain a node is: rounds of relaxation with a fixed bound, so cycles end. */
function callRank(elements: GraphElements): Map<string, number> {
  const rank = new Map<string, number>();
  for (let round = 0; round < 4; round += 1) {
    for (const { source, target } of elements.edges.values()) {
      const wanted = Math.min(round, rank.get(source) ?? 0) + 1;
      if ((rank.get(target) ?? 0) < wanted) rank.set(target, wanted);
    }
  }
  return rank;
}
