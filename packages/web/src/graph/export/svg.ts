import { centreOf, elementBounds, lineBetween, totalBounds } from '../bounds.ts';
import type { GraphElements } from '../elements.ts';
import { edgeLook, HEADS, nodeLook, outlinePath, roundPath } from '../looks.ts';
import type { Head, Palette } from '../looks.ts';
import type { Point } from '../packed-layout.ts';

/** The picture as one SVG document of its own: no scripts, no outside fonts or styles. */
export function toSvg(elements: GraphElements, positions: ReadonlyMap<string, Point>, palette: Palette): string {
  const bounds = elementBounds(elements, (id) => positions.get(id));
  const total = totalBounds(bounds.values());
  const [boxes, lines, nodes]: [string[], string[], string[]] = [[], [], []];
  for (const node of elements.nodes.values()) {
    const at = bounds.get(node.id);
    if (at === undefined) continue;
    const { x, y } = centreOf(at);
    if (node.width === undefined) {
      const path = roundPath((at.right - at.left) / 2, (at.bottom - at.top) / 2, 10);
      boxes.push(
        shape(path, x, y, `fill="${palette.box}" stroke="${palette.boxBorder}"`),
        label(node.label, x, at.top - 6, palette.muted, 600),
      );
      continue;
    }
    const look = nodeLook(node.classes);
    const [width, height] = [at.right - at.left, at.bottom - at.top];
    const stroke = `stroke="${palette[look.colour]}" stroke-width="${look.double === true ? 1 : look.border}"${dashes(look.dash)}`;
    nodes.push(shape(outlinePath(look.outline, width, height), x, y, `fill="${palette[look.fill]}" ${stroke}`));
    if (look.double === true) nodes.push(shape(outlinePath(look.outline, width - 6, height - 6), x, y, `fill="none" ${stroke}`));
    const texts = node.label.split('\n');
    for (const [index, text] of texts.entries()) nodes.push(label(text, x, y + 4 + (index - (texts.length - 1) / 2) * 16, palette.text));
  }
  for (const edge of elements.edges.values()) {
    const [from, to] = [bounds.get(edge.source), bounds.get(edge.target)];
    if (from === undefined || to === undefined || edge.source === edge.target) continue;
    const look = edgeLook(edge.classes);
    const [start, end] = lineBetween(from, to, elements.edges.has(`${edge.target}>${edge.source}`));
    const colour = palette[look.colour];
    const angle = (Math.atan2(end.y - start.y, end.x - start.x) * 180) / Math.PI;
    const size = 9 + edge.width * 1.5;
    const fill = look.hollow === true ? `fill="${palette.background}" stroke="${colour}"` : `fill="${colour}"`;
    lines.push(
      `<g opacity="${look.opacity}"><path d="M${n(start.x)} ${n(start.y)}L${n(end.x)} ${n(end.y)}" fill="none" stroke="${colour}" stroke-width="${edge.width}"${dashes(look.dash)}/>` +
        head(look.head, end, angle, size, fill) +
        (look.tail === undefined ? '' : head(look.tail, start, angle + 180, size * 0.8, fill)) +
        '</g>',
    );
  }
  const [left, top, width, height] = [total.left - 24, total.top - 36, total.right - total.left + 48, total.bottom - total.top + 60];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${n(left)} ${n(top)} ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" font-family="system-ui, sans-serif" font-size="12">
<rect x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}" fill="${palette.background}"/>
${[...boxes, ...lines, ...nodes].join('\n')}
</svg>
`;
}

function shape(path: string, x: number, y: number, attributes: string): string {
  return `<path d="${path}" transform="translate(${n(x)} ${n(y)})" ${attributes}/>`;
}

function head(kind: Head, at: Point, angle: number, size: number, attributes: string): string {
  const points = HEADS[kind].map(([x, y]) => `${n(x * size)},${n(y * size)}`).join(' ');
  return `<polygon points="${points}" transform="translate(${n(at.x)} ${n(at.y)}) rotate(${n(angle)})" ${attributes}/>`;
}

function dashes(dash: readonly number[] | undefined): string {
  return dash === undefined || dash.length === 0 ? '' : ` stroke-dasharray="${dash.join(' ')}"`;
}

function label(text: string, x: number, y: number, fill: string, weight = 400): string {
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="middle" fill="${fill}"${weight === 400 ? '' : ` font-weight="${weight}"`}>${escapeXml(text)}</text>`;
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const XML_ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML 1.0 (2.2) does not allow become the replacement character. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"]/g, (char) => XML_ENTITIES[char] ?? char);
}
