import { printable } from './printable.ts';

/** Characters with which a spreadsheet begins a formula, the wide ones too (OWASP, CSV injection). */
const FORMULA_START = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** Rows as RFC 4180 text. Cells that a spreadsheet would run as a formula begin with an apostrophe. */
export function toCsv(header: readonly string[], rows: Iterable<readonly (string | number | boolean | undefined)[]>): string {
  let text = `${header.join(',')}\r\n`;
  for (const row of rows) text += toCsvLine(row);
  return text;
}

/** One row with its line end. */
export function toCsvLine(row: readonly (string | number | boolean | undefined)[]): string {
  return `${row.map(toCell).join(',')}\r\n`;
}

function toCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const safe = FORMULA_START.test(value) ? `'${printable(value)}` : printable(value);
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
