import type { MapDocument } from '@nm/core';

/** Edges that are turned into text at once. */
const EDGES_PER_CHUNK = 1000;

/** A map file's text in pieces, one edge a line: a large map is never one string, and line tools can compare it. */
export function* toMapJson(document: MapDocument): Generator<string> {
  const { edges, ...head } = document;
  yield `${JSON.stringify(head).slice(0, -1)},"edges":[`;
  for (let start = 0; start < edges.length; start += EDGES_PER_CHUNK) {
    const lines = edges.slice(start, start + EDGES_PER_CHUNK).map((edge) => `\n${JSON.stringify(edge)}`);
    yield (start === 0 ? '' : ',') + lines.join(',');
  }
  yield `${edges.length === 0 ? '' : '\n'}]}\n`;
}
