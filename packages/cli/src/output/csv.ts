import { printable } from './printable.ts';

/** Characters with which a spreadsheet begins a formula (OWASP, CSV injection). */
const FORMULA_START = /^[=+\-@\t\r]/;

/** Rows as RFC 4180 text. Cells that a spreadsheet would run as a formula begin with an apostrophe. */
export function toCsv(header: readonly string[], rows: Iterable<readonly (string | number | boolean | undefined)[]>): string {
  const lines = [header.join(',')];
  for (const row of rows) lines.push(row.map(toCell).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function toCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const safe = FORMULA_START.test(value) ? `'${printable(value)}` : printable(value);
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
