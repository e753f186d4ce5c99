import type { MapDocument, MapEdge } from '@nm/core';
import { escapeUnsafe } from './escape-unsafe.ts';

/** Edges that are turned into text at once. */
const EDGES_PER_CHUNK = 1000;

/** A map file's text in pieces, one edge a line: a large map is never one string, and line tools can compare it. */
export function* toMapJson(document: Omit<MapDocument, 'edges'> & { readonly edges: Iterable<MapEdge> }): Generator<string> {
  const { edges, ...head } = document;
  yield `${escapeUnsafe(JSON.stringify(head)).slice(0, -1)},"edges":[`;
  let lines = '';
  let count = 0;
  for (const edge of edges) {
    lines += `${count === 0 ? '' : ','}\n${JSON.stringify(edge)}`;
    count += 1;
    if (count % EDGES_PER_CHUNK !== 0) continue;
    yield escapeUnsafe(lines);
    lines = '';
  }
  yield `${escapeUnsafe(lines)}${count === 0 ? '' : '\n'}]}\n`;
}
