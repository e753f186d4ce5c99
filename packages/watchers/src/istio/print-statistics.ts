import { toMeshCall, toMeshEdges } from './mesh-edges.ts';
import { readIncreases } from './statistics.ts';

/** Writes one JSON line for each HTTP edge of saved statistics; with `previous` only what has risen since. */
export async function printStatistics(
  file: AsyncIterable<Uint8Array>,
  previous: AsyncIterable<Uint8Array> | undefined,
  write: (line: string) => void,
): Promise<void> {
  const series = await readIncreases(file, previous);
  for (const edge of toMeshEdges(series.map(toMeshCall))) write(`${JSON.stringify(edge)}\n`);
}
