import type { WorkloadPeer } from '../model/peer.ts';
import type { PodRecord } from './records.ts';

/**
 * A pod, alive or gone, with the times during which it owned its addresses. What every observation looks at comes first,
 * as small numbers where times would do: those lie in the object itself.
 */
export interface PodEntry {
  /** Seconds in [sureFrom, sureTo) in which it surely owned its addresses and could talk; what is at their edges needs a closer look. */
  sureFrom: number;
  sureTo: number;
  /** Answers about its addresses (pod-answers.ts). */
  asClient: unknown;
  question: number;
  answer: unknown;
  answers: Map<number, unknown> | undefined;
  record: PodRecord;
  /** Its workload as an end of an edge: made once, so that equal ends are one object. */
  peer: WorkloadPeer | undefined;
  name: string;
  kind: string;
  /** Owns its addresses in [from, to), milliseconds. */
  from: number;
  to: number;
  /** When its first container started: before that it cannot have talked. Decides between overlapping owners. */
  talksFrom: number;
  /** The API said that it is deleted. */
  deleted: boolean;
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

/** One place where they are made, so that all have one shape. Times are set by pod-lifetime.ts. */
export function createPodEntry(record: PodRecord): PodEntry {
  return {
    sureFrom: 0,
    sureTo: 0,
    asClient: undefined,
    question: 0,
    answer: undefined,
    answers: undefined,
    record,
    peer: undefined,
    name: '',
    kind: '',
    from: 0,
    to: 0,
    talksFrom: 0,
    deleted: false,
  };
}
