import type { Edge, EdgeFilter } from '@nm/core';

/** What a reading command wants. A source may apply the filter itself or answer with more: the command filters again. */
export interface MapQuery {
  /** Holds the window (since, until) too. */
  readonly filter: EdgeFilter;
  /** Labels that the command shows, for sources that answer with few. */
  readonly labelKeys?: readonly string[];
}

export interface LoadedMap {
  readonly edges: readonly Edge[];
  /** When the map was made, and the time it covers; instants in milliseconds since the Unix epoch. */
  readonly generatedAt: number;
  readonly window: { readonly since?: number; readonly until?: number };
  /** The source chose by the window itself, and its counts are the window's: the command must not choose by times again. */
  readonly hasOwnWindow?: boolean;
  /** What the user should know about it, a line each. */
  readonly notes?: readonly string[];
}

/** Where a map comes from: a file, or a mapper. */
export interface MapSource {
  /** For messages: the file's name, the mapper's address. */
  readonly name: string;
  loadEdges(query: MapQuery, signal: AbortSignal): Promise<LoadedMap>;
  /** Ends connections and forwards. */
  close(): Promise<void>;
}

/** A mapper that runs. */
export interface LiveMapSource extends MapSource {
  status(signal: AbortSignal): Promise<MapperStatus>;
  /** New and changed edges as they are stored, until the signal. */
  watch(query: MapQuery, signal: AbortSignal): AsyncIterable<EdgeChange>;
  /** Forgets everything that was seen until now. */
  reset(signal: AbortSignal): Promise<void>;
  /** Address of the web UI while this source is open. */
  openWeb(): Promise<string>;
}

export type EdgeChange =
  | { readonly type: 'added' | 'changed'; readonly edge: Edge }
  /** Everything before is void. */
  | { readonly type: 'reset' };

/** What a mapper tells of itself; older ones tell less. Instants in milliseconds since the Unix epoch. */
export interface MapperStatus {
  readonly version: string;
  /** When it was started. */
  readonly since?: number;
  readonly ready?: boolean;
  readonly cluster?: string;
  /** sqlite or postgres. */
  readonly store?: string;
  readonly edges: number;
  readonly maxEdges?: number;
  /** Observations that wait for the Kubernetes API to catch up. */
  readonly waiting?: number;
  readonly resetAt?: number;
  readonly reporters: readonly ReporterState[];
  readonly nodesWithoutSniffer: readonly string[];
  /** Observations with an end that nobody owned, that made no edge, and that reporters lost: the largest first. */
  readonly unresolved: readonly ReasonCount[];
  readonly dropped: readonly ReasonCount[];
  readonly lost: readonly ReasonCount[];
}

export interface ReporterState {
  /** sniffer, kafka, istio, … */
  readonly kind: string;
  readonly node?: string;
  readonly version: string;
  readonly lastReportAt: number;
  /** Stored since the mapper was started. */
  readonly observations: number;
  /** Its clock minus the mapper's. */
  readonly clockOffsetMs?: number;
  readonly lost: number;
}

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** How to find a mapper. */
export interface LiveSourceOptions {
  readonly url?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly mapperNamespace: string;
  readonly mapperServiceName: string;
  readonly mapperServicePort: number;
}

/** Rejects with an AppError MAPPER_UNREACHABLE that says what to do. */
export type OpenLiveSource = (options: LiveSourceOptions, signal: AbortSignal) => Promise<LiveMapSource>;

export interface SourceOptions extends LiveSourceOptions {
  /** A map file, `-` for standard input. */
  readonly map?: string;
}
