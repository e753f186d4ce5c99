import type { GraphElements } from '../elements.ts';
import type { Point } from '../packed-layout.ts';

export interface SvgColours {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly node: string;
  readonly border: string;
  readonly box: string;
  readonly edge: string;
  readonly danger: string;
}

interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The picture as one SVG document of its own: no scripts, no outside fonts or styles. */
export function toSvg(elements: GraphElements, positions: ReadonlyMap<string, Point>, colours: SvgColours): string {
  const bounds = allBounds(elements, positions);
  const total = [...bounds.values()].reduce(union, { left: 0, top: 0, right: 0, bottom: 0 });
  const parts: string[] = [];
  for (const node of elements.nodes.values()) {
    const at = bounds.get(node.id);
    if (node.width !== undefined || at === undefined) continue;
    parts.push(rect(at, 14, colours.box, colours.border), label(node.label, (at.left + at.right) / 2, at.top + 16, colours.muted));
  }
  for (const edge of elements.edges.values()) {
    const [from, to] = [bounds.get(edge.source), bounds.get(edge.target)];
    if (from === undefined || to === undefined || edge.source === edge.target) continue;
    const isDenied = edge.classes.includes('denied');
    const dash = edge.classes.includes('looked-up') ? ' stroke-dasharray="2 4"' : isDenied ? ' stroke-dasharray="8 4"' : '';
    const [start, end] = [border(from, centre(to)), border(to, centre(from))];
    parts.push(
      `<line x1="${n(start.x)}" y1="${n(start.y)}" x2="${n(end.x)}" y2="${n(end.y)}" stroke="${isDenied ? colours.danger : colours.edge}" stroke-width="${edge.width}"${dash} marker-end="url(#${isDenied ? 'stop' : 'arrow'})"/>`,
    );
  }
  for (const node of elements.nodes.values()) {
    const at = bounds.get(node.id);
    if (node.width === undefined || at === undefined) continue;
    parts.push(rect(at, node.classes.includes('internet') ? 14 : 6, colours.node, colours.border));
    const lines = node.label.split('\n');
    const middle = (at.top + at.bottom) / 2 + 4 - (lines.length - 1) * 8;
    for (const [index, line] of lines.entries()) parts.push(label(line, (at.left + at.right) / 2, middle + index * 16, colours.text));
  }
  const [left, top, width, height] = [total.left - 24, total.top - 24, total.right - total.left + 48, total.bottom - total.top + 48];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${n(left)} ${n(top)} ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" font-family="system-ui, sans-serif" font-size="12">
<defs>
<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" fill="${colours.edge}"/></marker>
<marker id="stop" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="10" markerHeight="10" markerUnits="userSpaceOnUse" orient="auto"><path d="M3 0h2v8H3z" fill="${colours.danger}"/></marker>
</defs>
<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}" fill="${colours.background}"/>
${parts.join('\n')}
</svg>
`;
}

function allBounds(elements: GraphElements, positions: ReadonlyMap<string, Point>): Map<string, Bounds> {
  const bounds = new Map<string, Bounds>();
  for (const node of elements.nodes.values()) {
    const at = positions.get(node.id);
    if (node.width === undefined || at === undefined) continue;
    const [w, h] = [node.width / 2, (node.height ?? 28) / 2];
    const own = { left: at.x - w, top: at.y - h, right: at.x + w, bottom: at.y + h };
    bounds.set(node.id, own);
    let around = own;
    for (let parent = node.parent; parent !== undefined; parent = elements.nodes.get(parent)?.parent) {
      around = { left: around.left - 18, top: around.top - 30, right: around.right + 18, bottom: around.bottom + 18 };
      const known = bounds.get(parent);
      bounds.set(parent, known === undefined ? around : union(known, around));
    }
  }
  return bounds;
}

function union(a: Bounds, b: Bounds): Bounds {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

function centre(at: Bounds): Point {
  return { x: (at.left + at.right) / 2, y: (at.top + at.bottom) / 2 };
}

/** Where the line from the middle of a rectangle towards a point leaves it. */
function border(at: Bounds, towards: Point): Point {
  const from = centre(at);
  const [dx, dy] = [towards.x - from.x, towards.y - from.y];
  if (dx === 0 && dy === 0) return from;
  const scale = Math.min((at.right - at.left) / 2 / Math.abs(dx || 1e-9), (at.bottom - at.top) / 2 / Math.abs(dy || 1e-9), 1);
  return { x: from.x + dx * scale, y: from.y + dy * scale };
}

function rect(at: Bounds, radius: number, fill: string, stroke: string): string {
  return `<rect x="${n(at.left)}" y="${n(at.top)}" width="${n(at.right - at.left)}" height="${n(at.bottom - at.top)}" rx="${radius}" fill="${fill}" stroke="${stroke}"/>`;
}

function label(text: string, x: number, y: number, fill: string): string {
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="middle" fill="${fill}">${escapeXml(text)}</text>`;
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const XML_ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => XML_ENTITIES[char] ?? char);
}
