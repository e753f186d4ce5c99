import { peerName, servicesOf, shownNamespace, toRfc3339 } from '@nm/core';
import type { Edge, Peer } from '@nm/core';
import { toCsv } from '../output/csv.ts';
import { printable } from '../output/printable.ts';
import { toTable } from '../output/table.ts';
import type { TableOptions } from '../output/table.ts';
import {
  clientName,
  evidenceText,
  isDenied,
  isLookupOnly,
  kafkaLines,
  plainName,
  portName,
  seenBetween,
  serverNames,
} from './peer-text.ts';
import type { NamingOptions } from './peer-text.ts';

/** One line for each edge, for people. */
export function toListTable(edges: readonly Edge[], options: NamingOptions & TableOptions): string {
  const rows = edges.map((edge) => [
    tableName(edge.client, options),
    serverNames(edge, options)
      .map(({ name, namespace }) => printable(namespace === undefined ? name : `${namespace}/${name}`))
      .join(', '),
    edge.ports.map(portName).join(', '),
    `${evidenceText(edge.evidence)}${isLookupOnly(edge) ? ' (looked up only)' : ''}${isDenied(edge) ? ' (denied)' : ''}`,
    lastSeenText(edge),
    detailText(edge),
  ]);
  return toTable(['CLIENT', 'SERVER', 'PORTS', 'SEEN', 'LAST SEEN', 'DETAILS'], rows, options);
}

export const CSV_HEADER = [
  'client_type',
  'client_namespace',
  'client_name',
  'client_kind',
  'server_type',
  'server_namespace',
  'server_name',
  'server_kind',
  'class',
  'shared',
  'ports',
  'services',
  'evidence',
  'count',
  'first_seen',
  'last_seen',
  'kafka',
  'http',
  'actions',
] as const;

/** One row for each edge, for programs and spreadsheets. Lists within a cell are separated by `; `. */
export function toListCsv(edges: readonly Edge[]): string {
  return toCsv(CSV_HEADER, edges.map(toCsvRow));
}

export function toCsvRow(edge: Edge): (string | number | boolean | undefined)[] {
  const seen = seenBetween(edge);
  return [
    ...peerCells(edge.client),
    ...peerCells(edge.server),
    edge.class,
    edge.shared,
    edge.ports.map(portName).join('; '),
    servicesOf(edge)
      .map(({ name, namespace }) => `${name}.${namespace}`)
      .join('; '),
    Object.entries(edge.evidence)
      .map(([kind, { count }]) => `${kind}:${count}`)
      .join('; '),
    Object.values(edge.evidence).reduce((sum, { count }) => sum + count, 0),
    seen === undefined ? undefined : toRfc3339(seen.first),
    seen === undefined ? undefined : toRfc3339(seen.last),
    kafkaLines(edge.kafka ?? []).join('; '),
    (edge.http ?? []).map(({ path, methods }) => `${methods.join(',')} ${path}`).join('; '),
    (edge.actions ?? []).map(({ action }) => action).join('; '),
  ];
}

function peerCells(peer: Peer): (string | undefined)[] {
  return [
    peer.type,
    shownNamespace(peer),
    peer.type === 'internet' ? (peer.domain ?? peer.addresses?.join(' ')) : peerName(peer),
    peer.type === 'workload' ? peer.kind : undefined,
  ];
}

function tableName(peer: Peer, options: NamingOptions): string {
  if (options.distinctByLabel !== undefined) return clientName(peer, options);
  const namespace = shownNamespace(peer);
  return printable(namespace === undefined ? plainName(peer) : `${namespace}/${plainName(peer)}`);
}

function lastSeenText(edge: Edge): string {
  const seen = seenBetween(edge);
  return seen === undefined ? '' : toRfc3339(seen.last).replace(/\.\d+Z$/, 'Z');
}

function detailText(edge: Edge): string {
  const http = (edge.http ?? []).map(({ path, methods }) => printable(`${methods.join(',')} ${path}`));
  const actions = (edge.actions ?? []).map(({ action }) => printable(action));
  return [...kafkaLines(edge.kafka ?? []), ...http, ...actions].join('; ');
}
