import type { ViewGraph } from '../view-graph.ts';

/** The picture as a Mermaid flowchart. */
export function toMermaid(view: ViewGraph): string {
  const ids = new Map(view.nodes.map((node, index) => [node.id, `n${index}`]));
  const lines = ['flowchart LR'];
  const writeLevel = (parent: string | undefined, indent: string): void => {
    for (const [index, box] of view.boxes.entries()) {
      if (box.parent !== parent) continue;
      lines.push(`${indent}subgraph b${index}[${text(box.label)}]`);
      writeLevel(box.id, `${indent}  `);
      lines.push(`${indent}end`);
    }
    for (const node of view.nodes) {
      if (node.parent !== parent) continue;
      const label = text(node.shape === 'group' ? `${node.label} (${node.size})` : node.label);
      const id = ids.get(node.id) ?? '';
      lines.push(`${indent}${id}${node.shape === 'internet' ? `([${label}])` : node.shape === 'workload' ? `(${label})` : `[${label}]`}`);
    }
  };
  writeLevel(undefined, '  ');
  for (const edge of view.edges) {
    const arrow = edge.denied ? '-.-x' : edge.lookedUpOnly ? '-.->' : '-->';
    lines.push(`  ${ids.get(edge.source) ?? ''} ${arrow} ${ids.get(edge.target) ?? ''}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Quoted text; characters that mean something to Mermaid, directives and its Markdown included, are written by number. */
function text(label: string): string {
  const oneLine = label.replaceAll(/[\r\n]+/g, ' ');
  return `"${oneLine.replaceAll(/[#"<>&`%{}\\]/g, (char) => `#${char.charCodeAt(0)};`)}"`;
}
