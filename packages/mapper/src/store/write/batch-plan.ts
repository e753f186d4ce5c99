import { peerKey } from '@nm/core';
import type { EdgeUpdate, Peer } from '@nm/core';
import { ABSENT } from '../schema/tables.ts';
import { bucketOf, FINE_MINUTES, minutesToMs } from '../schema/buckets.ts';
import { collectDetails } from './details.ts';
import type { DetailChange } from './details.ts';
import type { ClusterEntry, EdgeEntry, Facet, FacetIdentity, IdentityCache, KnownPeer, PeerEntry } from './identity-cache.ts';
import { attributesOf } from './peer-row.ts';
import { PlanCounts } from './plan-counts.ts';

const FINE_MS = minutesToMs(FINE_MINUTES);
/** From so many on, an edge's facets are found through a map. */
const INDEX_FROM = 12;
/** More ports of one edge than this (a port scan) are kept without their number. */
export const MAX_FACETS = 2_000;

/** Sides of the traffic table: a call between two workloads is seen from both ends and must count once. */
export const TRAFFIC_SIDES = { clientInside: 0, serverOfInside: 1, clientOutside: 2 } as const;

interface TrafficCount {
  readonly cluster: ClusterEntry;
  readonly side: number;
  readonly start: number;
  count: number;
}

/**
 * Adds many updates up in memory, so that the database sees each peer, edge, evidence and bucket once per
 * transaction. Pure bookkeeping on the cache; BatchWriter writes the result.
 */
export class BatchPlan {
  readonly serial: number;
  readonly peers: PeerEntry[] = [];
  readonly changedPeers: PeerEntry[] = [];
  /** Every edge that something was added to. */
  readonly edges: EdgeEntry[] = [];
  readonly facets: Facet[] = [];
  readonly counts: PlanCounts;
  readonly details = new Map<string, DetailChange>();
  readonly traffic = new Map<string, TrafficCount>();
  /** Clusters that have no row yet. */
  readonly clusters: ClusterEntry[] = [];
  foldedPorts = 0;
  /** Most updates of a batch go to the same row. */
  #lastTraffic: TrafficCount | undefined;
  readonly #cache: IdentityCache;

  /** @param counts of the plan before, which is done with them */
  constructor(cache: IdentityCache, serial: number, counts: PlanCounts) {
    this.#cache = cache;
    this.serial = serial;
    this.counts = counts;
    counts.clear();
  }

  /** False: it is from before the cluster's reset. */
  add(update: EdgeUpdate): boolean {
    const knownClient = this.#known(update.client);
    const knownServer = this.#known(update.server);
    const client = knownClient.entry;
    const server = knownServer.entry;
    const cluster = client.cluster ?? server.cluster ?? this.cluster('');
    const lastAt = Math.round(Math.max(update.lastSeenAt, update.firstSeenAt));
    if (lastAt < cluster.resetAt) return false;
    const firstAt = Math.max(Math.round(update.firstSeenAt), cluster.resetAt);
    const lastBucket = bucketOf(lastAt);
    this.#attributes(knownClient, lastBucket);
    this.#attributes(knownServer, lastBucket);
    const edge = this.#edge(client, server, update, bucketOf(firstAt), lastBucket);
    const facet = this.#facet(edge, update, firstAt, lastBucket);
    this.#count(facet, update.count, firstAt, lastAt);
    this.#traffic(cluster, update, bucketOf(firstAt));
    collectDetails(this.details, this.#cache, edge, update, bucketOf(firstAt), lastBucket);
    return true;
  }

  cluster(name: string): ClusterEntry {
    const known = this.#cache.clusters.get(name);
    if (known !== undefined) return known;
    const entry = { id: 0, name, resetAt: Number.NEGATIVE_INFINITY };
    this.#cache.clusters.set(name, entry);
    this.clusters.push(entry);
    return entry;
  }

  #known(peer: Peer): KnownPeer {
    const known = this.#cache.known.get(peer);
    if (known !== undefined) return known;
    const entry = { entry: this.#peer(peer), attributes: this.#cache.textOf(attributesOf(peer)) };
    // Others are made anew for every observation: keeping those would push the workloads out.
    if (peer.type === 'workload') this.#cache.known.set(peer, entry);
    return entry;
  }

  #peer(peer: Peer): PeerEntry {
    const key = peerKey(peer);
    const known = this.#cache.peers.get(key);
    if (known !== undefined) return known;
    const entry: PeerEntry = {
      id: 0,
      ref: this.#cache.nextRef(),
      peer,
      cluster: 'cluster' in peer ? this.cluster(peer.cluster) : undefined,
      sortKey: '',
      attributes: '',
      attributesBucket: ABSENT,
      plan: 0,
    };
    this.#cache.peers.set(key, entry);
    this.peers.push(entry);
    return entry;
  }

  /** The newest labels win; within one bucket the greater text does, so that order does not matter. */
  #attributes({ entry, attributes }: KnownPeer, bucket: number): void {
    if (attributes === '' || bucket < entry.attributesBucket) return;
    if (bucket === entry.attributesBucket && attributes <= entry.attributes) return;
    entry.attributes = attributes;
    entry.attributesBucket = bucket;
    if (entry.plan === this.serial) return;
    entry.plan = this.serial;
    this.changedPeers.push(entry);
  }

  #edge(client: PeerEntry, server: PeerEntry, update: EdgeUpdate, firstBucket: number, lastBucket: number): EdgeEntry {
    const port = isNameless(update.client) || isNameless(update.server) ? `${update.port?.port ?? ''}/${update.port?.protocol ?? ''}` : '';
    const key = this.#cache.edgeKey(client, server, port);
    const shared = update.shared ? 1 : 0;
    let edge = this.#cache.edges.get(key);
    if (edge === undefined) {
      edge = {
        id: 0,
        client,
        server,
        port,
        class: update.class,
        shared,
        firstBucket,
        lastBucket,
        facets: undefined,
        facetCount: 0,
        index: undefined,
        plan: this.serial,
        changed: true,
        newDetails: 0,
      };
      this.#cache.edges.set(key, edge);
      this.edges.push(edge);
      return edge;
    }
    if (edge.plan !== this.serial) {
      edge.plan = this.serial;
      edge.changed = false;
      this.edges.push(edge);
    }
    if (update.class < edge.class || shared < edge.shared || firstBucket < edge.firstBucket || lastBucket > edge.lastBucket) {
      if (update.class < edge.class) edge.class = update.class;
      edge.shared = Math.min(edge.shared, shared);
      edge.firstBucket = Math.min(edge.firstBucket, firstBucket);
      edge.lastBucket = Math.max(edge.lastBucket, lastBucket);
      edge.changed = true;
    }
    return edge;
  }

  #find(edge: EdgeEntry, identity: FacetIdentity): Facet | undefined {
    if (edge.index !== undefined) return edge.index.get(this.#cache.facetOf(identity).slot);
    for (let facet = edge.facets; facet !== undefined; facet = facet.next) if (isSame(facet.identity, identity)) return facet;
    return undefined;
  }

  #facet(edge: EdgeEntry, update: EdgeUpdate, firstAt: number, lastBucket: number): Facet {
    const approximate = update.approximate === true ? 1 : 0;
    let identity = identityOf(update);
    let facet = this.#find(edge, identity);
    if (facet === undefined && edge.facetCount >= MAX_FACETS && identity.port !== ABSENT) {
      this.foldedPorts += 1;
      identity = { ...identity, port: ABSENT, serviceNamespace: '', serviceName: '', servicePort: ABSENT };
      facet = this.#find(edge, identity);
    }
    if (facet === undefined) {
      facet = {
        id: 0,
        edge,
        identity: this.#cache.facetOf(identity),
        approximate,
        firstAt,
        lastBucket,
        plan: this.serial,
        changed: true,
        isEarly: false,
        countRow: PlanCounts.noRow,
        next: edge.facets,
      };
      addFacet(edge, facet);
      this.facets.push(facet);
      return facet;
    }
    if (facet.plan !== this.serial) {
      facet.plan = this.serial;
      facet.changed = false;
      facet.isEarly = false;
      facet.countRow = PlanCounts.noRow;
      this.facets.push(facet);
    }
    if (firstAt < facet.firstAt) {
      facet.firstAt = firstAt;
      facet.isEarly = true;
    }
    if (approximate > facet.approximate || lastBucket > facet.lastBucket) {
      facet.approximate = Math.max(facet.approximate, approximate);
      facet.lastBucket = Math.max(facet.lastBucket, lastBucket);
      facet.changed = true;
    }
    return facet;
  }

  /** The count goes into the bucket of the first time; a last time in a later bucket is presence there. */
  #count(facet: Facet, count: number, firstAt: number, lastAt: number): void {
    const start = bucketOf(firstAt);
    const endMs = minutesToMs(start) + FINE_MS - 1;
    this.counts.add(facet, start, count, firstAt, Math.min(lastAt, endMs));
    if (lastAt > endMs) this.counts.add(facet, bucketOf(lastAt), 0, lastAt, lastAt);
  }

  #traffic(cluster: ClusterEntry, update: EdgeUpdate, start: number): void {
    if (update.class !== 'app') return;
    const side = sideOf(update);
    const last = this.#lastTraffic;
    if (last !== undefined && last.cluster === cluster && last.side === side && last.start === start) {
      last.count += update.count;
      return;
    }
    const key = `${cluster.name}|${side}|${start}`;
    let known = this.traffic.get(key);
    if (known === undefined) {
      known = { cluster, side, start, count: 0 };
      this.traffic.set(key, known);
    }
    known.count += update.count;
    this.#lastTraffic = known;
  }
}

function identityOf(update: EdgeUpdate): FacetIdentity {
  const service = update.port?.service ?? update.service;
  return {
    kind: update.evidence,
    vantage: update.vantage,
    port: update.port?.port ?? ABSENT,
    protocol: update.port?.protocol ?? '',
    serviceNamespace: service?.namespace ?? '',
    serviceName: service?.name ?? '',
    servicePort: update.port?.servicePort ?? ABSENT,
  };
}

function isSame(a: FacetIdentity, b: FacetIdentity): boolean {
  return (
    a.port === b.port &&
    a.kind === b.kind &&
    a.vantage === b.vantage &&
    a.protocol === b.protocol &&
    a.servicePort === b.servicePort &&
    a.serviceName === b.serviceName &&
    a.serviceNamespace === b.serviceNamespace
  );
}

function addFacet(edge: EdgeEntry, facet: Facet): void {
  edge.facets = facet;
  edge.facetCount += 1;
  if (edge.index !== undefined) {
    edge.index.set(facet.identity.slot, facet);
  } else if (edge.facetCount > INDEX_FROM) {
    edge.index = new Map();
    for (let each: Facet | undefined = facet; each !== undefined; each = each.next) edge.index.set(each.identity.slot, each);
  }
}

function sideOf(update: EdgeUpdate): number {
  if (update.client.type === 'internet' || update.client.type === 'unknown') return TRAFFIC_SIDES.clientOutside;
  return update.vantage === 'client' ? TRAFFIC_SIDES.clientInside : TRAFFIC_SIDES.serverOfInside;
}

function isNameless(peer: Peer): boolean {
  return peer.type === 'internet' && peer.domain === undefined;
}
