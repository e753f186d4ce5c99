import type { Edge, Evidence } from '../model/edge.ts';
import type { Peer } from '../model/peer.ts';

const AT = Date.UTC(2026, 0, 31, 12);
export const seen: Evidence = { count: 2, firstSeenAt: AT, lastSeenAt: AT + 1_500 };

/** A workload of the cluster `c`, in `shop` unless said otherwise. */
export function workload(name: string, namespace = 'shop', kind = 'Deployment', labels?: Readonly<Record<string, string>>): Peer {
  return { type: 'workload', cluster: 'c', namespace, name, kind, ...(labels !== undefined && { labels }) };
}

/** A call of the application, seen by its attempts, unless said otherwise. */
export function edge(client: Peer, server: Peer, rest: Partial<Edge> = {}): Edge {
  return { client, server, class: 'app', shared: false, evidence: { tcp: seen }, ports: [], ...rest };
}
