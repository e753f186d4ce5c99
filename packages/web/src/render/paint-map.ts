import { centreOf, elementBounds, grow, lineBetween } from '../graph/bounds.ts';
import type { Bounds } from '../graph/bounds.ts';
import type { EdgeElement, GraphElements, NodeElement } from '../graph/elements.ts';
import { edgeLook, HEADS, nodeLook, outlinePath, roundPath } from '../graph/looks.ts';
import type { EdgeLook, Head, Palette } from '../graph/looks.ts';
import type { Point } from '../graph/packed-layout.ts';

/** Which part of the map a picture shows: a point p of the map is drawn at p × zoom + (x, y). */
export interface PictureView {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
  /** Of the picture, in its own pixels. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the screen per pixel of the page: names have a least size on the page. */
  readonly ratio: number;
}

/** What is emphasised: the chosen element, and what the pointer is on with all that it talks to. */
export interface PictureMarks {
  readonly chosen?: string;
  readonly near: ReadonlySet<string>;
}

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const FONT_PX = 12;
const LINE_PX = 16;
/** Names smaller than this on the page cannot be read; those that find room are drawn larger instead. */
const LEAST_FONT_PX = 6;
const FAR_FONT_PX = 10.5;
/** Room around a name that is drawn from afar, or the map would be all names. */
const FAR_GAP_PX = { x: 14, y: 9 };
/** With more lines than this, lines are paler, or they would hide what they cross. */
const DENSE_EDGES = 250;
const LEAST_DENSITY = 0.6;
const HEAD_PX = 8;

/** Paints maps of thousands of elements: nothing but plain numbers, lines that look alike in one stroke. */
export function paintMap(
  context: OffscreenCanvasRenderingContext2D,
  elements: GraphElements,
  positions: ReadonlyMap<string, Point>,
  palette: Palette,
  view: PictureView,
  marks: PictureMarks,
): void {
  const bounds = elementBounds(elements, (id) => positions.get(id));
  const shown: Bounds = grow(
    {
      left: -view.x / view.zoom,
      top: -view.y / view.zoom,
      right: (view.width - view.x) / view.zoom,
      bottom: (view.height - view.y) / view.zoom,
    },
    20,
  );
  const { zoom, ratio } = view;
  context.setTransform(zoom, 0, 0, zoom, view.x, view.y);
  context.lineJoin = 'round';
  context.textAlign = 'center';
  context.textBaseline = 'middle';

  const isFar = (FONT_PX * zoom) / ratio < LEAST_FONT_PX;
  const leaves: NodeElement[] = [];
  for (const node of elements.nodes.values()) {
    const at = bounds.get(node.id);
    if (at === undefined || !overlaps(at, shown)) continue;
    if (node.width === undefined) paintBox(node, at);
    else leaves.push(node);
  }
  paintEdges();
  for (const node of leaves) {
    const at = bounds.get(node.id);
    if (at !== undefined) paintNode(node, at);
  }
  if (isFar) paintFarNames();

  function paintBox(node: NodeElement, at: Bounds): void {
    const { x, y } = centreOf(at);
    const path = toPath(roundPath((at.right - at.left) / 2, (at.bottom - at.top) / 2, 10));
    context.translate(x, y);
    context.globalAlpha = 0.55;
    context.fillStyle = palette.box;
    context.fill(path);
    context.globalAlpha = 1;
    context.setLineDash([]);
    context.lineWidth = node.id === marks.chosen ? 3 : 1;
    context.strokeStyle = node.id === marks.chosen ? palette.accent : palette.boxBorder;
    context.stroke(path);
    context.translate(-x, -y);
    if (isFar) return;
    context.font = `600 13px ${FONT}`;
    context.fillStyle = palette.muted;
    context.fillText(node.label, x, at.top - 10);
  }

  function paintNode(node: NodeElement, at: Bounds): void {
    const { x, y } = centreOf(at);
    const look = nodeLook(node.classes);
    const [width, height] = [at.right - at.left, at.bottom - at.top];
    const path = toPath(outlinePath(look.outline, width, height));
    const isMarked = node.id === marks.chosen || marks.near.has(node.id);
    context.globalAlpha = marks.near.size > 0 && !isMarked ? 0.35 : 1;
    context.translate(x, y);
    context.fillStyle = palette[look.fill];
    context.fill(path);
    context.setLineDash([...(look.dash ?? [])]);
    context.strokeStyle = isMarked ? palette.accent : palette[look.colour];
    context.lineWidth = node.id === marks.chosen ? 3 : isMarked ? 2 : look.double === true ? 1 : look.border;
    context.stroke(path);
    if (look.double === true && !isMarked) context.stroke(toPath(outlinePath(look.outline, width - 6, height - 6)));
    if (!isFar) {
      context.font = `${FONT_PX}px ${FONT}`;
      context.fillStyle = palette.text;
      const lines = node.label.split('\n');
      for (const [index, line] of lines.entries()) context.fillText(line, 0, (index - (lines.length - 1) / 2) * LINE_PX + 0.5);
    }
    context.translate(-x, -y);
    context.globalAlpha = 1;
  }

  /** From afar the names of those with most calls, at a size that can be read, as long as they find room. */
  function paintFarNames(): void {
    const calls = new Map<string, number>();
    for (const { source, target } of elements.edges.values()) {
      calls.set(source, (calls.get(source) ?? 0) + 1);
      calls.set(target, (calls.get(target) ?? 0) + 1);
    }
    const importance = ({ id }: NodeElement): number => (id === marks.chosen ? 2e9 : marks.near.has(id) ? 1e9 : 0) + (calls.get(id) ?? 0);
    const px = FAR_FONT_PX * ratio;
    const taken: Bounds[] = [];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.font = `500 ${px}px ${FONT}`;
    context.lineWidth = 3 * ratio;
    context.setLineDash([]);
    context.strokeStyle = palette.background;
    context.fillStyle = palette.text;
    // Of opened boxes their own names say more than those of what is in them.
    const boxes = [...elements.nodes.values()].filter(({ width }) => width === undefined);
    for (const node of [...boxes, ...leaves.toSorted((a, b) => importance(b) - importance(a))]) {
      const at = bounds.get(node.id);
      if (at === undefined || !overlaps(at, shown)) continue;
      const [name = ''] = node.label.split('\n');
      const centre = centreOf(at);
      const isBox = node.width === undefined;
      const [x, y, half] = [centre.x * zoom + view.x, (isBox ? at.top : centre.y) * zoom + view.y, name.length * px * 0.3];
      const [gapX, gapY] = [isBox ? 2 * ratio : FAR_GAP_PX.x * ratio, isBox ? 0 : FAR_GAP_PX.y * ratio];
      const rect = { left: x - half - gapX, right: x + half + gapX, top: y - px * 0.7 - gapY, bottom: y + px * 0.7 + gapY };
      if (taken.some((other) => overlaps(other, rect))) continue;
      taken.push(rect);
      context.strokeText(name, x, y);
      context.fillText(name, x, y);
    }
  }

  function paintEdges(): void {
    const alike = new Map<
      string,
      { readonly look: EdgeLook; readonly width: number; readonly emphasis: number; readonly edges: EdgeElement[] }
    >();
    for (const edge of elements.edges.values()) {
      const emphasis = edge.id === marks.chosen ? 2 : marks.near.has(edge.id) ? 1 : 0;
      const key = `${emphasis} ${edge.width} ${edge.classes}`;
      const list = alike.get(key);
      if (list === undefined) alike.set(key, { look: edgeLook(edge.classes), width: edge.width, emphasis, edges: [edge] });
      else list.edges.push(edge);
    }
    const dense = Math.max(LEAST_DENSITY, Math.min(1, DENSE_EDGES / Math.max(1, elements.edges.size)));
    const faded = marks.near.size > 0 ? 0.25 : 1;
    for (const { look, width, emphasis, edges } of [...alike.values()].toSorted((a, b) => a.emphasis - b.emphasis)) {
      const colour = emphasis === 2 ? palette.accent : palette[look.colour];
      const isLoud = emphasis > 0 || look.colour === 'danger';
      context.globalAlpha = emphasis > 0 ? 1 : look.opacity * (isLoud ? 1 : dense) * faded;
      paintAlike(edges, look, 0.6 + width * 0.55 + (emphasis === 2 ? 1.5 : 0), colour);
    }
    context.globalAlpha = 1;
  }

  function paintAlike(edges: readonly EdgeElement[], look: EdgeLook, width: number, colour: string): void {
    const size = HEAD_PX + width * 1.5;
    const lines = new Path2D();
    const heads = new Path2D();
    for (const { source, target } of edges) {
      const [from, to] = [bounds.get(source), bounds.get(target)];
      if (from === undefined || to === undefined) continue;
      if (source === target) {
        lines.moveTo(from.right - 22, from.top);
        lines.bezierCurveTo(from.right - 22, from.top - 26, from.right + 22, from.top - 26, from.right, from.top + 8);
        continue;
      }
      const [start, end] = lineBetween(from, to, elements.edges.has(`${target}>${source}`));
      if (!overlaps(around(start, end), shown)) continue;
      lines.moveTo(start.x, start.y);
      lines.lineTo(end.x, end.y);
      const angle = Math.atan2(end.y - start.y, end.x - start.x);
      addHead(heads, look.head, end, angle, size);
      if (look.tail !== undefined) addHead(heads, look.tail, start, angle + Math.PI, size * 0.8);
      if (look.middle !== undefined) addHead(heads, look.middle, { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 }, angle, size);
    }
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash([...(look.dash ?? [])]);
    context.stroke(lines);
    // Too small to be told apart, heads are only work.
    if (size * zoom < 2.5) return;
    context.setLineDash([]);
    context.fillStyle = look.hollow === true ? palette.background : colour;
    context.fill(heads);
    if (look.hollow !== true) return;
    context.lineWidth = 1;
    context.stroke(heads);
  }
}

const paths = new Map<string, Path2D>();
const MAX_PATHS = 4_000;

function toPath(text: string): Path2D {
  let path = paths.get(text);
  if (path === undefined) {
    if (paths.size >= MAX_PATHS) paths.clear();
    path = new Path2D(text);
    paths.set(text, path);
  }
  return path;
}

function addHead(path: Path2D, head: Head, at: Point, angle: number, size: number): void {
  const [cos, sin] = [Math.cos(angle) * size, Math.sin(angle) * size];
  for (const [index, [x, y]] of HEADS[head].entries()) {
    const [px, py] = [at.x + x * cos - y * sin, at.y + x * sin + y * cos];
    if (index === 0) path.moveTo(px, py);
    else path.lineTo(px, py);
  }
  path.closePath();
}

function around(a: Point, b: Point): Bounds {
  return { left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), right: Math.max(a.x, b.x), bottom: Math.max(a.y, b.y) };
}

function overlaps(a: Bounds, b: Bounds): boolean {
  return a.left <= b.right && a.right >= b.left && a.top <= b.bottom && a.bottom >= b.top;
}
