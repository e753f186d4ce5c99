import type { Edge, EdgeFilter } from '@nm/core';

/** What a reading command wants. A source may apply the filter itself or answer with more: the command filters again. */
export interface MapQuery {
  /** Holds the window (since, until) too. */
  readonly filter: EdgeFilter;
}

export interface LoadedMap {
  readonly edges: readonly Edge[];
  /** When the map was made, and the time it covers; instants in milliseconds since the Unix epoch. */
  readonly generatedAt: number;
  readonly window: { readonly since?: number; readonly until?: number };
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
  webUrl(): string;
}

export interface EdgeChange {
  readonly type: 'added' | 'changed';
  readonly edge: Edge;
}

export interface MapperStatus {
  readonly version: string;
  /** Instant since which the mapper has been collecting. */
  readonly since?: number;
  readonly edges: number;
  readonly sniffers: readonly {
    readonly node: string;
    readonly version?: string;
    readonly lastReportAt?: number;
    readonly lost?: number;
  }[];
  readonly nodesWithoutSniffer: readonly string[];
  readonly unresolved: readonly { readonly reason: string; readonly count: number }[];
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
