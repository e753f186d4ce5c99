import type { ViewGraph } from '../view-graph.ts';

/** The picture as Graphviz DOT: boxes as clusters, edges with their meaning as style. */
export function toDot(view: ViewGraph): string {
  const ids = new Map(view.nodes.map((node, index) => [node.id, `n${index}`]));
  const lines = ['digraph map {', '  rankdir=LR;', '  node [shape=box, style=rounded, fontname="sans-serif"];'];
  const writeLevel = (parent: string | undefined, indent: string): void => {
    for (const box of view.boxes.filter((item) => item.parent === parent)) {
      lines.push(`${indent}subgraph ${quote(`cluster_${box.id}`)} {`, `${indent}  label=${quote(box.label)};`);
      writeLevel(box.id, `${indent}  `);
      lines.push(`${indent}}`);
    }
    for (const node of view.nodes.filter((item) => item.parent === parent)) {
      const label = node.shape === 'group' ? `${node.label} (${node.size})` : node.label;
      lines.push(`${indent}${ids.get(node.id) ?? ''} [label=${quote(label)}, shape=${SHAPES[node.shape] ?? 'box'}];`);
    }
  };
  writeLevel(undefined, '  ');
  for (const edge of view.edges) {
    const style = edge.lookedUpOnly ? ', style=dotted' : edge.denied ? ', style=dashed, arrowhead=tee' : '';
    lines.push(`  ${ids.get(edge.source) ?? ''} -> ${ids.get(edge.target) ?? ''} [label=${quote(String(edge.count))}${style}];`);
  }
  return `${lines.join('\n')}\n}\n`;
}

const SHAPES: Readonly<Partial<Record<ViewGraph['nodes'][number]['shape'], string>>> = {
  internet: 'ellipse',
  node: 'box3d',
  apiServer: 'hexagon',
  aws: 'cylinder',
  gcp: 'cylinder',
  azure: 'cylinder',
  service: 'component',
  group: 'folder',
};

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
