import type { Edge, EdgeClass, EvidenceKind, Peer, PeerType, TransportProtocol, WorkloadPeer } from '@nm/core';

/** Half-open interval of capture time, ms; an absent end is open. Answers carry the window that was really used (rule 23). */
export interface Window {
  readonly since?: number;
  readonly until?: number;
}

/**
 * Says which peers are meant. Values in one list are alternatives, lists must all match; an empty or absent list
 * does not restrict.
 */
export interface PeerSelector {
  readonly types?: readonly PeerType[];
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly environments?: readonly string[];
  /** Of workloads, Services or nodes. */
  readonly names?: readonly string[];
  /** Workloads or Services. */
  readonly workloads?: readonly WorkloadSelector[];
  /** All must match (a workload's labels). */
  readonly labels?: readonly LabelSelector[];
  /** `api.example.com`, or `*.example.com` for every name below it. */
  readonly domains?: readonly string[];
  /** Part of the name, namespace, domain or resource; case does not matter. */
  readonly text?: string;
}

export interface WorkloadSelector {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly kind?: string;
}

export interface LabelSelector {
  readonly key: string;
  /** Absent: any value. */
  readonly value?: string;
}

export interface EdgeFilter {
  /** The client or the server matches. Several selectors must all find a matching end. */
  readonly either?: readonly PeerSelector[];
  readonly client?: PeerSelector;
  readonly server?: PeerSelector;
  /** Clients that call such a server, with all their edges. */
  readonly clientCalls?: PeerSelector;
  /** Edges to leave out: either end, client or server matches one of these. */
  readonly exclude?: {
    readonly either?: readonly PeerSelector[];
    readonly client?: readonly PeerSelector[];
    readonly server?: readonly PeerSelector[];
  };
  readonly classes?: readonly EdgeClass[];
  readonly evidence?: readonly EvidenceKind[];
  readonly ports?: readonly number[];
  readonly protocols?: readonly TransportProtocol[];
  readonly ids?: readonly number[];
}

export interface EdgeQuery {
  readonly filter?: EdgeFilter;
  readonly window?: Window;
  /** 1 to MAX_PAGE. */
  readonly first: number;
  /** `endCursor` of the page before. */
  readonly after?: string;
}

export const MAX_PAGE = 1000;

export interface StoredEdge {
  /** Stable while the edge exists. */
  readonly id: number;
  /** Rises when the edge changes; comparable between edges. */
  readonly version: number;
  readonly cursor: string;
  /** Evidence, ports and counts are those of the window; details (Kafka, HTTP, names) those seen in it. */
  readonly edge: Edge;
}

/** An edge in few words, for tallies over very many. */
export interface EdgeOutline {
  readonly id: number;
  /** Without labels. */
  readonly client: Peer;
  readonly server: Peer;
  /** Small numbers for the ends, the same for a peer in all of an answer: for tables by peer. */
  readonly clientRef: number;
  readonly serverRef: number;
  /** Kinds seen at any time. */
  readonly evidence: readonly EvidenceKind[];
  /** Another number once another port, Service or kind of evidence is known. */
  readonly shape: number;
  /** Of all evidence, to the activity bucket. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

export interface EdgePage {
  readonly edges: readonly StoredEdge[];
  readonly hasNextPage: boolean;
  readonly endCursor?: string;
  readonly window: Window;
}

export interface EdgeChanges {
  /** Changed or new since the version asked for, oldest change first. */
  readonly edges: readonly StoredEdge[];
  /** Ask again with this one. */
  readonly version: number;
  /** There are more: ask at once. */
  readonly more: boolean;
  /** Rises when edges were deleted (reset, retention, bounds): what is on display must be fetched anew. */
  readonly deletions: number;
}

export interface WorkloadQuery {
  readonly filter?: PeerSelector;
  readonly window?: Window;
  readonly classes?: readonly EdgeClass[];
  readonly first: number;
  readonly after?: string;
}

export interface WorkloadSummary {
  readonly workload: WorkloadPeer;
  /** Edges in which it is the client / the server, in the window. */
  readonly clientOf: number;
  readonly serverOf: number;
  readonly firstSeenAt: number;
  /** To the activity bucket. */
  readonly lastSeenAt: number;
}

export interface WorkloadPage {
  readonly workloads: readonly WorkloadSummary[];
  readonly hasNextPage: boolean;
  readonly endCursor?: string;
}

export interface NamespaceSummary {
  readonly cluster: string;
  readonly namespace: string;
  readonly environment?: string;
  readonly workloads: number;
}

export interface ClusterSummary {
  readonly name: string;
  /** UID of the namespace kube-system; absent for a dump or a test. */
  readonly uid?: string;
  readonly workloads: number;
  readonly edges: number;
  readonly resetAt?: number;
}

/** One bar of a time bar. */
export interface ActivityPoint {
  readonly startAt: number;
  readonly widthMs: number;
  readonly count: number;
}

export interface ActivityQuery {
  readonly filter?: EdgeFilter;
  readonly window?: Window;
  /** Bars are at least so wide; they are as wide as the buckets that are still kept. */
  readonly widthMs: number;
}

export interface StoreStatus {
  readonly backend: 'sqlite' | 'postgres';
  /** `sqlite:/data/map.db`, `postgres://host:5432/name`: never a password. */
  readonly location: string;
  readonly edges: number;
  readonly peers: number;
  readonly waiting: number;
  readonly sizeBytes: number;
  /** Earliest capture time of any edge. */
  readonly firstSeenAt?: number;
  readonly lastSeenAt?: number;
  readonly version: number;
  readonly deletions: number;
}
