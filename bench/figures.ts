import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Minimum, median and maximum of repeated measurements. */
export interface Figure {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function toFigure(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  return { min: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** Prints a table of figures and saves them as bench/results/NAME.json. */
export function printFigures(
  name: string,
  figures: Readonly<Record<string, readonly number[]>>,
  context: Readonly<Record<string, unknown>> = {},
): void {
  const rows = Object.entries(figures).map(([what, values]) => ({ what, ...toFigure(values), runs: values.length }));
  const width = Math.max(...rows.map(({ what }) => what.length));
  console.log(
    `${name} (${Object.entries(context)
      .map(([key, value]) => `${key} ${String(value)}`)
      .join(', ')})`,
  );
  for (const { what, min, median, max, runs } of rows) {
    console.log(`  ${what.padEnd(width)}  min ${format(min)}  median ${format(median)}  max ${format(max)}  (${runs} runs)`);
  }
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ name, context, figures: rows }, null, 2)}\n`);
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(4);
}
