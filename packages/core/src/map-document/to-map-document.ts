import { EVIDENCE_KINDS } from '../model/edge.ts';
import type { Edge, EdgePort, EvidenceMap } from '../model/edge.ts';
import type { Peer } from '../model/peer.ts';
import { toRfc3339 } from './rfc3339.ts';
import { sortEdges, sortPorts } from './sort-edges.ts';
import { MAP_SCHEMA } from './types.ts';
import type { MapDocument, MapEdge, MapEvidence, MapEvidenceMap, MapPort } from './types.ts';

/**
 * The map file of these edges: sorted, with fields in a fixed order, so that equal maps are equal texts.
 * Instants are milliseconds since the Unix epoch; fractions of a millisecond are cut off.
 */
export function toMapDocument(
  edges: readonly Edge[],
  options: { readonly generatedAt: number; readonly window?: { readonly since?: number; readonly until?: number } },
): MapDocument {
  return { ...toMapHead(options), edges: sortEdges(edges).map(toMapEdge) };
}

/** A map file without its edges, for maps that are written edge by edge. */
export function toMapHead(options: {
  readonly generatedAt: number;
  readonly window?: { readonly since?: number; readonly until?: number };
}): Omit<MapDocument, 'edges'> {
  const { since, until } = options.window ?? {};
  return {
    schema: MAP_SCHEMA,
    generatedAt: toRfc3339(options.generatedAt),
    window: {
      ...(since !== undefined && { since: toRfc3339(since) }),
      ...(until !== undefined && { until: toRfc3339(until) }),
    },
  };
}

/** The JSON form of one edge. */
export function toMapEdge(edge: Edge): MapEdge {
  return {
    client: toMapPeer(edge.client),
    server: toMapPeer(edge.server),
    class: edge.class,
    shared: edge.shared,
    evidence: toMapEvidence(edge.evidence),
    ports: sortPorts(edge.ports).map(toMapPort),
    ...(edge.services !== undefined && { services: edge.services }),
    ...(edge.names !== undefined && { names: edge.names }),
    ...(edge.kafka !== undefined && { kafka: edge.kafka }),
    ...(edge.http !== undefined && { http: edge.http }),
    ...(edge.actions !== undefined && { actions: edge.actions }),
    ...(edge.via !== undefined && { via: toMapPeer(edge.via) }),
  };
}

function toMapPeer(peer: Peer): Peer {
  if (peer.type !== 'workload') return peer;
  const { type, cluster, namespace, name, kind, labels } = peer;
  if (labels === undefined) return { type, cluster, namespace, name, kind };
  const sorted = Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { type, cluster, namespace, name, kind, labels: sorted };
}

function toMapPort(port: EdgePort): MapPort {
  return {
    ...(port.port !== undefined && { port: port.port }),
    protocol: port.protocol,
    ...(port.service !== undefined && { service: port.service }),
    ...(port.servicePort !== undefined && { servicePort: port.servicePort }),
    evidence: toMapEvidence(port.evidence),
  };
}

function toMapEvidence(evidence: EvidenceMap): MapEvidenceMap {
  const result: { -readonly [K in keyof MapEvidenceMap]: MapEvidence } = {};
  for (const kind of EVIDENCE_KINDS) {
    const one = evidence[kind];
    if (one === undefined) continue;
    result[kind] = {
      count: one.count,
      firstSeen: toRfc3339(one.firstSeenAt),
      lastSeen: toRfc3339(one.lastSeenAt),
      ...(one.approximate === true && { approximate: true }),
    };
  }
  return result;
}
