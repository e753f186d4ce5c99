import type { EvidenceKind, PeerType, Vantage } from '@nm/core';
import type { Generated } from 'kysely';

/**
 * Tables of the map, the same in both databases. Instants `*_at` are ms since the epoch; `*_bucket` and `start` are
 * minutes since the epoch, so that they stay small. Absent text is '', absent numbers are ABSENT: unique keys then
 * need no NULL.
 */
export interface Tables {
  /** Single numbers: see StateName. */
  state: { name: string; value: number };
  cluster: { id: Generated<number>; name: string; uid: string | null; reset_at: number | null };
  namespace: { cluster_id: number; name: string; environment: string };
  peer: PeerTable;
  edge: EdgeTable;
  evidence: EvidenceTable;
  activity: ActivityTable;
  activity_log: ActivityLogTable;
  activity_booked: ActivityBookedTable;
  traffic: TrafficTable;
  detail: DetailTable;
  reporter: {
    instance: string;
    sequence: number;
    kind: string;
    cluster: string;
    node: string;
    version: string;
    seen_at: number;
    extra: string;
  };
  /** `digest`: 53 bits, so that the number is exact everywhere. */
  repeat_key: { digest: number; seen_at: number };
  waiting: {
    id: Generated<number>;
    cluster_id: number;
    seen_at: number;
    received_at: number;
    due_at: number;
    attempts: number;
    body: string;
  };
  address_interval: { cluster_id: number; kind: string; uid: string; from_at: number; to_at: number | null; body: string };
  job: { name: string; owner: string; until_at: number };
}

export const ABSENT = -1;

/**
 * `epoch` rises when rows that identity caches know were deleted or renamed; `version` numbers changes of edges;
 * `maintained` is when maintenance last ended; `replays` rises when somebody books what others logged (SQLite).
 */
export type StateName = 'epoch' | 'version' | 'maintained' | 'replays';

export interface PeerTable {
  id: Generated<number>;
  /** Identity and sort order: namespace, name, type, cluster, kind. */
  key: string;
  type: PeerType;
  /** 0 for peers outside every cluster. */
  cluster_id: number;
  namespace: string;
  name: string;
  kind: string;
  domain: string;
  /** Lower case text that text filters look into. */
  search: string;
  /** What is not identity (labels, reason, cloud account …): see datedAttributes; the greatest text wins. */
  attributes: string;
}

export interface EdgeTable {
  id: Generated<number>;
  /** Identity and sort order: client key, server key, port of nameless peers. */
  key: string;
  cluster_id: number;
  client_id: number;
  server_id: number;
  class: string;
  shared: number;
  /** 1 when an end is outside the cluster: goes first when there are too many. */
  outside: number;
  first_bucket: number;
  last_bucket: number;
  version: number;
}

/** One way in which an edge is known: kind, vantage, port and Service asked for. */
export interface EvidenceTable {
  id: Generated<number>;
  edge_id: number;
  /** Text of the columns below up to service_port: unique within the edge. */
  slot: string;
  kind: EvidenceKind;
  vantage: Vantage;
  port: number;
  protocol: string;
  service_namespace: string;
  service_name: string;
  service_port: number;
  approximate: number;
  first_at: number;
  last_bucket: number;
}

/** Counts of one evidence in one bucket. In buckets wider than FINE_MINUTES the vantage is already chosen (rule 20). */
export interface ActivityTable {
  evidence_id: number;
  /** Minutes. */
  width: number;
  start: number;
  count: number;
  /** ms after `start`. */
  first_offset: number;
  last_offset: number;
}

/** Counts in fine buckets that are not booked in `activity` yet, as they came; only of a single writer (NewActivity). */
export interface ActivityLogTable {
  id: Generated<number>;
  /** Drawn by each process. */
  writer: number;
  /** Of one transaction: see CountsWriter. */
  body: Uint8Array;
}

/** How far a writer has booked: of what it logged up to `through`, the evidence up to `evidence_id`. */
export interface ActivityBookedTable {
  writer: number;
  through: number;
  evidence_id: number;
}

/** Counts of all edges of a cluster, for the time bar. `side`: see TRAFFIC_SIDES. */
export interface TrafficTable {
  cluster_id: number;
  side: number;
  width: number;
  start: number;
  count: number;
}

export interface DetailTable {
  edge_id: number;
  kind: DetailKind;
  value: string;
  /** Hash of the value: of too many, the smallest stay, in whatever order they came. */
  rank: number;
  count: number;
  first_bucket: number;
  last_bucket: number;
}

export type DetailKind = 'kafka' | 'http' | 'action' | 'name' | 'via' | 'bytes' | 'client-address' | 'server-address';
