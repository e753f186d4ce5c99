import type { EvidenceKind, Peer, TransportProtocol, Vantage } from '@nm/core';
import { Generations } from '@nm/core';
import type { Value } from '../backend.ts';
import { clean } from './peer-row.ts';

/** A cluster as the write path needs it; `id` is 0 until its row is made. */
export interface ClusterEntry {
  id: number;
  readonly name: string;
  /** Observations from before are refused. */
  readonly resetAt: number;
}

/** A peer that this process has met; `id` is 0 until the database has given one. */
export interface PeerEntry {
  id: number;
  /** Number within this cache: makes cheap keys before there is an id. */
  readonly ref: number;
  /** As it first came; its labels may be old. */
  readonly peer: Peer;
  readonly cluster: ClusterEntry | undefined;
  sortKey: string;
  attributes: string;
  attributesBucket: number;
  /** Serial of the plan that last looked at its attributes. */
  plan: number;
}

/** What is known of one peer object: resolvers give the same object for the same pod again and again. */
export interface KnownPeer {
  readonly entry: PeerEntry;
  /** One copy of each text, so that equal ones are found equal by reference. */
  readonly attributes: string;
}

export interface EdgeEntry {
  id: number;
  readonly client: PeerEntry;
  readonly server: PeerEntry;
  /** `port/protocol`, only for nameless peers; else ''. */
  readonly port: string;
  class: string;
  shared: number;
  firstBucket: number;
  lastBucket: number;
  /** First of a chain (an array of one or two would take more memory than all they hold). */
  facets: Facet | undefined;
  facetCount: number;
  /** Facets by text, once there are many. */
  index: Map<string, Facet> | undefined;
  /** Serial of the plan that last added to it. */
  plan: number;
  /** That plan must write its row: it is new, or its class, sharing, buckets or details changed. */
  changed: boolean;
  /** Details written since they were last cut to their bound. */
  newDetails: number;
}

/** A way in which edges are known, one object for all of them; absent numbers are ABSENT. */
export interface FacetIdentity {
  readonly kind: EvidenceKind;
  readonly vantage: Vantage;
  readonly port: number;
  readonly protocol: TransportProtocol | '';
  readonly serviceNamespace: string;
  readonly serviceName: string;
  readonly servicePort: number;
}

/** One row of evidence. There are more of them than of anything else in memory. */
export interface Facet {
  id: number;
  readonly edge: EdgeEntry;
  readonly identity: KnownFacet;
  approximate: number;
  firstAt: number;
  lastBucket: number;
  plan: number;
  /** That plan must write its row. */
  changed: boolean;
  /** That plan met it earlier than its row says, which is put right when its counts are booked. */
  isEarly: boolean;
  /** First of its rows in that plan's counts. */
  countRow: number;
  readonly next: Facet | undefined;
}

/** With its text (slotOf). */
export interface KnownFacet extends FacetIdentity {
  readonly slot: string;
  /** Columns of EVIDENCE_IDENTITY from `slot` to `service_port`: cleaning texts takes longer than storing them. */
  readonly columns: readonly [slot: string, ...Value[]];
}

/** Buckets in which a detail is known to be stored. */
export interface KnownDetail {
  readonly first: number;
  readonly last: number;
}

/** Text of an evidence row's identity within its edge. */
function slotOf(facet: FacetIdentity): string {
  return `${facet.kind}|${facet.vantage}|${facet.port}|${facet.protocol}|${facet.serviceNamespace}/${facet.serviceName}|${facet.servicePort}`;
}

function columnsOf(facet: FacetIdentity, slot: string): KnownFacet['columns'] {
  const { kind, vantage, port, protocol, serviceNamespace, serviceName, servicePort } = facet;
  return [clean(slot), kind, vantage, port, protocol, clean(serviceNamespace), clean(serviceName), servicePort];
}

/** Below it, a pair of references makes one exact number. */
const MAX_REF = 2 ** 26;

/** What the database has already numbered, so that a repeat costs no query. */
export class IdentityCache {
  /** Entries of `peers` by the object that named them, which saves making their keys. */
  readonly known = new Map<Peer, KnownPeer>();
  readonly peers: Generations<string, PeerEntry>;
  readonly edges: Generations<number | string, EdgeEntry>;
  readonly details: Generations<string, KnownDetail>;
  /** One copy of each text of attributes: updates bring their own, which would all be kept. */
  readonly texts: Generations<string, string>;
  /** By slot. */
  readonly facets: Generations<string, KnownFacet>;
  readonly clusters = new Map<string, ClusterEntry>();
  readonly #maxPeers: number;
  #nextRef = 1;

  constructor(options: { readonly maxPeers: number; readonly maxEdges: number; readonly maxDetails: number }) {
    this.#maxPeers = options.maxPeers;
    this.peers = new Generations(options.maxPeers);
    this.edges = new Generations(options.maxEdges);
    this.details = new Generations(options.maxDetails);
    this.texts = new Generations(options.maxPeers);
    this.facets = new Generations(options.maxPeers);
  }

  nextRef(): number {
    this.#nextRef += 1;
    return this.#nextRef;
  }

  textOf(text: string): string {
    const known = this.texts.get(text);
    if (known === undefined) this.texts.set(text, text);
    return known ?? text;
  }

  facetOf(identity: FacetIdentity): KnownFacet {
    const slot = slotOf(identity);
    const known = this.facets.get(slot) ?? { ...identity, slot, columns: columnsOf(identity, slot) };
    this.facets.set(slot, known);
    return known;
  }

  edgeKey(client: PeerEntry, server: PeerEntry, port: string): number | string {
    const pair = client.ref * MAX_REF + server.ref;
    return port === '' ? pair : `${pair}/${port}`;
  }

  /** Between plans only: entries of a running plan must stay the same objects. */
  rotate(): void {
    if (this.#nextRef > MAX_REF / 2) {
      // References run out after 33 million new peers.
      this.peers.clear();
      this.edges.clear();
      this.known.clear();
      this.#nextRef = 1;
    }
    // An entry that `peers` forgot must not be used any more: a peer has one entry.
    if (this.peers.rotate() || this.known.size > this.#maxPeers) this.known.clear();
    this.edges.rotate();
    this.details.rotate();
    this.texts.rotate();
    this.facets.rotate();
  }

  clear(): void {
    this.known.clear();
    this.peers.clear();
    this.edges.clear();
    this.details.clear();
    this.texts.clear();
    this.facets.clear();
    this.clusters.clear();
    this.#nextRef = 1;
  }
}
