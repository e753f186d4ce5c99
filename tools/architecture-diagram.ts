import { ALLOWED } from './boundaries.ts';

/** The table of allowed imports as a Mermaid flow chart, one line an arrow. */
export function architectureDiagram(): string {
  const arrows = Object.entries(ALLOWED).flatMap(([name, { packages }]) => packages.map((to) => `  ${name} --> ${to.split('/')[0] ?? to}`));
  return ['```mermaid', 'flowchart LR', ...new Set(arrows), '```'].join('\n');
}

const BLOCK = /<!-- boundaries -->\n[^]*?\n<!-- \/boundaries -->/;

/** The document with its diagram made anew. */
export function withDiagram(document: string): string {
  return document.replace(BLOCK, () => `<!-- boundaries -->\n${architectureDiagram()}\n<!-- /boundaries -->`);
}
