import { comparePeers, sortPorts } from '../map-document/sort-edges.ts';
import type { Edge, EdgeClass } from '../model/edge.ts';
import type { EdgeUpdate, EdgeUpdatePort } from '../model/edge-update.ts';
import type { Observation } from '../model/observation.ts';
import type { InternetPeer, Peer, ServiceRef } from '../model/peer.ts';
import { registrableDomain } from './domain-rule.ts';
import { DomainNumbers } from './domain-numbers.ts';
import { addDetails, addName, addService, emptyDetails, hasDetails, toDetails } from './edge-details.ts';
import type { EdgeDetails } from './edge-details.ts';
import { FACTS } from '../resolve/resolution.ts';
import type { EdgeSink, Target } from '../resolve/resolution.ts';
import { EvidenceCells, tagOf } from './evidence-cells.ts';
import type { Counted } from './evidence-cells.ts';
import { PairTable } from './pair-table.ts';
import { PeerTable } from './peer-table.ts';
import { portKey, PortLists } from './port-lists.ts';
import { Records } from './records.ts';

/** Addresses that an internet peer shows; the rest is counted (rule 16). */
export const MAX_ADDRESS_SAMPLE = 16;
/** Distinct addresses that are told apart per edge to count them. */
export const MAX_COUNTED_ADDRESSES = 10_000;

const NONE = -1;
/* Words of an edge. */
const CLIENT = 0;
const SERVER = 1;
const FLAGS = 2;
const EVIDENCE = 3;
const PORTS = 4;
/** Even, as records are. */
const STRIDE = 6;
const IS_APP = 1;
const IS_SHARED = 2;
const IS_ABSORBED = 4;

export interface EdgesOptions {
  /** Also edges with an end that nobody owned. */
  readonly unknown?: boolean;
}

/**
 * The map in memory: edge updates merged, in any order, into edges. For offline maps; the mapper's store does the same
 * on disk. About 150 bytes an edge, so that a map of hundreds of thousands is made from a stream.
 */
export interface EdgeBook extends EdgeSink {
  edges(options?: EdgesOptions): Edge[];
  /** The edges one by one in the map's order, each made when it is asked for. */
  sorted(options?: EdgesOptions): Generator<Edge>;
  readonly size: number;
  /** Names that went into a wildcard (rule 16). */
  readonly collapsedNames: number;
}

export function createEdgeBook(): EdgeBook {
  return new RecordBook();
}

class RecordBook implements EdgeBook {
  private readonly peers = new PeerTable();
  private readonly cells = new EvidenceCells();
  private readonly ports = new PortLists(this.cells);
  private readonly records = new Records(STRIDE);
  /** First edge of a pair of peers. */
  private readonly index = new PairTable();
  /** Edges of a pair that differ by port (nameless peers), by the pair's first edge and the port's key. */
  private readonly siblings = new PairTable();
  private readonly domains = new DomainNumbers(this.peers, this.index);
  private readonly details = new Map<number, EdgeDetails>();
  /** The one Service that a lookup asked for; more than one is in the details. */
  private readonly service: (ServiceRef | undefined)[] = [];
  /** Addresses of the internet peer: the update's own list while it is the only one. */
  private readonly addresses: (readonly string[] | Set<string> | undefined)[] = [];

  get size(): number {
    return this.records.size;
  }

  get collapsedNames(): number {
    return this.domains.collapsed;
  }

  apply(update: EdgeUpdate): void {
    const { client, server, evidence, vantage, port, service } = update;
    const edge = this.edgeOf(this.peers.idOf(client), this.peers.find(server), client, server, port);
    this.count(edge, update.class, update.shared, tagOf(evidence, vantage), update, port, service);
    if (hasDetails(update)) addDetails(this.detailsOf(edge), update);
    this.noteEnds(edge, client, server);
  }

  add(observation: Observation, source: Target, target: Target, edgeClass: EdgeClass, shared: boolean): void {
    const { kind, vantage } = observation;
    const port = kind === 'dns' ? undefined : target.port;
    const client = this.numberOf(source);
    const isNumbered = target.numbering === this;
    const server = isNumbered ? target.number : NONE;
    const edge = this.edgeOf(client, server, source.peer, target.peer, port, isNumbered ? target.domain : NONE);
    if (server === NONE) this.remember(target, this.word(edge, SERVER));
    this.count(edge, edgeClass, shared, tagOf(kind, vantage), observation, port, port?.service === undefined ? target.service : undefined);
    if (target.name !== undefined) addName(this.detailsOf(edge), target.name);
    if (((source.facts | target.facts) & FACTS.internet) !== 0) this.noteEnds(edge, source.peer, target.peer);
  }

  edges(options: EdgesOptions = {}): Edge[] {
    return [...this.sorted(options)];
  }

  *sorted(options: EdgesOptions = {}): Generator<Edge> {
    this.collapse();
    const isWanted = (edge: number): boolean => {
      if ((this.word(edge, FLAGS) & IS_ABSORBED) !== 0) return false;
      return options.unknown === true || (this.clientOf(edge).type !== 'unknown' && this.serverOf(edge).type !== 'unknown');
    };
    const edges = new Int32Array(this.size).map((_zero, edge) => edge).filter(isWanted);
    for (const edge of this.inOrder(edges)) yield this.toEdge(edge);
  }

  /** The map's order: the client's rank, the server's, then the port. */
  private inOrder(edges: Int32Array): Int32Array {
    const ranks = this.peers.ranks(comparePeers);
    // Both ranks fit into one double for as many peers as memory holds.
    const keys = new Float64Array(this.size);
    for (const edge of edges)
      keys[edge] = (ranks[this.word(edge, CLIENT)] as number) * ranks.length + (ranks[this.word(edge, SERVER)] as number);
    return edges.sort(
      (a, b) =>
        (keys[a] as number) - (keys[b] as number) ||
        this.ports.numberOf(this.word(a, PORTS)) - this.ports.numberOf(this.word(b, PORTS)) ||
        this.ports.protocolOf(this.word(a, PORTS)) - this.ports.protocolOf(this.word(b, PORTS)),
    );
  }

  private numberOf(source: Target): number {
    if (source.numbering !== this) this.remember(source, this.peers.idOf(source.peer));
    return source.number;
  }

  /** A wildcard's number is not that of the name that joined it. */
  private remember(target: Target, number: number): void {
    const { peer } = target;
    const isName = peer.type === 'internet' && peer.domain !== undefined;
    if (isName && target.numbering !== this) target.domain = this.domains.domainOf(peer.domain);
    target.number = isName && (this.peers.peer(number) as InternetPeer).domain !== peer.domain ? NONE : number;
    target.numbering = this;
  }

  /** @param serverNumber of the server, -1 for one that no edge has yet: its name may become part of a wildcard. */
  private edgeOf(
    client: number,
    serverNumber: number,
    clientPeer: Peer,
    serverPeer: Peer,
    port: EdgeUpdatePort | undefined,
    domain = NONE,
  ): number {
    let server = serverNumber;
    let first = server === NONE ? NONE : this.index.get(client, server);
    if (first === NONE) {
      server = this.domains.limit(client, serverPeer, serverNumber, domain);
      first = this.index.get(client, server);
    }
    if (first === NONE) {
      const edge = this.newEdge(client, server);
      this.index.set(client, server, edge);
      return edge;
    }
    if (!isNameless(clientPeer) && !isNameless(serverPeer)) return first;
    if (this.ports.startsWith(this.word(first, PORTS), port)) return first;
    const key = portKey(port);
    const known = this.siblings.get(first, key);
    if (known !== NONE) return known;
    const edge = this.newEdge(client, server);
    this.siblings.set(first, key, edge);
    return edge;
  }

  private count(
    edge: number,
    edgeClass: EdgeClass,
    shared: boolean,
    tag: number,
    counted: Counted,
    port: EdgeUpdatePort | undefined,
    service: ServiceRef | undefined,
  ): void {
    const { words } = this.records;
    const at = edge * STRIDE;
    let flags = words[at + FLAGS] as number;
    if (edgeClass === 'app') flags |= IS_APP;
    if (!shared) flags &= ~IS_SHARED;
    words[at + FLAGS] = flags;
    words[at + EVIDENCE] = this.cells.add(words[at + EVIDENCE] as number, tag, counted);
    if (port !== undefined) words[at + PORTS] = this.ports.add(words[at + PORTS] as number, port, tag, counted);
    if (service !== undefined) this.noteService(edge, service);
  }

  private noteEnds(edge: number, client: Peer, server: Peer): void {
    if (client.type === 'internet') this.noteAddresses(edge, client.addresses);
    if (server.type === 'internet') this.noteAddresses(edge, server.addresses);
  }

  private newEdge(client: number, server: number): number {
    const edge = this.records.add();
    const { words } = this.records;
    const at = edge * STRIDE;
    words[at + CLIENT] = client;
    words[at + SERVER] = server;
    words[at + FLAGS] = IS_SHARED;
    words[at + EVIDENCE] = NONE;
    words[at + PORTS] = NONE;
    return edge;
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
    if (this.domains.collapsed === 0) return;
    const wildcards = new PairTable();
    const domains = new Map<string, number>();
    for (let edge = 0; edge < this.size; edge++) {
      const domain = this.domainOf(edge);
      if (domain?.startsWith('*.') !== true) continue;
      const id = domains.get(domain) ?? domains.size;
      domains.set(domain, id);
      wildcards.set(this.word(edge, CLIENT), id, edge);
    }
    for (let edge = 0; edge < this.size; edge++) {
      const domain = this.domainOf(edge);
      if (domain === undefined || domain.startsWith('*.') || (this.word(edge, FLAGS) & IS_ABSORBED) !== 0) continue;
      const wildcard = wildcards.get(this.word(edge, CLIENT), domains.get(`*.${registrableDomain(domain)}`) ?? NONE);
      if (wildcard !== NONE) this.absorb(wildcard, edge);
    }
  }

  private absorb(into: number, edge: number): void {
    const { words } = this.records;
    const to = into * STRIDE;
    const from = edge * STRIDE;
    words[from + FLAGS] = (words[from + FLAGS] as number) | IS_ABSORBED;
    words[to + FLAGS] = (words[to + FLAGS] as number) | ((words[from + FLAGS] as number) & IS_APP);
    words[to + EVIDENCE] = this.cells.absorb(words[to + EVIDENCE] as number, words[from + EVIDENCE] as number);
    words[to + PORTS] = this.ports.absorb(words[to + PORTS] as number, words[from + PORTS] as number);
    this.noteAddresses(into, [...(this.addresses[edge] ?? [])]);
  }

  private domainOf(edge: number): string | undefined {
    const peer = this.serverOf(edge);
    return peer.type === 'internet' ? peer.domain : undefined;
  }

  private toEdge(edge: number): Edge {
    const flags = this.word(edge, FLAGS);
    const service = this.service[edge];
    const details = this.details.get(edge);
    const addresses = this.addresses[edge];
    const client = withAddresses(this.clientOf(edge), addresses);
    const server = withAddresses(this.serverOf(edge), addresses);
    const edgeClass = (flags & IS_APP) === 0 ? 'system' : 'app';
    const shared = (flags & IS_SHARED) !== 0;
    const evidence = this.cells.toEvidence(this.word(edge, EVIDENCE));
    const ports = sortPorts(this.ports.toPorts(this.word(edge, PORTS)));
    if (details === undefined) {
      return service === undefined
        ? { client, server, class: edgeClass, shared, evidence, ports }
        : { client, server, class: edgeClass, shared, evidence, ports, services: [service] };
    }
    if (service !== undefined) addService(details, service);
    return { client, server, class: edgeClass, shared, evidence, ports, ...toDetails(details) };
  }

  private clientOf(edge: number): Peer {
    return this.peers.peer(this.word(edge, CLIENT));
  }

  private serverOf(edge: number): Peer {
    return this.peers.peer(this.word(edge, SERVER));
  }

  private word(edge: number, word: number): number {
    return this.records.words[edge * STRIDE + word] as number;
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
