import { toMapEdge, toRfc3339 } from '@nm/core';
import type { Edge, EdgeProtection, EvidenceMap, Peer } from '@nm/core';
import type { StoredEdge } from '../store/query.ts';

/** Looks up the environment of a workload's or Service's namespace. */
export type EnvironmentOf = (cluster: string, namespace: string) => string | undefined;

export type ProtectionOf = (edge: Edge) => EdgeProtection | undefined;

/** The GraphQL type Edge. Fields that cost something are functions: they run only when they are asked for. */
export function toEdgeView({ id, edge }: StoredEdge, environmentOf: EnvironmentOf, protectionOf: ProtectionOf): object {
  const map = toMapEdge(edge);
  const { firstSeenAt, lastSeenAt } = seenBetween(edge);
  return {
    ...map,
    id: String(id),
    client: toPeerView(map.client, environmentOf),
    server: toPeerView(map.server, environmentOf),
    ...(map.via !== undefined && { via: toPeerView(map.via, environmentOf) }),
    bytesSent: edge.bytesSent ?? null,
    protection: () => protectionOf(edge) ?? null,
    firstSeen: toRfc3339(firstSeenAt),
    lastSeen: toRfc3339(lastSeenAt),
  };
}

function toPeerView(peer: Peer, environmentOf: EnvironmentOf): object {
  if (peer.type !== 'workload' && peer.type !== 'service') return peer;
  return { ...peer, environment: () => environmentOf(peer.cluster, peer.namespace) };
}

/** First and last time of any evidence, on the edge itself or on one of its ports. */
function seenBetween(edge: Edge): { firstSeenAt: number; lastSeenAt: number } {
  let firstSeenAt = Number.POSITIVE_INFINITY;
  let lastSeenAt = 0;
  const look = (evidence: EvidenceMap): void => {
    for (const one of Object.values(evidence)) {
      firstSeenAt = Math.min(firstSeenAt, one.firstSeenAt);
      lastSeenAt = Math.max(lastSeenAt, one.lastSeenAt);
    }
  };
  look(edge.evidence);
  for (const port of edge.ports) look(port.evidence);
  return { firstSeenAt: Number.isFinite(firstSeenAt) ? firstSeenAt : 0, lastSeenAt };
}
