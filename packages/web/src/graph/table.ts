import type { Change } from './compare.ts';
import { visibleText } from './visible-text.ts';
import { protectionStates } from './filter.ts';
import type { MapLink } from './model.ts';

export const COLUMNS = [
  'client',
  'clientNamespace',
  'clientKind',
  'server',
  'serverNamespace',
  'serverKind',
  'ports',
  'evidence',
  'count',
  'firstSeen',
  'lastSeen',
  'kind',
  'details',
  'protection',
  'change',
] as const;
export type Column = (typeof COLUMNS)[number];

export const COLUMN_TITLES: Readonly<Record<Column, string>> = {
  client: 'Client',
  clientNamespace: 'Client namespace',
  clientKind: 'Client kind',
  server: 'Server',
  serverNamespace: 'Server namespace',
  serverKind: 'Server kind',
  ports: 'Ports',
  evidence: 'Known by',
  count: 'Count',
  firstSeen: 'First seen',
  lastSeen: 'Last seen',
  kind: 'Type',
  details: 'Details',
  protection: 'Protection',
  change: 'Change',
};

export const DEFAULT_COLUMNS: readonly Column[] = [
  'client',
  'clientNamespace',
  'server',
  'serverNamespace',
  'ports',
  'evidence',
  'count',
  'lastSeen',
];

export interface Sort {
  readonly column: Column;
  readonly descending: boolean;
}

export interface Row {
  readonly link: MapLink;
  readonly change?: Change;
}

/** Text of a cell, for people and for files. Times are RFC 3339. */
export function cellText({ link, change }: Row, column: Column): string {
  const { edge, client, server } = link;
  switch (column) {
    case 'client':
      return client.name;
    case 'clientNamespace':
      return client.namespace ?? '';
    case 'clientKind':
      return peerKind(client);
    case 'server':
      return server.name;
    case 'serverNamespace':
      return server.namespace ?? '';
    case 'serverKind':
      return peerKind(server);
    case 'ports':
      return edge.ports.map(({ port, protocol }) => (port === undefined ? protocol : `${port}/${protocol}`)).join(' ');
    case 'evidence':
      return Object.keys(edge.evidence).join(' ');
    case 'count':
      return String(link.count);
    case 'firstSeen':
      return toInstant(link.firstSeenAt);
    case 'lastSeen':
      return toInstant(link.lastSeenAt);
    case 'kind':
      return link.kind;
    case 'details':
      return visibleText(detailText(link));
    case 'protection':
      return protectionStates(link).join(' ');
    case 'change':
      return change ?? '';
  }
}

function toInstant(at: number): string {
  return at === 0 ? '' : new Date(at).toISOString();
}

function peerKind({ peer }: MapLink['client']): string {
  return peer.type === 'workload' ? peer.kind || 'workload' : peer.type;
}

function detailText({ edge }: MapLink): string {
  const kafka = (edge.kafka ?? []).map(({ topic, operation, allowed }) => `${operation} ${topic}${allowed ? '' : ' (denied)'}`);
  const http = (edge.http ?? []).map(({ path, methods }) => `${methods.join(',')} ${path}`);
  return [...kafka, ...http, ...(edge.actions ?? []).map(({ action }) => action), ...(edge.names ?? [])].join('; ');
}

/** A new array; numbers by value, text by the reader's language-free order, ties by client then server. */
export function sortRows(rows: readonly Row[], { column, descending }: Sort): Row[] {
  const sign = descending ? -1 : 1;
  const keys = new Map(rows.map((row) => [row, sortKey(row, column)] as const));
  const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);
  return rows.toSorted(
    (a, b) =>
      sign * compare(keys.get(a) ?? '', keys.get(b) ?? '') ||
      compare(a.link.client.name, b.link.client.name) ||
      compare(a.link.server.name, b.link.server.name) ||
      compare(a.link.id, b.link.id),
  );
}

function sortKey(row: Row, column: Column): string | number {
  if (column === 'count') return row.link.count;
  if (column === 'firstSeen') return row.link.firstSeenAt;
  if (column === 'lastSeen') return row.link.lastSeenAt;
  if (column === 'ports') return row.link.edge.ports[0]?.port ?? 0;
  return cellText(row, column).toLowerCase();
}

/** RFC 4180, with an apostrophe where a spreadsheet would read a formula. */
export function toCsv(rows: readonly Row[], columns: readonly Column[]): string {
  const line = (cells: readonly string[]) => `${cells.map(csvCell).join(',')}\r\n`;
  return (
    line(columns.map((column) => COLUMN_TITLES[column])) + rows.map((row) => line(columns.map((column) => cellText(row, column)))).join('')
  );
}

function csvCell(text: string): string {
  // Where a comma is not the separator, a semicolon or tab within a cell begins another.
  const safe = text.replaceAll(/(^|[;,\t\r\n])(?=\s*[=+\-@＝＋－＠])/g, "$1'");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toJsonRows(rows: readonly Row[], columns: readonly Column[]): string {
  return JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map((column) => [column, column === 'count' ? row.link.count : cellText(row, column)]))),
    undefined,
    2,
  );
}
