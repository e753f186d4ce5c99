import type { Observation } from '@nm/core';
import type { ObservationSink } from './observation-sink.ts';

export interface ObservationOutbox {
  /** Observations that wait. */
  readonly size: number;
  /** Lost because the sink was away for so long that the bound was reached. */
  readonly dropped: number;
  add(observations: readonly Observation[]): void;
  /** Offers everything to the sink; what it does not take stays. Throws what the sink throws. */
  flush(signal?: AbortSignal): Promise<void>;
}

/** Keeps observations until the sink has taken them, at most `maxObservations`; beyond that the newest are dropped and counted. */
export function createObservationOutbox(sink: ObservationSink, options: { readonly maxObservations: number }): ObservationOutbox {
  let offered: readonly Observation[] = [];
  let waiting: Observation[] = [];
  let dropped = 0;
  let running: Promise<void> | undefined;

  async function offer(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (offered.length === 0) {
        if (waiting.length === 0) return;
        offered = waiting;
        waiting = [];
      }
      // The same list each time, so that the sink can go on where it stopped.
      await sink.take(offered, signal);
      offered = [];
    }
  }

  return {
    get size(): number {
      return offered.length + waiting.length;
    },
    get dropped(): number {
      return dropped;
    },
    add(observations): void {
      for (const observation of observations) {
        if (offered.length + waiting.length >= options.maxObservations) dropped += 1;
        else waiting.push(observation);
      }
    },
    flush(signal): Promise<void> {
      running ??= offer(signal).finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}
