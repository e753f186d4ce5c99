import type { Observation } from '@nm/core';

/** Where observations go: the mapper in this process, or a report over the network. */
export interface ObservationSink {
  /** Resolves when they are stored; throws when they are not, and they may then be offered again. */
  take(observations: readonly Observation[], signal?: AbortSignal): Promise<void>;
}
