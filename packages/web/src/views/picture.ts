import type { GraphRenderer } from '../render/graph-renderer.ts';

/** The canvas that is on the page, for exports; none while the table is shown. */
let source: GraphRenderer | undefined;

export function setPictureSource(renderer: GraphRenderer | undefined): void {
  source = renderer;
}

export function getPictureSource(): GraphRenderer | undefined {
  return source;
}
