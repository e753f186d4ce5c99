import { AppError } from '@nm/core';
import { NEVER_SEEN } from './counter-table.ts';
import type { CounterTable } from './counter-table.ts';
import type { MeshSeries } from './mesh-series.ts';
import { createScrapeReader, readJsonStatistics } from './scrape-reader.ts';
import type { CounterSink } from './scrape-reader.ts';
import { hashSeries } from './series-hash.ts';
import type { HashSeeds } from './series-hash.ts';

export type StatisticsError = 'statistics-unreadable';

/** JSON is parsed as a whole, so it is bounded: 64 MiB hold about 60,000 series. */
export const MAX_JSON_BYTES = 64 * 1024 * 1024;
/** Series beyond this number are left out: far more than a proxy has before it is in trouble itself. */
export const MAX_FILE_SERIES = 1_000_000;

/**
 * Series of `file` with what they have risen by since `previous` (all of it without one). A counter that fell began
 * again, so all of it is new. Either may be Prometheus text or JSON, of one proxy or of several one after the other.
 */
export async function readIncreases(file: AsyncIterable<Uint8Array>, previous?: AsyncIterable<Uint8Array>): Promise<MeshSeries[]> {
  const before = previous === undefined ? new Map<string, MeshSeries>() : await readSeries(previous);
  const found: MeshSeries[] = [];
  for (const [key, series] of await readSeries(file)) {
    const last = before.get(key)?.value ?? 0;
    const value = series.value < last ? series.value : series.value - last;
    if (value > 0) found.push({ ...series, value });
  }
  return found;
}

/** All series by their labels; replicas of a workload have the same ones, so equal series are added up. */
async function readSeries(input: AsyncIterable<Uint8Array>): Promise<Map<string, MeshSeries>> {
  const all = new Map<string, MeshSeries>();
  await readStatistics(input, (_bytes, _from, _end, value, read) => {
    const series = read();
    if (series === undefined) return;
    const labels = [...series.labels].filter(([, text]) => text !== '').sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([series.metric, labels]);
    const known = all.get(key);
    if (known === undefined && all.size >= MAX_FILE_SERIES) return;
    all.set(key, { ...series, value: value + (known?.value ?? 0) });
  });
  return all;
}

/** A sink that looks each counter up and passes on what has risen, by how much. */
export function increases(
  table: CounterTable,
  seeds: HashSeeds,
  onIncrease: (increase: number, read: () => Omit<MeshSeries, 'value'> | undefined, isNew: boolean) => void,
): CounterSink {
  return (bytes, from, end, value, read) => {
    const last = table.look(hashSeries(bytes, from, end, seeds), value);
    if (last === value) return;
    const isNew = last === NEVER_SEEN;
    const increase = isNew || value < last ? value : value - last;
    if (increase > 0) onIncrease(increase, read, isNew);
  };
}

/** Reads a whole answer of either format. */
export async function readStatistics(input: AsyncIterable<Uint8Array>, onCounter: CounterSink): Promise<void> {
  let format: 'text' | 'json' | undefined;
  const reader = createScrapeReader(onCounter);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    format ??= formatOf(chunk);
    if (format === 'text') reader.push(chunk);
    else {
      bytes += chunk.length;
      if (bytes > MAX_JSON_BYTES) throw unreadable('they are JSON of more than 64 MiB; save them as Prometheus text instead');
      chunks.push(chunk);
    }
  }
  if (format !== 'json') {
    reader.end();
    return;
  }
  try {
    readJsonStatistics(
      Buffer.concat(chunks)
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
      onCounter,
    );
  } catch (error) {
    throw unreadable(`they begin like JSON, but are none (${error instanceof Error ? error.message : String(error)})`);
  }
}

function unreadable(what: string): AppError<StatisticsError> {
  return new AppError(
    'statistics-unreadable',
    `The statistics cannot be read: ${what}. Expected is the answer of /stats/prometheus or of stats?format=json.`,
  );
}

/** The first character tells: JSON is one object; no line of the text formats begins with a brace. */
function formatOf(chunk: Uint8Array): 'text' | 'json' | undefined {
  let at = chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0;
  for (; at < chunk.length; at += 1) {
    const code = chunk[at] ?? 0;
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) continue;
    return code === 0x7b ? 'json' : 'text';
  }
  return undefined;
}
