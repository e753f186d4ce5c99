import type { Edge } from '@nm/core';

/** What `map` is made from (docs/cli.md); paths are absolute. Instants are milliseconds since the Unix epoch. */
export interface BuildMapOptions {
  /** Dumps and watch streams of the API, files or folders, in the order given. */
  readonly kube: readonly string[];
  readonly pcap: readonly string[];
  /** Copies of /proc. */
  readonly proc: readonly string[];
  readonly clusterName: string;
  readonly clusterDomain: string;
  readonly since?: number;
  readonly until?: number;
  /** Kinds whose objects are roots of workloads although they have owners themselves: `Kind` or `Kind.group`. */
  readonly customOwners: readonly string[];
  /** Edges with an end that nobody owned too. */
  readonly includeUnknown?: boolean;
}

export interface BuildMapHooks {
  readonly signal: AbortSignal;
  /** Called now and then while a long file is read. */
  onProgress(progress: MapProgress): void;
}

export interface MapProgress {
  readonly file: string;
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly packets: number;
}

/** What was seen on the way, for the summary on stderr. */
export interface MapSummary {
  readonly packets: number;
  /** DNS questions with their answers; each once, however many copies there were. */
  readonly transactions: number;
  /** TCP connection attempts. */
  readonly attempts: number;
  /** Open sockets seen in copies of /proc. */
  readonly sockets: number;
  /** Time that the inputs cover. */
  readonly window: { readonly since?: number; readonly until?: number };
  /** Addresses or names that nobody owned, by reason. */
  readonly unresolved: readonly SummaryLine[];
  /** What could not be read: packets, objects, lines. */
  readonly skipped: readonly SummaryLine[];
}

export interface SummaryLine {
  readonly what: string;
  /** Absent where `what` tells of one file. */
  readonly count?: number;
  /** A few cases, most frequent first. */
  readonly examples?: readonly string[];
}

/** Builds the map from files; the edges come in the map's order, each made when it is asked for, and can be iterated once. Rejects with an AppError that names the file when one cannot be read at all. */
export type BuildMap = (
  options: BuildMapOptions,
  hooks: BuildMapHooks,
) => Promise<{ readonly edges: Iterable<Edge>; readonly summary: MapSummary }>;
