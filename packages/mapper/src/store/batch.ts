import type { EdgeUpdate, Observation } from '@nm/core';

/**
 * What one report adds to the map. It is stored wholly or not at all, in one transaction together with the mark that
 * makes its repeat harmless.
 */
export interface StoreBatch {
  /**
   * Our own reporters number their batches: a batch whose sequence is not above the stored one is a repeat, and
   * nothing of it is stored again. Absent for compatible reports.
   */
  readonly reporter?: ReporterState;
  readonly parts: readonly BatchPart[];
}

/** A piece of a batch that is stored, or recognised as a repeat, as one. A numbered report is one part. */
export interface BatchPart {
  /**
   * Compatible reports carry no number: kind, source, destination, port and lastSeen make the key, remembered for
   * `repeatMemoryMs` (an hour). Any text; only its digest is kept.
   */
  readonly repeatKey?: string;
  readonly updates: readonly EdgeUpdate[];
  /** Observations that cannot be resolved yet. */
  readonly waiting?: readonly NewWaiting[];
}

/** What is remembered of one reporter instance. */
export interface ReporterState {
  /** Random, kept with the reporter's spool; with the node, of one that reports for a node (`reporterKey`). */
  readonly instance: string;
  readonly sequence: number;
  /** `sniffer`, `kafka-watcher` … */
  readonly kind: string;
  readonly cluster: string;
  readonly node?: string;
  readonly version?: string;
  /** When the batch was accepted, mapper's clock. */
  readonly seenAt: number;
  /** Anything else that views show (losses, clock offset, listeners): JSON text of at most 64 KiB. */
  readonly extra?: string;
}

export interface BatchOutcome {
  /** The whole batch was stored before (reporter sequence). */
  readonly repeat: boolean;
  /** Indexes of parts that were recognised by their repeat key. */
  readonly repeatedParts: readonly number[];
  /** Updates that changed the map. */
  readonly stored: number;
  /** Updates and waiting observations from before the last reset (rule 22). */
  readonly beforeReset: number;
}

export interface NewWaiting {
  readonly cluster: string;
  readonly observation: Observation;
  /** Mapper's clock; says how long it has waited. */
  readonly receivedAt: number;
  /** What else the ingest needs to try again (JSON text). */
  readonly context?: string;
}

export interface WaitingObservation extends NewWaiting {
  readonly id: number;
  /** How often it was taken before. */
  readonly attempts: number;
}

/** The end of a waiting observation: its updates (none if it makes no edge), stored as its row goes. */
export interface ResolvedWaiting {
  readonly id: number;
  readonly updates: readonly EdgeUpdate[];
}
