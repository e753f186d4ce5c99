import type { Edge, EvidenceKind } from '../model/edge.ts';
import { peerName, peerNamespace } from '../model/peer.ts';
import type { Peer } from '../model/peer.ts';

/** A workload (or Service) by name, in one namespace or in any. */
export interface NameFilter {
  readonly name: string;
  readonly namespace?: string;
}

/** Which edges a view shows. Every part that is given must hold; an empty filter shows the default map. */
export interface EdgeFilter {
  /** Namespaces of the client. */
  readonly namespaces?: readonly string[];
  /** Namespaces of the server. */
  readonly toNamespaces?: readonly string[];
  /** Either end is one of these. */
  readonly workloads?: readonly NameFilter[];
  /** Everything that the clients of this server call, this server included. */
  readonly server?: NameFilter;
  /** Neither end has one of these names. */
  readonly excludeServices?: readonly NameFilter[];
  /** Neither end has one of these labels with exactly this value. */
  readonly excludeLabels?: readonly { readonly key: string; readonly value: string }[];
  /** Known by at least one of these kinds of evidence. */
  readonly evidence?: readonly EvidenceKind[];
  /** Instants (ms): active in this time, as far as first and last seen tell. */
  readonly since?: number;
  readonly until?: number;
  /** Node-local, DNS and our own traffic too. */
  readonly includeSystem?: boolean;
  /** Addresses of the cluster's ranges that nobody owned, too. */
  readonly includeUnknown?: boolean;
}

/** The edges that a filter lets through, in their order. */
export function selectEdges(edges: readonly Edge[], filter: EdgeFilter): Edge[] {
  const { server } = filter;
  const left = edges.filter((edge) => isVisible(edge, filter));
  if (server === undefined) return left;
  const callers = new Set(left.filter((edge) => isNamed(edge.server, server)).map((edge) => clientKey(edge.client)));
  return left.filter((edge) => callers.has(clientKey(edge.client)));
}

function isVisible(edge: Edge, filter: EdgeFilter): boolean {
  const { client, server } = edge;
  if (edge.class === 'system' && filter.includeSystem !== true) return false;
  if ((client.type === 'unknown' || server.type === 'unknown') && filter.includeUnknown !== true) return false;
  if (!isIn(client, filter.namespaces) || !isIn(server, filter.toNamespaces)) return false;
  if (filter.workloads !== undefined && !filter.workloads.some((one) => isNamed(client, one) || isNamed(server, one))) return false;
  if (filter.excludeServices?.some((one) => isNamed(client, one) || isNamed(server, one)) === true) return false;
  if (filter.excludeLabels?.some((one) => hasLabel(client, one) || hasLabel(server, one)) === true) return false;
  if (filter.evidence !== undefined && !filter.evidence.some((kind) => edge.evidence[kind] !== undefined)) return false;
  return isActive(edge, filter.since, filter.until);
}

/** Namespace of a peer as lists show it: the API server stands in `default`, as its Service does. */
export function shownNamespace(peer: Peer): string | undefined {
  return peer.type === 'apiServer' ? 'default' : peerNamespace(peer);
}

function isIn(peer: Peer, namespaces: readonly string[] | undefined): boolean {
  if (namespaces === undefined || namespaces.length === 0) return true;
  const namespace = shownNamespace(peer);
  return namespace !== undefined && namespaces.includes(namespace);
}

function isNamed(peer: Peer, filter: NameFilter): boolean {
  return peerName(peer) === filter.name && (filter.namespace === undefined || shownNamespace(peer) === filter.namespace);
}

function hasLabel(peer: Peer, label: { readonly key: string; readonly value: string }): boolean {
  return peer.type === 'workload' && peer.labels?.[label.key] === label.value;
}

/** Without a known time an edge is shown: hiding it would be a guess. */
function isActive(edge: Edge, since: number | undefined, until: number | undefined): boolean {
  if (since === undefined && until === undefined) return true;
  const seen = Object.values(edge.evidence);
  if (seen.length === 0) return true;
  return seen.some((one) => (since === undefined || one.lastSeenAt >= since) && (until === undefined || one.firstSeenAt <= until));
}

function clientKey(client: Peer): string {
  return `${client.type}|${shownNamespace(client) ?? ''}|${peerName(client)}`;
}
