import { EVIDENCE_KINDS } from '../model/edge.ts';
import type { Edge, Evidence, EvidenceMap } from '../model/edge.ts';
import { parseRfc3339 } from './rfc3339.ts';
import type { MapDocument, MapEdge, MapEvidenceMap } from './types.ts';

/** The edges of a map document that `parseMapDocument` accepted. */
export function toEdges(document: MapDocument): Edge[] {
  return document.edges.map(toEdge);
}

function toEdge(edge: MapEdge): Edge {
  const { client, server, services, names, kafka, http, actions, via } = edge;
  return {
    client,
    server,
    class: edge.class,
    shared: edge.shared,
    evidence: toEvidence(edge.evidence),
    ports: edge.ports.map(({ port, protocol, service, servicePort, evidence }) => ({
      ...(port !== undefined && { port }),
      protocol,
      ...(service !== undefined && { service }),
      ...(servicePort !== undefined && { servicePort }),
      evidence: toEvidence(evidence),
    })),
    ...(services !== undefined && { services }),
    ...(names !== undefined && { names }),
    ...(kafka !== undefined && { kafka }),
    ...(http !== undefined && { http }),
    ...(actions !== undefined && { actions }),
    ...(via !== undefined && { via }),
  };
}

function toEvidence(evidence: MapEvidenceMap): EvidenceMap {
  const result: { -readonly [K in keyof EvidenceMap]: Evidence } = {};
  for (const kind of EVIDENCE_KINDS) {
    const one = evidence[kind];
    if (one === undefined) continue;
    result[kind] = {
      count: one.count,
      firstSeenAt: parseRfc3339(one.firstSeen) ?? 0,
      lastSeenAt: parseRfc3339(one.lastSeen) ?? 0,
      ...(one.approximate === true && { approximate: true }),
    };
  }
  return result;
}
