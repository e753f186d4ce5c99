import { EVIDENCE_KINDS } from '../model/edge.ts';
import type { Edge, EdgePort, Evidence, EvidenceMap } from '../model/edge.ts';
import { parseRfc3339 } from './rfc3339.ts';
import type { MapDocument, MapEdge, MapEvidenceMap, MapPort } from './types.ts';

/** The edges of a map document that `parseMapDocument` accepted. */
export function toEdges(document: MapDocument): Edge[] {
  return document.edges.map(toEdge);
}

function toEdge(edge: MapEdge): Edge {
  const { client, server, services, names, kafka, http, actions, via } = edge;
  const result: { -readonly [K in keyof Edge]: Edge[K] } = {
    client,
    server,
    class: edge.class,
    shared: edge.shared,
    evidence: toEvidence(edge.evidence),
    ports: edge.ports.map(toPort),
  };
  if (services !== undefined) result.services = services;
  if (names !== undefined) result.names = names;
  if (kafka !== undefined) result.kafka = kafka;
  if (http !== undefined) result.http = http;
  if (actions !== undefined) result.actions = actions;
  if (via !== undefined) result.via = via;
  return result;
}

function toPort({ port, protocol, service, servicePort, evidence }: MapPort): EdgePort {
  const result: { -readonly [K in keyof EdgePort]: EdgePort[K] } = { protocol, evidence: toEvidence(evidence) };
  if (port !== undefined) result.port = port;
  if (service !== undefined) result.service = service;
  if (servicePort !== undefined) result.servicePort = servicePort;
  return result;
}

function toEvidence(evidence: MapEvidenceMap): EvidenceMap {
  const result: { -readonly [K in keyof EvidenceMap]: Evidence } = {};
  for (const kind of EVIDENCE_KINDS) {
    const one = evidence[kind];
    if (one === undefined) continue;
    const { count, firstSeen, lastSeen } = one;
    const times = { count, firstSeenAt: parseRfc3339(firstSeen) ?? 0, lastSeenAt: parseRfc3339(lastSeen) ?? 0 };
    result[kind] = one.approximate === true ? { ...times, approximate: true } : times;
  }
  return result;
}
