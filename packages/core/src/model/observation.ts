import type { Memo } from './memo.ts';
import type { EvidenceKind, TransportProtocol, Vantage } from './edge.ts';

/**
 * What was seen, where and when: addresses and names only, before anybody knows whose they are.
 * Addresses are in canonical text form (dotted IPv4; RFC 5952 IPv6, IPv4-mapped as IPv4).
 * Instants are milliseconds since the Unix epoch at the reporter's clock.
 */
export interface Observation {
  readonly kind: EvidenceKind;
  readonly vantage: Vantage;
  /** Node on which it was seen, if known. */
  readonly node?: string | undefined;
  readonly source: Endpoint;
  readonly destination: Destination;
  /** Transactions, attempts or connections first seen; 0 says "still there" (rule 4). */
  readonly count: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Counts of a reporter that does not count exactly (the old sniffers). */
  readonly approximate?: boolean | undefined;
  /** Bytes that the client sent, of a reporter that knows them. */
  readonly bytes?: number | undefined;
  /** For `socket` and `udp`: neither side was seen listening, so the direction is a guess (rule 4). `source.port` is then set. */
  readonly directionGuessed?: boolean | undefined;
  readonly kafka?:
    | {
        readonly topic: string;
        readonly operation: string;
        readonly allowed: boolean;
        readonly resourceType?: string;
        readonly principal?: string;
      }
    | undefined;
  readonly http?: { readonly path: string; readonly methods: readonly string[] } | undefined;
  readonly cloud?:
    | {
        readonly provider: 'aws' | 'gcp' | 'azure';
        readonly resource: string;
        readonly actions: readonly string[];
        readonly service?: string;
        readonly account?: string;
        readonly region?: string;
      }
    | undefined;
}

export interface Endpoint {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** UID of the pod, when the node itself could tell (its cgroup). */
  readonly podUid?: string | undefined;
  /** Of the address or, for a destination with a name, of the DNS answer; only within a process. */
  readonly memo?: Memo | undefined;
  /**
   * A workload or pod named by a reporter that knows it (mesh, Kafka, cloud); `service` of its namespace is the one by which
   * it was asked for.
   */
  readonly workload?:
    | { readonly namespace: string; readonly name: string; readonly kind?: string; readonly pod?: boolean; readonly service?: string }
    | undefined;
}

export interface Destination extends Endpoint {
  readonly protocol: TransportProtocol;
  /** The name asked for (DNS), or the newest name by which this client got the address (rule 14); lower case, no final dot. */
  readonly name?: string | undefined;
  /** Last name of the CNAME chain when it differs from `name`. */
  readonly canonicalName?: string | undefined;
  /** Addresses in the answer (DNS), bounded by MAX_ANSWER_ADDRESSES. */
  readonly addresses?: readonly string[] | undefined;
  /** Where the client itself sent it, when address translation changed it on the way (Service address). */
  readonly asked?: { readonly address: string; readonly port: number } | undefined;
}

/** At most so many addresses of one answer are kept. */
export const MAX_ANSWER_ADDRESSES = 64;
