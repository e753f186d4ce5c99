/** Colours that a picture of the map is made of. */
export interface Palette {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly node: string;
  readonly border: string;
  readonly box: string;
  readonly boxBorder: string;
  readonly accent: string;
  readonly edge: string;
  readonly internet: string;
  readonly kafka: string;
  readonly http: string;
  readonly cloud: string;
  readonly danger: string;
  readonly warning: string;
  readonly added: string;
  readonly group: string;
}

export type Head = 'triangle' | 'vee' | 'diamond' | 'chevron' | 'circle' | 'square' | 'tee';

/** How a line is drawn. Kinds and states differ in line and ends, so that no meaning hangs on colour alone. */
export interface EdgeLook {
  readonly colour: keyof Palette;
  readonly dash?: readonly number[];
  readonly head: Head;
  /** The head is an outline. */
  readonly hollow?: boolean;
  /** At the client's end. */
  readonly tail?: Head;
  /** In the middle of the line, towards the server. */
  readonly middle?: Head;
  readonly opacity: number;
}

const PLAIN: EdgeLook = { colour: 'edge', head: 'triangle', opacity: 0.85 };

/** By class, later ones over earlier ones. */
export const EDGE_LOOKS: Readonly<Record<string, Partial<EdgeLook>>> = {
  internet: { colour: 'internet', head: 'vee' },
  kafka: { colour: 'kafka', head: 'diamond', dash: [10, 3] },
  http: { colour: 'http', head: 'chevron' },
  cloud: { colour: 'cloud', head: 'circle' },
  recent: { opacity: 0.6 },
  old: { opacity: 0.4 },
  'looked-up': { dash: [2, 4], hollow: true },
  'by-allowed': { colour: 'added', head: 'triangle', dash: [], hollow: false },
  'by-open': { colour: 'warning', head: 'vee', dash: [7, 3, 1.5, 3], hollow: true },
  'by-unknown': { colour: 'muted', head: 'vee', dash: [2, 4], hollow: true },
  undeclared: { tail: 'square' },
  unseen: { dash: [1, 5], hollow: true, tail: 'circle', opacity: 0.85 },
  denied: { colour: 'danger', dash: [5, 4], head: 'tee', hollow: false, opacity: 0.95 },
  added: { colour: 'added', middle: 'triangle', opacity: 1 },
  gone: { colour: 'muted', dash: [2, 6], opacity: 0.9 },
  same: { opacity: 0.3 },
};

const known = new Map<string, EdgeLook>();
const MAX_KNOWN = 1_000;

/** The look of an edge with these classes (space-separated). */
export function edgeLook(classes: string): EdgeLook {
  let look = known.get(classes);
  if (look !== undefined) return look;
  const own = new Set(classes.split(' '));
  look = Object.entries(EDGE_LOOKS).reduce((sum, [name, part]) => (own.has(name) ? { ...sum, ...part } : sum), PLAIN);
  if (known.size < MAX_KNOWN) known.set(classes, look);
  return look;
}

/** Outlines of heads: the tip is at 0,0, the line comes from the left; 1 is the head's size. */
export const HEADS: Readonly<Record<Head, readonly (readonly [x: number, y: number])[]>> = {
  triangle: [
    [0, 0],
    [-1, 0.5],
    [-1, -0.5],
  ],
  vee: [
    [0, 0],
    [-1, 0.5],
    [-0.65, 0],
    [-1, -0.5],
  ],
  diamond: [
    [0, 0],
    [-0.55, 0.42],
    [-1.1, 0],
    [-0.55, -0.42],
  ],
  chevron: [
    [0, 0],
    [-0.5, 0.5],
    [-1, 0.5],
    [-0.5, 0],
    [-1, -0.5],
    [-0.5, -0.5],
  ],
  circle: Array.from({ length: 12 }, (_, index) => [
    -0.42 + 0.42 * Math.cos((index * Math.PI) / 6),
    0.42 * Math.sin((index * Math.PI) / 6),
  ]),
  square: [
    [0, 0.4],
    [-0.8, 0.4],
    [-0.8, -0.4],
    [0, -0.4],
  ],
  tee: [
    [0, 0.65],
    [-0.3, 0.65],
    [-0.3, -0.65],
    [0, -0.65],
  ],
};

export type Outline = 'round' | 'pill' | 'cut' | 'rectangle' | 'hexagon' | 'barrel';

export interface NodeLook {
  readonly outline: Outline;
  readonly fill: keyof Palette;
  readonly colour: keyof Palette;
  /** Width of the border. */
  readonly border: number;
  readonly double?: boolean;
  readonly dash?: readonly number[];
}

const PLAIN_NODE: NodeLook = { outline: 'round', fill: 'node', colour: 'border', border: 1 };

export const NODE_LOOKS: Readonly<Record<string, Partial<NodeLook>>> = {
  group: { fill: 'group', border: 3, double: true },
  internet: { outline: 'pill' },
  service: { outline: 'cut' },
  node: { outline: 'rectangle', border: 2 },
  apiServer: { outline: 'hexagon' },
  aws: { outline: 'barrel' },
  gcp: { outline: 'barrel' },
  azure: { outline: 'barrel' },
  unknown: { outline: 'rectangle', dash: [3, 3] },
  protected: { colour: 'added', border: 2.5 },
  exposed: { colour: 'warning', border: 2, dash: [5, 3] },
};

const knownNodes = new Map<string, NodeLook>();

export function nodeLook(classes: string): NodeLook {
  let look = knownNodes.get(classes);
  if (look !== undefined) return look;
  const own = new Set(classes.split(' '));
  look = Object.entries(NODE_LOOKS).reduce((sum, [name, part]) => (own.has(name) ? { ...sum, ...part } : sum), PLAIN_NODE);
  if (knownNodes.size < MAX_KNOWN) knownNodes.set(classes, look);
  return look;
}

/** SVG path of an outline around 0,0. */
export function outlinePath(outline: Outline, width: number, height: number): string {
  const [w, h] = [width / 2, height / 2];
  switch (outline) {
    case 'round':
      return roundPath(w, h, Math.min(6, h));
    case 'pill':
      return roundPath(w, h, Math.min(14, h));
    case 'cut':
      return cutPath(w, h, Math.min(8, h / 2));
    case 'rectangle':
      return `M${-w} ${-h}H${w}V${h}H${-w}Z`;
    case 'hexagon':
      return `M${-w + 8} ${-h}H${w - 8}L${w} 0L${w - 8} ${h}H${-w + 8}L${-w} 0Z`;
    case 'barrel':
      return `M${-w} ${-h + 4}Q0 ${-h - 3} ${w} ${-h + 4}V${h - 4}Q0 ${h + 3} ${-w} ${h - 4}Z`;
  }
}

function cutPath(w: number, h: number, c: number): string {
  return `M${-w + c} ${-h}H${w - c}L${w} ${-h + c}V${h - c}L${w - c} ${h}H${-w + c}L${-w} ${h - c}V${-h + c}Z`;
}

/** A rectangle with round corners around 0,0. */
export function roundPath(w: number, h: number, r: number): string {
  return `M${-w + r} ${-h}H${w - r}A${r} ${r} 0 0 1 ${w} ${-h + r}V${h - r}A${r} ${r} 0 0 1 ${w - r} ${h}H${-w + r}A${r} ${r} 0 0 1 ${-w} ${h - r}V${-h + r}A${r} ${r} 0 0 1 ${-w + r} ${-h}Z`;
}
