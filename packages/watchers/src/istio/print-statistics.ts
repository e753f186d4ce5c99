import { toMeshCall, toMeshEdges } from './mesh-edges.ts';
import { readIncreases } from './statistics.ts';

/**
 * Writes one JSON line for each HTTP edge of saved statistics; with `previous` only what has risen since. Answers how many
 * edges, and how many counters they were made from.
 */
export async function printStatistics(
  file: AsyncIterable<Uint8Array>,
  previous: AsyncIterable<Uint8Array> | undefined,
  write: (line: string) => void,
): Promise<{ readonly edges: number; readonly series: number }> {
  const series = await readIncreases(file, previous);
  const edges = toMeshEdges(series.map(toMeshCall));
  for (const edge of edges) write(`${JSON.stringify(edge)}\n`);
  return { edges: edges.length, series: series.length };
}
