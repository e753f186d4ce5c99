/** A column is never made narrower than this to fit a terminal. */
const MIN_COLUMN_WIDTH = 8;
const GAP = 2;

export interface TableOptions {
  /** Characters in a line; absent when the output is no terminal: then nothing is cut. */
  readonly width?: number;
  readonly styleHeader?: (text: string) => string;
}

/** Text in columns, left-aligned. Cells must be printable already. */
export function toTable(header: readonly string[], rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const natural = header.map((title, column) => rows.reduce((width, row) => Math.max(width, lengthOf(row[column] ?? '')), lengthOf(title)));
  const widths = options.width === undefined ? natural : fitWidths(natural, options.width);
  const line = (cells: readonly string[]): string => toLine(cells, widths, true);
  const style = options.styleHeader ?? ((text: string) => text);
  return [style(line(header)), ...rows.map(line)].map((text) => `${text}\n`).join('');
}

/** One row of a table; without `isCut` a text that is too long pushes what follows. */
export function toLine(cells: readonly string[], widths: readonly number[], isCut: boolean): string {
  return widths
    .map((width, column) => pad(isCut ? cut(cells[column] ?? '', width) : (cells[column] ?? ''), width))
    .join(' '.repeat(GAP))
    .trimEnd();
}

/** Takes from the widest columns until the line fits. */
export function fitWidths(natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP * (widths.length - 1) - width;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= MIN_COLUMN_WIDTH) break;
    const next = Math.max(MIN_COLUMN_WIDTH, ...widths.filter((one) => one < widest));
    const column = widths.indexOf(widest);
    const taken = Math.min(excess, Math.max(1, widest - next));
    widths[column] = widest - taken;
    excess -= taken;
  }
  return widths;
}

function cut(text: string, width: number): string {
  return lengthOf(text) <= width
    ? text
    : `${Array.from(text)
        .slice(0, width - 1)
        .join('')}…`;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)));
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
