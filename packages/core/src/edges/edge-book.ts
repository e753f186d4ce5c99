import { comparePeers, sortPorts } from '../map-document/sort-edges.ts';
import type { Edge, EdgePort, TransportProtocol } from '../model/edge.ts';
import type { EdgeUpdate, EdgeUpdatePort } from '../model/edge-update.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';
import { createDomainLimiter, registrableDomain } from './domain-limiter.ts';
import { addDetails, addService, emptyDetails, hasDetails, toDetails } from './edge-details.ts';
import type { EdgeDetails } from './edge-details.ts';
import { copyInto, EvidenceCells } from './evidence-cells.ts';
import { PeerTable } from './peer-table.ts';

/** Addresses that an internet peer shows; the rest is counted (rule 16). */
export const MAX_ADDRESS_SAMPLE = 16;
/** Distinct addresses that are told apart per edge to count them. */
export const MAX_COUNTED_ADDRESSES = 10_000;

const NONE = -1;
/** Peers times this fits into 2^53 for as many peers as memory holds. */
const PEER_FACTOR = 2 ** 26;
const IS_APP = 1;
const IS_SHARED = 2;
const IS_ABSORBED = 4;
const PROTOCOLS: readonly TransportProtocol[] = ['TCP', 'UDP', 'SCTP', 'HBONE'];

export interface EdgesOptions {
  /** Also edges with an end that nobody owned. */
  readonly unknown?: boolean;
}

/**
 * The map in memory: edge updates merged, in any order, into edges. For offline maps; the mapper's store does the same
 * on disk. About 150 bytes an edge, so that a map of hundreds of thousands is made from a stream.
 */
export interface EdgeBook {
  apply(update: EdgeUpdate): void;
  edges(options?: EdgesOptions): Edge[];
  /** The edges one by one in the map's order, each made when it is asked for. */
  sorted(options?: EdgesOptions): Generator<Edge>;
  readonly size: number;
  /** Names that went into a wildcard (rule 16). */
  readonly collapsedNames: number;
}

export function createEdgeBook(): EdgeBook {
  return new ColumnBook();
}

class ColumnBook implements EdgeBook {
  private readonly limiter = createDomainLimiter();
  private readonly peers = new PeerTable();
  private readonly cells = new EvidenceCells();
  private readonly index = new Map<number, number>();
  private count = 0;
  private client = new Int32Array(1024);
  private server = new Int32Array(1024);
  private flags = new Uint8Array(1024);
  private evidence = new Int32Array(1024);
  private firstPort = new Int32Array(1024);
  /** Edges of one pair of peers that differ by port (nameless peers). */
  private sibling = new Int32Array(1024);
  private readonly details = new Map<number, EdgeDetails>();
  /** The one Service that a lookup asked for; more than one is in the details. */
  private readonly service: (ServiceRef | undefined)[] = [];
  /** Addresses of the internet peer: the update's own list while it is the only one. */
  private readonly addresses: (readonly string[] | Set<string> | undefined)[] = [];
  private portCount = 0;
  private portNumber = new Int32Array(1024);
  private portProtocol = new Uint8Array(1024);
  private portServicePort = new Int32Array(1024);
  private portEvidence = new Int32Array(1024);
  private nextPort = new Int32Array(1024);
  private readonly portService: (ServiceRef | undefined)[] = [];

  get size(): number {
    return this.count;
  }

  get collapsedNames(): number {
    return this.limiter.collapsed;
  }

  apply(given: EdgeUpdate): void {
    const update = this.limiter.limit(given);
    const edge = this.edgeOf(update);
    if (update.class === 'app') this.flags[edge] = (this.flags[edge] ?? 0) | IS_APP;
    if (!update.shared) this.flags[edge] = (this.flags[edge] ?? 0) & ~IS_SHARED;
    this.evidence[edge] = this.cells.add(this.evidence[edge] ?? NONE, update);
    if (update.port !== undefined) {
      const port = this.portOf(edge, update.port);
      this.portEvidence[port] = this.cells.add(this.portEvidence[port] ?? NONE, update);
    }
    if (update.service !== undefined) this.noteService(edge, update.service);
    if (hasDetails(update)) addDetails(this.detailsOf(edge), update);
    if (update.client.type === 'internet') this.noteAddresses(edge, update.client.addresses);
    if (given.server.type === 'internet') this.noteAddresses(edge, given.server.addresses);
  }

  edges(options: EdgesOptions = {}): Edge[] {
    return [...this.sorted(options)];
  }

  *sorted(options: EdgesOptions = {}): Generator<Edge> {
    this.collapse();
    const ranks = this.peers.ranks(comparePeers);
    const isWanted = (edge: number): boolean => {
      if (((this.flags[edge] ?? 0) & IS_ABSORBED) !== 0) return false;
      return (
        options.unknown === true ||
        (this.peers.peer(this.client[edge] ?? 0).type !== 'unknown' && this.peers.peer(this.server[edge] ?? 0).type !== 'unknown')
      );
    };
    const order = new Int32Array(this.count).map((_zero, edge) => edge).filter(isWanted);
    order.sort(
      (a, b) =>
        (ranks[this.client[a] ?? 0] ?? 0) - (ranks[this.client[b] ?? 0] ?? 0) ||
        (ranks[this.server[a] ?? 0] ?? 0) - (ranks[this.server[b] ?? 0] ?? 0) ||
        this.firstNumber(a) - this.firstNumber(b) ||
        this.firstProtocol(a) - this.firstProtocol(b),
    );
    for (const edge of order) yield this.toEdge(edge);
  }

  private edgeOf(update: EdgeUpdate): number {
    const client = this.peers.idOf(update.client);
    const server = this.peers.idOf(update.server);
    const key = client * PEER_FACTOR + server;
    const first = this.index.get(key);
    if (first === undefined) {
      const edge = this.newEdge(client, server);
      this.index.set(key, edge);
      return edge;
    }
    if (!isNameless(update.client) && !isNameless(update.server)) return first;
    for (let edge = first; edge !== NONE; edge = this.sibling[edge] ?? NONE) if (this.hasPort(edge, update.port)) return edge;
    const edge = this.newEdge(client, server);
    this.sibling[edge] = this.sibling[first] ?? NONE;
    this.sibling[first] = edge;
    return edge;
  }

  /** Whether an edge of a nameless peer is the one of this server port (model/edge-key.ts). */
  private hasPort(edge: number, wanted: EdgeUpdatePort | undefined): boolean {
    const port = this.firstPort[edge] ?? NONE;
    if (port === NONE || wanted === undefined) return port === NONE && wanted === undefined;
    return this.portNumber[port] === (wanted.port ?? NONE) && PROTOCOLS[this.portProtocol[port] ?? 0] === wanted.protocol;
  }

  private newEdge(client: number, server: number): number {
    if (this.count === this.client.length) this.growEdges();
    const edge = this.count++;
    this.client[edge] = client;
    this.server[edge] = server;
    this.flags[edge] = IS_SHARED;
    this.evidence[edge] = NONE;
    this.firstPort[edge] = NONE;
    this.sibling[edge] = NONE;
    return edge;
  }

  private portOf(edge: number, wanted: EdgeUpdatePort): number {
    const number = wanted.port ?? NONE;
    const servicePort = wanted.servicePort ?? NONE;
    for (let port = this.firstPort[edge] ?? NONE; port !== NONE; port = this.nextPort[port] ?? NONE) {
      if (
        this.portNumber[port] !== number ||
        this.portServicePort[port] !== servicePort ||
        PROTOCOLS[this.portProtocol[port] ?? 0] !== wanted.protocol
      )
        continue;
      const service = this.portService[port];
      if (service?.name === wanted.service?.name && service?.namespace === wanted.service?.namespace) return port;
    }
    if (this.portCount === this.portNumber.length) this.growPorts();
    const port = this.portCount++;
    this.portNumber[port] = number;
    this.portProtocol[port] = PROTOCOLS.indexOf(wanted.protocol);
    this.portServicePort[port] = servicePort;
    this.portEvidence[port] = NONE;
    this.portService[port] = wanted.service;
    this.nextPort[port] = this.firstPort[edge] ?? NONE;
    this.firstPort[edge] = port;
    return port;
  }

  private noteService(edge: number, service: ServiceRef): void {
    const known = this.service[edge];
    if (known === undefined) this.service[edge] = service;
    else if (known !== service && (known.name !== service.name || known.namespace !== service.namespace))
      addService(this.detailsOf(edge), service);
  }

  private noteAddresses(edge: number, addresses: readonly string[] | undefined): void {
    if (addresses === undefined || addresses.length === 0) return;
    const known = this.addresses[edge];
    if (known === undefined) {
      this.addresses[edge] = addresses;
      return;
    }
    if (known === addresses) return;
    const set = known instanceof Set ? known : new Set(known);
    for (const address of addresses) if (set.size < MAX_COUNTED_ADDRESSES) set.add(address);
    this.addresses[edge] = set;
  }

  private detailsOf(edge: number): EdgeDetails {
    let details = this.details.get(edge);
    if (details === undefined) {
      details = emptyDetails();
      this.details.set(edge, details);
    }
    return details;
  }

  /** Where a client's names of a domain became a wildcard, the names seen before that join it (rule 16). */
  private collapse(): void {
    if (this.limiter.collapsed === 0) return;
    const wildcards = new Map<string, number>();
    for (let edge = 0; edge < this.count; edge++) {
      const domain = this.domainOf(edge);
      if (domain?.startsWith('*.') === true) wildcards.set(`${this.client[edge] ?? 0} ${domain}`, edge);
    }
    for (let edge = 0; edge < this.count; edge++) {
      const domain = this.domainOf(edge);
      if (domain === undefined || domain.startsWith('*.') || ((this.flags[edge] ?? 0) & IS_ABSORBED) !== 0) continue;
      const wildcard = wildcards.get(`${this.client[edge] ?? 0} *.${registrableDomain(domain)}`);
      if (wildcard !== undefined) this.absorb(wildcard, edge);
    }
  }

  private absorb(into: number, edge: number): void {
    this.flags[edge] = (this.flags[edge] ?? 0) | IS_ABSORBED;
    this.flags[into] = (this.flags[into] ?? 0) | ((this.flags[edge] ?? 0) & IS_APP);
    this.evidence[into] = this.cells.absorb(this.evidence[into] ?? NONE, this.evidence[edge] ?? NONE);
    for (let port = this.firstPort[edge] ?? NONE; port !== NONE; port = this.nextPort[port] ?? NONE) {
      const target = this.portOf(into, this.portValue(port));
      this.portEvidence[target] = this.cells.absorb(this.portEvidence[target] ?? NONE, this.portEvidence[port] ?? NONE);
    }
    this.noteAddresses(into, [...(this.addresses[edge] ?? [])]);
  }

  private domainOf(edge: number): string | undefined {
    const peer = this.peers.peer(this.server[edge] ?? 0);
    return peer.type === 'internet' ? peer.domain : undefined;
  }

  private toEdge(edge: number): Edge {
    const ports: EdgePort[] = [];
    for (let port = this.firstPort[edge] ?? NONE; port !== NONE; port = this.nextPort[port] ?? NONE) {
      ports.push({ ...this.portValue(port), evidence: this.cells.toEvidence(this.portEvidence[port] ?? NONE) });
    }
    const flags = this.flags[edge] ?? 0;
    const service = this.service[edge];
    const details = this.details.get(edge);
    const addresses = this.addresses[edge];
    if (details !== undefined && service !== undefined) addService(details, service);
    return {
      client: withAddresses(this.peers.peer(this.client[edge] ?? 0), addresses),
      server: withAddresses(this.peers.peer(this.server[edge] ?? 0), addresses),
      class: (flags & IS_APP) === 0 ? 'system' : 'app',
      shared: (flags & IS_SHARED) !== 0,
      evidence: this.cells.toEvidence(this.evidence[edge] ?? NONE),
      ports: sortPorts(ports),
      ...(details === undefined ? (service === undefined ? {} : { services: [service] }) : toDetails(details)),
    };
  }

  private portValue(port: number): EdgeUpdatePort {
    const number = this.portNumber[port] ?? NONE;
    const servicePort = this.portServicePort[port] ?? NONE;
    const service = this.portService[port];
    return {
      ...(number === NONE ? {} : { port: number }),
      protocol: PROTOCOLS[this.portProtocol[port] ?? 0] ?? 'TCP',
      ...(service === undefined ? {} : { service }),
      ...(servicePort === NONE ? {} : { servicePort }),
    };
  }

  private firstNumber(edge: number): number {
    const port = this.firstPort[edge] ?? NONE;
    return port === NONE ? NONE : (this.portNumber[port] ?? NONE);
  }

  private firstProtocol(edge: number): number {
    const port = this.firstPort[edge] ?? NONE;
    return port === NONE ? NONE : (this.portProtocol[port] ?? NONE);
  }

  private growEdges(): void {
    const length = Math.ceil(this.client.length * 1.5);
    this.client = copyInto(new Int32Array(length), this.client);
    this.server = copyInto(new Int32Array(length), this.server);
    this.flags = copyInto(new Uint8Array(length), this.flags);
    this.evidence = copyInto(new Int32Array(length), this.evidence);
    this.firstPort = copyInto(new Int32Array(length), this.firstPort);
    this.sibling = copyInto(new Int32Array(length), this.sibling);
  }

  private growPorts(): void {
    const length = Math.ceil(this.portNumber.length * 1.5);
    this.portNumber = copyInto(new Int32Array(length), this.portNumber);
    this.portProtocol = copyInto(new Uint8Array(length), this.portProtocol);
    this.portServicePort = copyInto(new Int32Array(length), this.portServicePort);
    this.portEvidence = copyInto(new Int32Array(length), this.portEvidence);
    this.nextPort = copyInto(new Int32Array(length), this.nextPort);
  }
}

function isNameless(peer: Peer): boolean {
  return peer.type === 'internet' && peer.domain === undefined;
}

/** A sample of the addresses seen on this edge, with their number. */
function withAddresses(peer: Peer, seen: readonly string[] | Set<string> | undefined): Peer {
  if (peer.type !== 'internet') return peer;
  const { domain, scope } = peer;
  const addresses = [...(seen ?? [])].sort();
  const sample = addresses.slice(0, MAX_ADDRESS_SAMPLE);
  return {
    type: 'internet',
    ...(domain === undefined ? {} : { domain }),
    ...(sample.length === 0 ? {} : { addresses: sample }),
    ...(addresses.length > sample.length ? { addressCount: addresses.length } : {}),
    scope,
  };
}
