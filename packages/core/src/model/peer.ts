/**
 * Either end of an edge. Fields that are unknown are absent.
 * Wire form: the map file (docs/map-file.md) and GraphQL carry the same fields.
 */
export type Peer = WorkloadPeer | ServicePeer | InternetPeer | ApiServerPeer | NodePeer | CloudPeer | UnknownPeer;
export type PeerType = Peer['type'];

/** A root owner inside a cluster: Deployment, StatefulSet, DaemonSet, CronJob, Job, Pod, a custom owner. */
export interface WorkloadPeer {
  readonly type: 'workload';
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Kubernetes kind of the root object; empty when a label or an annotation gave the name. */
  readonly kind: string;
  /** Labels of a pod of the workload; not part of its identity. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Service with no pods of ours behind it. */
export interface ServicePeer {
  readonly type: 'service';
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly addresses?: readonly string[];
}

/** Outside the cluster: a domain, or addresses without a name (rules 15, 16). */
export interface InternetPeer {
  readonly type: 'internet';
  /** The name asked for, lower case, without the final dot. */
  readonly domain?: string;
  /** A bounded sample, sorted; `addressCount` is the true number when it is larger. */
  readonly addresses?: readonly string[];
  readonly addressCount?: number;
  readonly scope: 'public' | 'private';
}

export interface ApiServerPeer {
  readonly type: 'apiServer';
  readonly cluster: string;
}

export interface NodePeer {
  readonly type: 'node';
  readonly cluster: string;
  readonly name: string;
}

/** A resource of a cloud provider's API, e.g. an S3 bucket. */
export interface CloudPeer {
  readonly type: 'aws' | 'gcp' | 'azure';
  /** ARN, GCP resource name or Azure scope. */
  readonly resource: string;
  readonly service?: string;
  readonly account?: string;
  readonly region?: string;
}

/** An address inside the cluster's own ranges that nobody owned at the time. */
export interface UnknownPeer {
  readonly type: 'unknown';
  readonly cluster: string;
  readonly address?: string;
  readonly reason?: UnknownReason;
}

/** Why an address could not be resolved (docs/troubleshooting.md explains each). */
export type UnknownReason = 'pod-gone' | 'never-owned' | 'not-yet-known' | 'name-not-found';

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Identity of a peer as one string; equal peers have equal keys and the key can be parsed by nobody.
 * Labels, addresses and reasons are not part of it, nor is the scope of a domain, which its answers may change.
 */
export function peerKey(peer: Peer): string {
  switch (peer.type) {
    case 'workload':
      return `w|${peer.cluster}|${peer.namespace}|${peer.name}|${peer.kind}`;
    case 'service':
      return `s|${peer.cluster}|${peer.namespace}|${peer.name}`;
    case 'internet':
      return peer.domain === undefined ? `i||${peer.scope}` : `i|${peer.domain}`;
    case 'apiServer':
      return `k|${peer.cluster}`;
    case 'node':
      return `n|${peer.cluster}|${peer.name}`;
    case 'aws':
    case 'gcp':
    case 'azure':
      return `${peer.type}|${peer.resource}`;
    case 'unknown':
      return `u|${peer.cluster}|${peer.address ?? ''}`;
  }
}

/** Name for people: what lists, graphs and logs print for a peer. */
export function peerName(peer: Peer): string {
  switch (peer.type) {
    case 'workload':
    case 'service':
    case 'node':
      return peer.name;
    case 'internet':
      return peer.domain ?? peer.addresses?.[0] ?? 'internet';
    case 'apiServer':
      return 'kubernetes';
    case 'aws':
    case 'gcp':
    case 'azure':
      return peer.resource;
    case 'unknown':
      return peer.address ?? 'unknown';
  }
}

/** Namespace of a peer that has one. */
export function peerNamespace(peer: Peer): string | undefined {
  return peer.type === 'workload' || peer.type === 'service' ? peer.namespace : undefined;
}
