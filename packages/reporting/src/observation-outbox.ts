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

/** Characters of topics, principals and paths that wait: clients choose them, up to a kilobyte each. */
const MAX_TEXT = 32 * 1024 * 1024;

/**
 * Keeps observations until the sink has taken them, at most `maxObservations` with at most 32 Mi characters of text that
 * clients chose; beyond that the newest are dropped and counted.
 */
export function createObservationOutbox(sink: ObservationSink, options: { readonly maxObservations: number }): ObservationOutbox {
  let offered: readonly Observation[] = [];
  let waiting: Observation[] = [];
  let offeredText = 0;
  let waitingText = 0;
  let dropped = 0;
  let running: Promise<void> | undefined;

  async function offer(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (offered.length === 0) {
        if (waiting.length === 0) return;
        offered = waiting;
        offeredText = waitingText;
        waiting = [];
        waitingText = 0;
      }
      // The same list each time, so that the sink can go on where it stopped.
      await sink.take(offered, signal);
      offered = [];
      offeredText = 0;
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
        const text = textOf(observation);
        if (offered.length + waiting.length >= options.maxObservations || offeredText + waitingText + text > MAX_TEXT) dropped += 1;
        else {
          waiting.push(observation);
          waitingText += text;
        }
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

function textOf({ kafka, http, cloud }: Observation): number {
  return (kafka?.topic.length ?? 0) + (kafka?.principal?.length ?? 0) + (http?.path.length ?? 0) + (cloud?.resource.length ?? 0);
}
