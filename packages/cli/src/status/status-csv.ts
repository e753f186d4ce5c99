import { toCsv } from '../output/csv.ts';

/** Any status as rows of a path and a value (`reporters.0.node,n1`): what it holds differs by mapper, the columns do not. */
export function toStatusCsv(status: object): string {
  return toCsv(['what', 'value'], rowsOf('', status));
}

function rowsOf(path: string, value: unknown): [string, string | number | boolean][] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => rowsOf(path === '' ? key : `${path}.${key}`, inner));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[path, value]] : [];
}
