import type { PodEntry } from '../cluster/pod-entry.ts';
import type { EdgeClass } from '../model/edge.ts';
import type { EdgeUpdate, EdgeUpdatePort } from '../model/edge-update.ts';
import type { Observation } from '../model/observation.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';

/** Why an observation makes no edge; every code is the value of a metric's label and a row of docs/troubleshooting.md. */
export const DROP_REASONS = [
  'local-address',
  'own-address',
  'dns-server',
  'dns-server-own',
  'dns-foreign-client',
  'masquerade',
  'outside-both',
  'not-of-this-node',
  'cluster-domain',
  'no-destination',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** What became of one observation, besides edges. */
export interface Outcome {
  /** Set when it makes no edge on purpose. */
  readonly dropped?: DropReason;
  /** An end is not known yet, and the API may be behind the packets: ask again later. */
  readonly waitFor?: 'not-yet-known';
  /** Addresses that stayed unknown, with the reason. */
  readonly unknown?: readonly { readonly address: string; readonly reason: string }[];
}

/** What became of one observation. */
export interface Resolution extends Outcome {
  readonly updates: readonly EdgeUpdate[];
}

/** Takes the edges to which an observation adds. */
export interface EdgeSink {
  /** @param shared whether several workloads may have been meant (rule 12). */
  add(observation: Observation, source: Target, target: Target, edgeClass: EdgeClass, shared: boolean): void;
  /** An edge whose ends a reporter named. */
  apply(update: EdgeUpdate): void;
}

/** Something became of it, and nothing is to be said. */
export const RESOLVED: Outcome = {};
const DROPPED: ReadonlyMap<DropReason, Outcome> = new Map(DROP_REASONS.map((dropped) => [dropped, { dropped }]));

export function droppedFor(reason: DropReason): Outcome {
  return DROPPED.get(reason) ?? { dropped: reason };
}

/** What is known of a target, as bits: judging an observation then touches nothing but the two targets. */
export const FACTS = {
  node: 1,
  internet: 2,
  /** A DNS server: a pod behind a Service's port 53, or a node with a listener on it (rule 17). */
  dnsServer: 8,
  /** The port of such a pod on which DNS is served. */
  dnsPort: 16,
  /** Pods of this tool. */
  ours: 32,
} as const;
/** Above the bits: the revision of DNS Services (ServiceIndex.dnsRevision) by which those that need looking up were worked out. */
export const FACTS_BITS = 6;

/** One possible end of an edge. A class, so that all have one shape: targets are kept, and looked at for every observation. */
export class Target {
  readonly peer: Peer;
  /** Pods that the peer stands for here; empty for peers that are no pods. */
  readonly pods: readonly PodEntry[];
  readonly port: EdgeUpdatePort | undefined;
  readonly service: ServiceRef | undefined;
  /** Foreign name by which a peer inside the cluster was asked for. */
  readonly name: string | undefined;
  /** Bits of FACTS. */
  facts: number;
  readonly firstPod: PodEntry | undefined;
  /** The peer's number, and whose numbers these are (edges/edge-book.ts). */
  number = -1;
  numbering: object | undefined = undefined;
  /** Number of an internet name's domain, by the same numbering. */
  domain = -1;

  constructor(peer: Peer, pods: readonly PodEntry[], port?: EdgeUpdatePort, service?: ServiceRef, name?: string) {
    this.peer = peer;
    this.pods = pods;
    this.port = port;
    this.service = service;
    this.name = name;
    this.firstPod = pods[0];
    this.facts = peer.type === 'node' ? FACTS.node : peer.type === 'internet' ? FACTS.internet : 0;
  }

  /** The same end, asked for in another way. */
  with(change: Partial<Pick<Target, 'pods' | 'port' | 'service' | 'name'>>): Target {
    const { pods = this.pods, port = this.port, service = this.service, name = this.name } = change;
    return new Target(this.peer, pods, port, service, name);
  }
}

export type UnknownWhy = 'pod-gone' | 'never-owned' | 'name-not-found';

/**
 * What an address or a name turned out to be: targets, nothing on purpose, or somebody unknown. One shape for all three,
 * because it is looked at for every observation.
 */
export class Found {
  readonly targets: readonly Target[] | undefined;
  /** The target when there is one alone, as nearly always: found without going through the list. */
  readonly only: Target | undefined;
  readonly dropped: DropReason | undefined;
  readonly unknown: UnknownWhy | undefined;
  /** Address or name that stayed unknown. */
  readonly address: string;

  constructor(targets: readonly Target[] | undefined, dropReason: DropReason | undefined, why: UnknownWhy | undefined, address: string) {
    this.targets = targets;
    this.only = targets?.length === 1 ? targets[0] : undefined;
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

/** Nobody is known to own the address, but a name tells who was meant: as long as somebody may appear, that is still open. */
export function asMeant(targets: readonly Target[], unowned: Found): Found {
  return new Found(targets, undefined, unowned.unknown, unowned.address);
}

export function isTargets(result: Found): result is Found & { readonly targets: readonly Target[] } {
  return result.targets !== undefined;
}

/** The targets, or the one that stands for whom nobody knows. */
export function targetsOf(found: Found, cluster: string): readonly Target[] {
  return found.targets ?? [unknownTarget(cluster, found)];
}

function unknownTarget(cluster: string, found: Found): Target {
  if (found.unknown === 'name-not-found') {
    const [name = found.address, namespace = ''] = found.address.split('.');
    return new Target({ type: 'service', cluster, namespace, name }, [], undefined, { namespace, name });
  }
  return new Target({ type: 'unknown', cluster, address: found.address, reason: found.unknown ?? 'never-owned' }, []);
}

/** The ends that stayed unknown, if any. */
export function unknownEnds(client: Found, server: Found): Resolution['unknown'] {
  if (client.unknown === undefined && server.unknown === undefined) return undefined;
  const ends = [client, server].flatMap(({ unknown, targets, address }) =>
    unknown === undefined || targets !== undefined ? [] : [{ address, reason: unknown }],
  );
  return ends.length === 0 ? undefined : ends;
}
