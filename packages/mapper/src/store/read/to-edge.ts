import { EVIDENCE_KINDS } from '@nm/core';
import type {
  CloudAccess,
  Edge,
  EdgeClass,
  EdgePort,
  Evidence,
  EvidenceKind,
  HttpAccess,
  IntentEdge,
  KafkaAccess,
  Peer,
  ServiceRef,
  TransportProtocol,
  Vantage,
} from '@nm/core';
import { ABSENT } from '../schema/tables.ts';
import type { DetailKind } from '../schema/tables.ts';
import type { StoreOptions } from '../store-options.ts';
import { estimateDistinct } from '../write/details.ts';

/** Evidence of one edge with its counts in the window; the vantage was chosen per bucket (rule 20). */
export interface CountedEvidence {
  readonly kind: EvidenceKind;
  readonly vantage: Vantage;
  readonly port: number;
  readonly protocol: string;
  readonly service_namespace: string;
  readonly service_name: string;
  readonly service_port: number;
  readonly approximate: number;
  readonly count: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

/** What intents need to know of a row of evidence. */
export type EvidenceOfIntents = Pick<CountedEvidence, 'kind' | 'service_namespace' | 'service_name'>;

export interface StoredDetail {
  readonly kind: DetailKind;
  readonly value: string;
  readonly rank: number;
  readonly count: number;
}

export interface EdgeFacts {
  readonly client: Peer;
  readonly server: Peer;
  readonly class: EdgeClass;
  readonly shared: boolean;
  readonly evidence: readonly CountedEvidence[];
  readonly details: readonly StoredDetail[];
}

/** Most details of each kind; more may be stored for a while, those with the smallest ranks count. */
export type DetailBounds = Pick<StoreOptions, 'maxAddressesPerEdge' | 'maxDetailsPerEdge'>;

/** An edge as views have it, from its rows. */
export function toEdge(facts: EdgeFacts, bounds: DetailBounds): Edge {
  const details = groupDetails(facts.details, bounds);
  const services = distinctServices(facts.evidence.filter(({ protocol, service_name: name }) => protocol === '' && name !== ''));
  const names = valuesOf(details, 'name');
  const [via] = valuesOf(details, 'via');
  const [bytes] = details.get('bytes') ?? [];
  return {
    client: withAddresses(facts.client, details.get('client-address') ?? [], bounds.maxAddressesPerEdge),
    server: withAddresses(facts.server, details.get('server-address') ?? [], bounds.maxAddressesPerEdge),
    class: facts.class,
    shared: facts.shared,
    evidence: toEvidenceMap(facts.evidence),
    ports: toPorts(facts.evidence),
    ...(services.length > 0 && { services }),
    ...(names.length > 0 && { names }),
    ...toAccesses(details),
    ...(bytes !== undefined && { bytesSent: bytes.count }),
    ...(via !== undefined && { via: JSON.parse(via) as Peer }),
  };
}

const NO_SERVICES: readonly ServiceRef[] = [];

/** An edge as intents need it: without counts, times and ports. */
export function toIntentEdge(
  facts: Pick<EdgeFacts, 'client' | 'server' | 'class' | 'details'> & { readonly evidence: readonly EvidenceOfIntents[] },
  bounds: DetailBounds,
): IntentEdge {
  const { client, server } = facts;
  const evidence: Partial<Record<EvidenceKind, true>> = {};
  for (const { kind } of facts.evidence) evidence[kind] = true;
  const named = facts.evidence.some(({ service_name: name }) => name !== '');
  const services = named ? distinctServices(facts.evidence.filter(({ service_name: name }) => name !== '')) : NO_SERVICES;
  const accesses = facts.details.length === 0 ? undefined : toAccesses(groupDetails(facts.details, bounds));
  return { client, server, class: facts.class, evidence, ports: [], services, ...accesses };
}

/** By kind, of each no more than its bound. */
function groupDetails(rows: readonly StoredDetail[], bounds: DetailBounds): Map<DetailKind, StoredDetail[]> {
  const details = new Map<DetailKind, StoredDetail[]>();
  for (const detail of rows.toSorted((a, b) => a.rank - b.rank)) {
    const known = details.get(detail.kind);
    if (known === undefined) details.set(detail.kind, [detail]);
    else if (known.length < bounds.maxDetailsPerEdge || detail.kind === 'client-address' || detail.kind === 'server-address')
      known.push(detail);
  }
  return details;
}

function valuesOf(details: ReadonlyMap<DetailKind, readonly StoredDetail[]>, kind: DetailKind): string[] {
  return (details.get(kind) ?? []).map(({ value }) => value).toSorted();
}

function toAccesses(details: ReadonlyMap<DetailKind, readonly StoredDetail[]>): Pick<Edge, 'kafka' | 'http' | 'actions'> {
  const actions = (details.get('action') ?? []).map(({ value, count }): CloudAccess => ({ action: value, count }));
  return {
    ...(details.has('kafka') && { kafka: valuesOf(details, 'kafka').map(toKafka) }),
    ...(details.has('http') && { http: toHttp(valuesOf(details, 'http')) }),
    ...(actions.length > 0 && { actions: actions.toSorted((a, b) => compare(a.action, b.action)) }),
  };
}

function toEvidenceMap(rows: readonly CountedEvidence[]): Partial<Record<EvidenceKind, Evidence>> {
  const map: Partial<Record<EvidenceKind, Evidence>> = {};
  for (const kind of EVIDENCE_KINDS) {
    let sum: Evidence | undefined;
    for (const row of rows) if (row.kind === kind) sum = addEvidence(sum, row);
    if (sum !== undefined) map[kind] = sum;
  }
  return map;
}

function addEvidence(sum: Evidence | undefined, row: CountedEvidence): Evidence {
  const isApproximate = row.approximate === 1 || sum?.approximate === true;
  return {
    count: (sum?.count ?? 0) + row.count,
    firstSeenAt: Math.min(sum?.firstSeenAt ?? row.firstSeenAt, row.firstSeenAt),
    lastSeenAt: Math.max(sum?.lastSeenAt ?? row.lastSeenAt, row.lastSeenAt),
    ...(isApproximate && { approximate: true }),
  };
}

/**
 * Ports with their evidence. The server's side does not know which Service was asked for: what it saw of a port
 * joins what the client's side saw of it, if that named a Service.
 */
function toPorts(rows: readonly CountedEvidence[]): EdgePort[] {
  const groups = new Map<string, CountedEvidence[]>();
  const asked = new Map<string, string>();
  const withPort = rows.filter(({ protocol }) => protocol !== '').toSorted(comparePorts);
  for (const row of withPort) {
    if (row.vantage === 'client' && row.service_name !== '' && !asked.has(portKey(row))) asked.set(portKey(row), groupKey(row));
  }
  for (const row of withPort) {
    const own = row.vantage === 'server' && row.service_name === '' ? (asked.get(portKey(row)) ?? groupKey(row)) : groupKey(row);
    const group = groups.get(own);
    if (group === undefined) groups.set(own, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((group) => toPort(group)).toSorted(compareEdgePorts);
}

function toPort(group: readonly CountedEvidence[]): EdgePort {
  const named = group.find(({ service_name: name }) => name !== '') ?? group[0];
  if (named === undefined) throw new Error('a port has no evidence');
  return {
    ...(named.port !== ABSENT && { port: named.port }),
    protocol: named.protocol as TransportProtocol,
    ...(named.service_name !== '' && { service: { namespace: named.service_namespace, name: named.service_name } }),
    ...(named.service_port !== ABSENT && { servicePort: named.service_port }),
    evidence: toEvidenceMap(group),
  };
}

function portKey(row: CountedEvidence): string {
  return `${row.port}/${row.protocol}`;
}

function groupKey(row: CountedEvidence): string {
  return `${portKey(row)}/${row.service_namespace}/${row.service_name}/${row.service_port}`;
}

function comparePorts(a: CountedEvidence, b: CountedEvidence): number {
  return a.port - b.port || compare(groupKey(a), groupKey(b));
}

function compareEdgePorts(a: EdgePort, b: EdgePort): number {
  return (
    (a.port ?? ABSENT) - (b.port ?? ABSENT) ||
    compare(a.protocol, b.protocol) ||
    compare(serviceText(a.service), serviceText(b.service)) ||
    (a.servicePort ?? ABSENT) - (b.servicePort ?? ABSENT)
  );
}

function distinctServices(rows: readonly EvidenceOfIntents[]): ServiceRef[] {
  if (rows.length === 0) return [];
  const services = new Map(
    rows.map((row) => [`${row.service_namespace}/${row.service_name}`, { namespace: row.service_namespace, name: row.service_name }]),
  );
  return [...services.values()].toSorted((a, b) => compare(serviceText(a), serviceText(b)));
}

function serviceText(service: ServiceRef | undefined): string {
  return service === undefined ? '' : `${service.namespace}/${service.name}`;
}

/** Of too many addresses those with the smallest ranks were kept, from which the number of all is estimated. */
function withAddresses(peer: Peer, details: readonly StoredDetail[], max: number): Peer {
  if (details.length === 0 || (peer.type !== 'internet' && peer.type !== 'service')) return peer;
  const sample = details.slice(0, max);
  const addresses = sample.map(({ value }) => value).toSorted();
  if (peer.type === 'service') return { ...peer, addresses };
  const count = details.length < max ? details.length : estimateDistinct(sample.length, max, sample.at(-1)?.rank ?? 0);
  return { ...peer, addresses, ...(count > addresses.length && { addressCount: count }) };
}

function toKafka(value: string): KafkaAccess {
  const [topic, operation, allowed, resourceType, principal] = JSON.parse(value) as [string, string, boolean, string, string];
  return { topic, operation, allowed, ...(resourceType !== '' && { resourceType }), ...(principal !== '' && { principal }) };
}

function toHttp(values: readonly string[]): HttpAccess[] {
  const methods = new Map<string, string[]>();
  for (const value of values) {
    const [path, method] = JSON.parse(value) as [string, string];
    const known = methods.get(path) ?? [];
    if (method !== '') known.push(method);
    methods.set(path, known);
  }
  return [...methods].map(([path, list]) => ({ path, methods: list.toSorted() })).toSorted((a, b) => compare(a.path, b.path));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
