import type { WorkloadPeer } from '../model/peer.ts';
import type { PodRecord } from './records.ts';

/** A pod, alive or gone, with the times during which it owned its addresses. */
export interface PodEntry {
  record: PodRecord;
  name: string;
  kind: string;
  /** Owns its addresses in [from, to), milliseconds. */
  from: number;
  to: number;
  /** When its first container started: before that it cannot have talked. Decides between overlapping owners. */
  talksFrom: number;
  /** The API said that it is deleted. */
  deleted: boolean;
  /** Its workload as an end of an edge: made once, so that equal ends are one object. */
  peer: WorkloadPeer | undefined;
  /** Answers about its addresses, by question: whoever resolves keeps them here, and they go when the pod changes. */
  answers: Map<number, unknown> | undefined;
}

/** What a mapper keeps of a pod that is gone, so that a late observation still finds it after a restart. */
export interface PodInterval {
  readonly uid: string;
  readonly namespace: string;
  readonly pod: string;
  readonly workload: string;
  readonly kind: string;
  readonly node?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly from: number;
  readonly to: number;
}
