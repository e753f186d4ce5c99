import { toLegend } from './dot.ts';
import type { GraphEdge, GraphModel, GraphNode } from './graph-model.ts';

const SHAPES: Readonly<Record<GraphNode['type'], readonly [string, string]>> = {
  workload: ['(', ')'],
  service: ['[[', ']]'],
  internet: ['([', '])'],
  aws: ['[(', ')]'],
  gcp: ['[(', ')]'],
  azure: ['[(', ')]'],
  apiServer: ['{{', '}}'],
  node: ['[', ']'],
  unknown: ['{', '}'],
};

/** The graph as a Mermaid flowchart (mermaid.js.org/syntax/flowchart.html). */
export function toMermaid(model: GraphModel): string {
  const lines = ['flowchart LR'];
  const legend = toLegend(model.edges);
  if (legend !== '') lines.unshift(`%% ${legend}`);
  for (const { id, label, nodes } of model.groups) {
    lines.push(`  subgraph ${id} [${quote(label)}]`);
    for (const node of nodes) lines.push(`    ${node.id}${SHAPES[node.type][0]}${quote(node.label)}${SHAPES[node.type][1]}`);
    lines.push('  end');
  }
  lines.push(...model.edges.map(toLine));
  const denied = model.edges.flatMap((edge, index) => (edge.denied ? [index] : []));
  if (denied.length > 0) lines.push(`  linkStyle ${denied.join(',')} stroke:#c62828,color:#c62828`);
  return `${lines.join('\n')}\n`;
}

function toLine({ from, to, lookupOnly, denied, labels }: GraphEdge): string {
  const words = [...labels, ...(denied ? ['denied'] : [])];
  return `  ${from} ${lookupOnly ? '-.->' : '-->'}${words.length === 0 ? '' : `|${quote(words.join(', '))}|`} ${to}`;
}

/** Whatever Mermaid, Markdown or HTML could read as more than text stands as its character code (`#35;`). */
function quote(text: string): string {
  const safe = text.replace(/[^\p{L}\p{N} .,_/:()+…-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
  return `"${safe}"`;
}
