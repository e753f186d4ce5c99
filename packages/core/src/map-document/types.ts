import type { EdgeClass, EvidenceKind, TransportProtocol } from '../model/edge.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';

/** The map file (docs/map-file.md). Times are RFC 3339; unknown fields are absent. */
export const MAP_SCHEMA = 'network-mapper/map/v1';

export interface MapDocument {
  readonly schema: typeof MAP_SCHEMA;
  readonly generatedAt: string;
  readonly window: { readonly since?: string; readonly until?: string };
  /** Sorted: client namespace, client name, then server. */
  readonly edges: readonly MapEdge[];
}

export interface MapEvidence {
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly approximate?: boolean;
}

export type MapEvidenceMap = Readonly<Partial<Record<EvidenceKind, MapEvidence>>>;

export interface MapPort {
  readonly port?: number;
  readonly protocol: TransportProtocol;
  readonly service?: ServiceRef;
  readonly servicePort?: number;
  readonly evidence: MapEvidenceMap;
}

/** The JSON form of an Edge; GraphQL's type Edge has the same fields. */
export interface MapEdge {
  readonly client: Peer;
  readonly server: Peer;
  readonly class: EdgeClass;
  readonly shared: boolean;
  readonly evidence: MapEvidenceMap;
  readonly ports: readonly MapPort[];
  readonly services?: readonly ServiceRef[];
  readonly names?: readonly string[];
  readonly kafka?: readonly {
    readonly topic: string;
    readonly operation: string;
    readonly allowed: boolean;
    readonly resourceType?: string;
    readonly principal?: string;
  }[];
  readonly http?: readonly { readonly path: string; readonly methods: readonly string[] }[];
  readonly actions?: readonly { readonly action: string; readonly count: number }[];
  readonly via?: Peer;
}
