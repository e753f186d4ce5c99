import type { CloudAccess, Edge, EdgePort, Evidence, EvidenceKind, EvidenceMap, KafkaAccess, Vantage } from '../model/edge.ts';
import { compareText, sortEdges, sortPorts } from '../map-document/sort-edges.ts';
import { edgeKey } from '../model/edge-key.ts';
import type { EdgeUpdate } from '../model/edge-update.ts';
import type { Peer, ServicePeer, ServiceRef } from '../model/peer.ts';
import { peerKey } from '../model/peer.ts';
import { createDomainLimiter, registrableDomain } from './domain-limiter.ts';

/** Addresses that a nameless or named internet peer shows; the rest is counted (rule 16). */
export const MAX_ADDRESS_SAMPLE = 16;
/** Distinct addresses that are told apart per peer to count them. */
const MAX_COUNTED_ADDRESSES = 10_000;
const MAX_NAMES = 16;

type VantageCounts = Partial<Record<Vantage, { count: number; firstSeenAt: number; lastSeenAt: number; approximate: boolean }>>;
type EvidenceCounts = Partial<Record<EvidenceKind, VantageCounts>>;

interface PortRecord {
  readonly port: number | undefined;
  readonly protocol: EdgePort['protocol'];
  readonly service: ServiceRef | undefined;
  readonly servicePort: number | undefined;
  readonly evidence: EvidenceCounts;
}

interface EdgeRecord {
  client: Peer;
  server: Peer;
  isApp: boolean;
  isShared: boolean;
  readonly evidence: EvidenceCounts;
  readonly ports: Map<string, PortRecord>;
  readonly services: Map<string, ServiceRef>;
  readonly names: Set<string>;
  readonly addresses: Set<string>;
  readonly kafka: Map<string, KafkaAccess>;
  readonly http: Map<string, Set<string>>;
  readonly actions: Map<string, number>;
  via: Peer | undefined;
}

/** The map in memory: edge updates merged, in any order, into edges. For offline maps and tests; the mapper's store does the same on disk. */
export interface EdgeBook {
  apply(update: EdgeUpdate): void;
  /** @param options.unknown also edges with an end that nobody owned. */
  edges(options?: { readonly unknown?: boolean }): Edge[];
  readonly size: number;
  /** Names that went into a wildcard (rule 16). */
  readonly collapsedNames: number;
}

export function createEdgeBook(): EdgeBook {
  const records = new Map<string, EdgeRecord>();
  const limiter = createDomainLimiter();
  return {
    get size() {
      return records.size;
    },
    get collapsedNames() {
      return limiter.collapsed;
    },
    apply(given) {
      const update = limiter.limit(given);
      const key = edgeKey(update.client, update.server, update.port);
      let record = records.get(key);
      if (record === undefined) {
        record = emptyRecord(update);
        records.set(key, record);
      }
      merge(record, update);
    },
    edges(options = {}) {
      collapse(records);
      const wanted = [...records.values()].filter(
        ({ client, server }) => options.unknown === true || (client.type !== 'unknown' && server.type !== 'unknown'),
      );
      return sortEdges(wanted.map(toEdge));
    },
  };
}

function emptyRecord(update: EdgeUpdate): EdgeRecord {
  return {
    client: update.client,
    server: update.server,
    isApp: false,
    isShared: true,
    evidence: {},
    ports: new Map(),
    services: new Map(),
    names: new Set(),
    addresses: new Set(),
    kafka: new Map(),
    http: new Map(),
    actions: new Map(),
    via: undefined,
  };
}

function merge(record: EdgeRecord, update: EdgeUpdate): void {
  record.client = newerPeer(record.client, update.client);
  record.server = newerPeer(record.server, update.server);
  record.isApp ||= update.class === 'app';
  record.isShared &&= update.shared;
  addEvidence(record.evidence, update);
  if (update.port !== undefined) {
    const { port, protocol, service, servicePort } = update.port;
    const key = `${port ?? ''}/${protocol}/${service === undefined ? '' : `${service.namespace}/${service.name}`}/${servicePort ?? ''}`;
    let known = record.ports.get(key);
    if (known === undefined) {
      known = { port, protocol, service, servicePort, evidence: {} };
      record.ports.set(key, known);
    }
    addEvidence(known.evidence, update);
  }
  if (update.service !== undefined) record.services.set(`${update.service.namespace}/${update.service.name}`, update.service);
  if (update.name !== undefined && record.names.size < MAX_NAMES) record.names.add(update.name);
  for (const peer of [update.client, update.server]) {
    if (peer.type !== 'internet') continue;
    for (const address of peer.addresses ?? []) if (record.addresses.size < MAX_COUNTED_ADDRESSES) record.addresses.add(address);
  }
  if (update.kafka !== undefined) {
    const { topic, operation, allowed, resourceType, principal } = update.kafka;
    record.kafka.set([resourceType ?? '', topic, operation, allowed, principal ?? ''].join('\n'), update.kafka);
  }
  if (update.http !== undefined) {
    const methods = record.http.get(update.http.path) ?? new Set();
    for (const method of update.http.methods) methods.add(method);
    record.http.set(update.http.path, methods);
  }
  for (const { action, count } of update.actions ?? []) record.actions.set(action, (record.actions.get(action) ?? 0) + count);
  record.via ??= update.via;
}

/** The newer labels win; a domain seen with a public address is public. */
function newerPeer(known: Peer, seen: Peer): Peer {
  if (known.type === 'internet' && seen.type === 'internet' && known.scope === 'public') return known;
  return seen;
}

function addEvidence(evidence: EvidenceCounts, update: EdgeUpdate): void {
  const vantages = (evidence[update.evidence] ??= {});
  const counts = vantages[update.vantage];
  if (counts === undefined) {
    vantages[update.vantage] = {
      count: update.count,
      firstSeenAt: update.firstSeenAt,
      lastSeenAt: update.lastSeenAt,
      approximate: update.approximate === true,
    };
    return;
  }
  counts.count += update.count;
  counts.firstSeenAt = Math.min(counts.firstSeenAt, update.firstSeenAt);
  counts.lastSeenAt = Math.max(counts.lastSeenAt, update.lastSeenAt);
  counts.approximate ||= update.approximate === true;
}

/** Rule 20: the client's side counts where it was seen, else the server's; the same call never twice. */
function toEvidence(counts: EvidenceCounts): EvidenceMap {
  const evidence: Partial<Record<EvidenceKind, Evidence>> = {};
  for (const [kind, vantages] of Object.entries(counts) as [EvidenceKind, VantageCounts][]) {
    const chosen = vantages.client ?? vantages.server;
    if (chosen === undefined) continue;
    const { client, server } = vantages;
    evidence[kind] = {
      count: chosen.count,
      firstSeenAt: Math.min(client?.firstSeenAt ?? Infinity, server?.firstSeenAt ?? Infinity),
      lastSeenAt: Math.max(client?.lastSeenAt ?? -Infinity, server?.lastSeenAt ?? -Infinity),
      ...(chosen.approximate ? { approximate: true } : {}),
    };
  }
  return evidence;
}

function toEdge(record: EdgeRecord): Edge {
  const { services, names, kafka, http, actions, via } = record;
  const ports = sortPorts([...record.ports.values()].map(toPort));
  return {
    client: withAddresses(record.client, record.addresses),
    server: withAddresses(record.server, record.addresses),
    class: record.isApp ? 'app' : 'system',
    shared: record.isShared,
    evidence: toEvidence(record.evidence),
    ports,
    ...(services.size === 0
      ? {}
      : { services: [...services.values()].sort((a, b) => compareText(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`)) }),
    ...(names.size === 0 ? {} : { names: [...names].sort() }),
    ...(kafka.size === 0
      ? {}
      : { kafka: [...kafka.values()].sort((a, b) => compareText(a.topic, b.topic) || compareText(a.operation, b.operation)) }),
    ...(http.size === 0
      ? {}
      : { http: [...http].map(([path, methods]) => ({ path, methods: [...methods].sort() })).sort((a, b) => compareText(a.path, b.path)) }),
    ...(actions.size === 0
      ? {}
      : {
          actions: [...actions].map(([action, count]): CloudAccess => ({ action, count })).sort((a, b) => compareText(a.action, b.action)),
        }),
    ...(via === undefined ? {} : { via }),
  };
}

function toPort(record: PortRecord): EdgePort {
  const { port, protocol, service, servicePort } = record;
  return {
    ...(port === undefined ? {} : { port }),
    protocol,
    ...(service === undefined ? {} : { service }),
    ...(servicePort === undefined ? {} : { servicePort }),
    evidence: toEvidence(record.evidence),
  };
}

function withAddresses(peer: Peer, addresses: ReadonlySet<string>): Peer {
  if (peer.type !== 'internet') return peer.type === 'service' ? sortedAddresses(peer) : peer;
  const { domain, scope } = peer;
  const sample = [...addresses].sort().slice(0, MAX_ADDRESS_SAMPLE);
  return {
    type: 'internet',
    ...(domain === undefined ? {} : { domain }),
    ...(sample.length === 0 ? {} : { addresses: sample }),
    ...(addresses.size > sample.length ? { addressCount: addresses.size } : {}),
    scope,
  };
}

function sortedAddresses(peer: ServicePeer): ServicePeer {
  return peer.addresses === undefined ? peer : { ...peer, addresses: [...peer.addresses].sort() };
}

/** Where a client's names of a domain became a wildcard, the names seen before that join it (rule 16). */
function collapse(records: Map<string, EdgeRecord>): void {
  const wildcards = new Map<string, EdgeRecord>();
  for (const record of records.values()) {
    const domain = domainOf(record.server);
    if (domain?.startsWith('*.') === true) wildcards.set(`${peerKey(record.client)}>${domain}`, record);
  }
  if (wildcards.size === 0) return;
  for (const [key, record] of records) {
    const domain = domainOf(record.server);
    if (domain === undefined || domain.startsWith('*.')) continue;
    const wildcard = wildcards.get(`${peerKey(record.client)}>*.${registrableDomain(domain)}`);
    if (wildcard === undefined) continue;
    absorb(wildcard, record);
    records.delete(key);
  }
}

function domainOf(peer: Peer): string | undefined {
  return peer.type === 'internet' ? peer.domain : undefined;
}

function absorb(into: EdgeRecord, from: EdgeRecord): void {
  absorbEvidence(into.evidence, from.evidence);
  for (const [key, port] of from.ports) {
    const known = into.ports.get(key);
    if (known === undefined) into.ports.set(key, { ...port, evidence: structuredCopy(port.evidence) });
    else absorbEvidence(known.evidence, port.evidence);
  }
  for (const address of from.addresses) if (into.addresses.size < MAX_COUNTED_ADDRESSES) into.addresses.add(address);
  into.isApp ||= from.isApp;
}

function absorbEvidence(into: EvidenceCounts, from: EvidenceCounts): void {
  for (const [kind, vantages] of Object.entries(from) as [EvidenceKind, VantageCounts][]) {
    for (const [vantage, counts] of Object.entries(vantages) as [Vantage, NonNullable<VantageCounts[Vantage]>][]) {
      const known = (into[kind] ??= {})[vantage];
      const merged =
        known === undefined
          ? { ...counts }
          : {
              count: known.count + counts.count,
              firstSeenAt: Math.min(known.firstSeenAt, counts.firstSeenAt),
              lastSeenAt: Math.max(known.lastSeenAt, counts.lastSeenAt),
              approximate: known.approximate || counts.approximate,
            };
      into[kind] = { ...into[kind], [vantage]: merged };
    }
  }
}

function structuredCopy(evidence: EvidenceCounts): EvidenceCounts {
  const copy: EvidenceCounts = {};
  absorbEvidence(copy, evidence);
  return copy;
}
