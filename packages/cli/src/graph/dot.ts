import type { GraphEdge, GraphGroup, GraphModel, GraphNode } from './graph-model.ts';

/** Family of the fonts in assets/; other viewers fall back to their own. */
export const FONT_FAMILY = 'DejaVu Sans';
/** As Graphviz names the bold face; renderSvg words it as SVG does. */
export const BOLD_FAMILY = 'DejaVu Sans Bold';

interface Colours {
  readonly fill: string;
  readonly border: string;
  /** Of the lines that start here, so that each can be followed to its client. */
  readonly line: string;
}

/** Namespaces take these in turn; chosen to stay apart in greyscale and for colour-blind readers. */
const FRAMES: readonly [Colours, ...Colours[]] = [
  { fill: '#eef4fb', border: '#7da7d9', line: '#2f6db5' },
  { fill: '#fdf3e7', border: '#e0a458', line: '#b36b00' },
  { fill: '#edf7ee', border: '#77b37b', line: '#2f7d36' },
  { fill: '#f7eef8', border: '#b58abf', line: '#7e3f8f' },
  { fill: '#f3efe9', border: '#a58f74', line: '#6b5537' },
  { fill: '#eef7f7', border: '#6fb1b1', line: '#1f7a7a' },
];

const GROUP_COLOURS: Readonly<Record<Exclude<GraphGroup['type'], 'namespace'>, Colours>> = {
  internet: { fill: '#f6f6f6', border: '#8a8a8a', line: '#444444' },
  cloud: { fill: '#fff8dc', border: '#c9a227', line: '#8a6d00' },
  cluster: { fill: '#f2f2fa', border: '#8f8fc7', line: '#4d4d9c' },
};

const NODE_STYLE: Readonly<Record<GraphNode['type'], string>> = {
  workload: 'shape=box style="rounded,filled" fillcolor="#ffffff"',
  service: 'shape=component style=filled fillcolor="#ffffff"',
  internet: 'shape=ellipse style=filled fillcolor="#ffffff"',
  aws: 'shape=folder style=filled fillcolor="#ffffff"',
  gcp: 'shape=folder style=filled fillcolor="#ffffff"',
  azure: 'shape=folder style=filled fillcolor="#ffffff"',
  apiServer: 'shape=hexagon style=filled fillcolor="#dfe3ff"',
  node: 'shape=box3d style=filled fillcolor="#ececec"',
  unknown: 'shape=diamond style="dashed,filled" fillcolor="#ffffff"',
};

const DENIED = '#c62828';

/** From here on the layout is told to stop polishing: 2,000 lines take 5 s instead of 34 s. */
const LARGE_EDGES = 600;
const QUICK_LAYOUT = ' nslimit=1 nslimit1=1 mclimit=0.3';

/** The graph in the DOT language (graphviz.org/doc/info/lang.html). */
export function toDot(model: GraphModel): string {
  const colours = coloursOf(model.groups);
  const lineColours = new Map(model.groups.flatMap((group) => group.nodes.map(({ id }) => [id, colours.get(group.id)?.line] as const)));
  const legend = toLegend(model.edges);
  return [
    'digraph calls {',
    `  graph [rankdir=LR nodesep=0.18 ranksep=1.1 pad=0.3 fontname="${FONT_FAMILY}" fontsize=12 bgcolor="#ffffff"${model.edges.length > LARGE_EDGES ? QUICK_LAYOUT : ''}${legend === '' ? '' : ` labelloc=b labeljust=l label=${quote(legend)}`}]`,
    `  node [fontname="${FONT_FAMILY}" fontsize=12 height=0.35 margin="0.16,0.06" color="#555555"]`,
    `  edge [fontname="${FONT_FAMILY}" fontsize=9 arrowsize=0.6]`,
    ...model.groups.map((group) => toFrame(group, colours.get(group.id) ?? FRAMES[0])),
    ...model.edges.map((edge) => toLine(edge, lineColours.get(edge.from) ?? FRAMES[0].line)),
    '}',
    '',
  ].join('\n');
}

function coloursOf(groups: readonly GraphGroup[]): Map<string, Colours> {
  let namespaces = 0;
  return new Map(
    groups.map(({ id, type }) => {
      if (type !== 'namespace') return [id, GROUP_COLOURS[type]];
      const colours = FRAMES[namespaces % FRAMES.length] ?? FRAMES[0];
      namespaces += 1;
      return [id, colours];
    }),
  );
}

function toFrame({ id, label, nodes }: GraphGroup, { fill, border }: Colours): string {
  return [
    `  subgraph cluster_${id} {`,
    // The bold face is wider than the layout expects: the spaces keep it inside the frame.
    `    label=${quote(`\u00a0${label}\u00a0`)} labelloc=t labeljust=l style="rounded,filled" fillcolor="${fill}" color="${border}" fontname="${BOLD_FAMILY}" fontsize=14 margin=14`,
    ...nodes.map((node) => `    ${node.id} [label=${quote(node.label)} ${NODE_STYLE[node.type]}]`),
    '  }',
  ].join('\n');
}

function toLine({ from, to, lookupOnly, denied, labels }: GraphEdge, colour: string): string {
  const words = [...labels, ...(denied ? ['denied'] : [])];
  const attributes = [
    `color="${denied ? DENIED : colour}"`,
    ...(lookupOnly ? ['style=dashed'] : []),
    ...(denied ? ['arrowhead=tee'] : []),
    ...(words.length > 0 ? [`label=${quote(words.join(', '))} fontcolor="${denied ? DENIED : colour}"`] : []),
  ];
  return `  ${from} -> ${to} [${attributes.join(' ')}]`;
}

/** Says what the lines mean, as far as they occur. */
export function toLegend(edges: readonly GraphEdge[]): string {
  const words = [];
  if (edges.some(({ lookupOnly }) => lookupOnly)) words.push('dashed: looked up, never seen connecting');
  if (edges.some(({ denied }) => denied)) words.push('red: denied');
  return words.join('   ');
}

/**
 * A quoted string of DOT. Within labels a backslash starts an escape (`\N`, `\n`) and `&` an entity, so both are
 * written as themselves; the text has no control characters.
 */
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;')}"`;
}
