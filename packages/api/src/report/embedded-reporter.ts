import type { Clock, Logger } from '@nm/core';
import type { ReportAnswer, ReportBatch } from './format.ts';

/** What a mapper gives a reporter that runs in its own process. */
export interface EmbeddedReporterDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Stores a batch as if it had come over the network. */
  readonly report: (batch: ReportBatch) => Promise<ReportAnswer>;
  /** Of several replicas one looks. */
  readonly isElected: () => Promise<boolean>;
}

/** How the watcher of a mesh is to look when it runs in a mapper. */
export interface MeshWatcherOptions {
  readonly kubeconfig?: string | undefined;
  readonly kubeContext?: string | undefined;
  readonly namespace?: string | undefined;
  readonly intervalMs: number;
  readonly readBy: 'network' | 'exec';
}
