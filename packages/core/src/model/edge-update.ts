import type { CloudAccess, EdgeClass, EvidenceKind, HttpAccess, KafkaAccess, TransportProtocol, Vantage } from './edge.ts';
import type { Peer, ServiceRef } from './peer.ts';

/**
 * One observation after resolution: what it adds to one edge. Updates commute: applied in any order they give the
 * same edge (earliest first, latest last, counts added per vantage), so stores upsert them without a lock.
 */
export interface EdgeUpdate {
  readonly client: Peer;
  readonly server: Peer;
  readonly class: EdgeClass;
  readonly shared: boolean;
  readonly evidence: EvidenceKind;
  readonly vantage: Vantage;
  readonly node?: string | undefined;
  readonly count: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly approximate?: boolean | undefined;
  readonly port?: EdgeUpdatePort | undefined;
  /** Service asked for; for DNS evidence, which has no port. */
  readonly service?: ServiceRef | undefined;
  /** Foreign name by which an in-cluster server was asked for. */
  readonly name?: string | undefined;
  readonly kafka?: KafkaAccess | undefined;
  readonly http?: HttpAccess | undefined;
  readonly actions?: readonly CloudAccess[] | undefined;
  readonly via?: Peer | undefined;
  /** Bytes that the client sent since the last report; only where the server is certain. */
  readonly bytes?: number | undefined;
}

export interface EdgeUpdatePort {
  readonly port?: number;
  readonly protocol: TransportProtocol;
  readonly service?: ServiceRef;
  readonly servicePort?: number;
}
