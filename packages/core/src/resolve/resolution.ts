import type { PodEntry } from '../cluster/pod-history.ts';
import type { EdgeUpdate, EdgeUpdatePort } from '../model/edge-update.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';

/** Why an observation makes no edge; every code is a metric and a line in docs/metrics.md. */
export const DROP_REASONS = [
  'local-address',
  'own-address',
  'dns-server',
  'dns-server-own',
  'dns-foreign-client',
  'masquerade',
  'outside-both',
  'cluster-domain',
  'no-destination',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** What became of one observation. */
export interface Resolution {
  readonly updates: readonly EdgeUpdate[];
  /** Set when it makes no edge on purpose. */
  readonly dropped?: DropReason;
  /** An end is not known yet, and the API may be behind the packets: ask again later. */
  readonly waitFor?: 'not-yet-known';
  /** Addresses that stayed unknown, with the reason. */
  readonly unknown?: readonly { readonly address: string; readonly reason: string }[];
}

/** One possible end of an edge. */
export interface Target {
  readonly peer: Peer;
  /** Pods that the peer stands for here; empty for peers that are no pods. */
  readonly pods: readonly PodEntry[];
  readonly port?: EdgeUpdatePort;
  readonly service?: ServiceRef;
  /** Foreign name by which a peer inside the cluster was asked for. */
  readonly name?: string;
  /** Worked out when first needed; targets are kept and used again. */
  facts?: TargetFacts;
}

export interface TargetFacts {
  /** A DNS server: a pod behind a Service's port 53, or a node with a listener on it (rule 17). */
  readonly isDnsServer: boolean;
  /** The port of such a pod on which DNS is served. */
  readonly isDnsPort: boolean;
  /** Pods of this tool. */
  readonly isOurs: boolean;
}

export type UnknownWhy = 'pod-gone' | 'never-owned' | 'name-not-found';

/**
 * What an address or a name turned out to be: targets, nothing on purpose, or somebody unknown. One shape for all three,
 * because it is looked at for every observation.
 */
export class Found {
  readonly targets: readonly Target[] | undefined;
  readonly dropped: DropReason | undefined;
  readonly unknown: UnknownWhy | undefined;
  /** Address or name that stayed unknown. */
  readonly address: string;

  constructor(targets: readonly Target[] | undefined, dropReason: DropReason | undefined, why: UnknownWhy | undefined, address: string) {
    this.targets = targets;
    this.dropped = dropReason;
    this.unknown = why;
    this.address = address;
  }
}

export function asTargets(targets: readonly Target[]): Found {
  return new Found(targets, undefined, undefined, '');
}

export function asDropped(reason: DropReason): Found {
  return new Found(undefined, reason, undefined, '');
}

export function asUnknown(why: UnknownWhy, address: string): Found {
  return new Found(undefined, undefined, why, address);
}

export function isTargets(result: Found): result is Found & { readonly targets: readonly Target[] } {
  return result.targets !== undefined;
}

/** The ends that stayed unknown, if any. */
export function unknownEnds(client: Found, server: Found): Resolution['unknown'] {
  if (client.unknown === undefined && server.unknown === undefined) return undefined;
  return [client, server].flatMap(({ unknown, address }) => (unknown === undefined ? [] : [{ address, reason: unknown }]));
}
