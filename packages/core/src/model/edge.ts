import type { Peer, ServiceRef } from './peer.ts';

/** How an edge is known. */
export const EVIDENCE_KINDS = ['dns', 'tcp', 'socket', 'udp', 'kafka', 'http', 'aws'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** From which side something was seen (rule 20). */
export type Vantage = 'client' | 'server';

/** `system` is node-local, DNS and our own traffic: hidden unless asked for. */
export type EdgeClass = 'app' | 'system';

/** HBONE is the ambient mesh's tunnel: the real port inside it is unknown (rule 21). */
export type TransportProtocol = 'TCP' | 'UDP' | 'SCTP' | 'HBONE';

/** One kind of evidence; instants are milliseconds since the Unix epoch. */
export interface Evidence {
  readonly count: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** The counts come from a reporter that does not count exactly. */
  readonly approximate?: boolean;
}

export type EvidenceMap = Readonly<Partial<Record<EvidenceKind, Evidence>>>;

export interface EdgePort {
  /** The server's own (target) port; absent when only the transport's tunnel is known. */
  readonly port?: number;
  readonly protocol: TransportProtocol;
  /** The Service asked for, when the client used one, and the Service's own port. */
  readonly service?: ServiceRef;
  readonly servicePort?: number;
  readonly evidence: EvidenceMap;
}

export interface KafkaAccess {
  readonly topic: string;
  /** Lower case in the ClientIntents spelling: consume, produce, describe, ClusterAction … or Kafka's own name. */
  readonly operation: string;
  readonly allowed: boolean;
  /** topic unless given: group, cluster, transactionalId. */
  readonly resourceType?: string;
  readonly principal?: string;
}

export interface HttpAccess {
  readonly path: string;
  readonly methods: readonly string[];
}

export interface CloudAccess {
  readonly action: string;
  readonly count: number;
}

/** Who called whom, with everything that is known about it: the unit of every view. */
export interface Edge {
  readonly client: Peer;
  readonly server: Peer;
  readonly class: EdgeClass;
  /** The server is one of several behind a Service and which one was meant is not known (rule 12). */
  readonly shared: boolean;
  readonly evidence: EvidenceMap;
  /** Sorted by port, protocol, Service. */
  readonly ports: readonly EdgePort[];
  /** Services asked for by name when no port is known (DNS evidence has no port, rule 13). */
  readonly services?: readonly ServiceRef[];
  /** Names by which the client asked for a server inside the cluster that are not the cluster's own (rule 15). */
  readonly names?: readonly string[];
  readonly kafka?: readonly KafkaAccess[];
  readonly http?: readonly HttpAccess[];
  readonly actions?: readonly CloudAccess[];
  /** Waypoint through which the mesh carries the calls. */
  readonly via?: Peer;
  /** Bytes that the client sent, over all time; absent where nobody reports traffic levels. */
  readonly bytesSent?: number;
}
