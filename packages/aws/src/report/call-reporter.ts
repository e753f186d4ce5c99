import type { Clock, Logger } from '@nm/core';
import { createObservationOutbox } from '@nm/reporting';
import type { ObservationSink } from '@nm/reporting';
import type { Metrics, Startable } from '@nm/runtime';
import { toAwsCall } from '../actions/to-aws-call.ts';
import type { AwsHttpRequest } from '../actions/aws-request.ts';
import type { AWS_METRICS } from './aws-metrics.ts';
import { createCallAggregate } from './call-aggregate.ts';

export interface CallReporterOptions {
  readonly intervalMs: number;
  readonly maxSums: number;
  /** Observations that wait for the mapper; beyond them the newest are dropped. */
  readonly maxWaiting: number;
}

export const CALL_REPORTER_DEFAULTS = { intervalMs: 5_000, maxSums: 20_000, maxWaiting: 100_000 } as const;

const LAST_REPORT_MS = 5_000;

/** Tells the actions of requests, adds them up and reports them. */
export function createCallReporter(
  deps: { readonly sink: ObservationSink; readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics<typeof AWS_METRICS> },
  options: CallReporterOptions,
): Startable & { record(request: AwsHttpRequest, sourceAddress: string): void; flush(signal?: AbortSignal): Promise<void> } {
  const { metrics } = deps;
  const aggregate = createCallAggregate({ maxSums: options.maxSums });
  const outbox = createObservationOutbox(deps.sink, { maxObservations: options.maxWaiting });
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let counted = 0;
  let generalized = 0;

  async function flush(signal?: AbortSignal): Promise<void> {
    outbox.add(aggregate.drain());
    const dropped = aggregate.dropped + outbox.dropped;
    metrics.dropped.inc(dropped - counted);
    counted = dropped;
    metrics.generalized.inc(aggregate.generalized - generalized);
    generalized = aggregate.generalized;
    try {
      await outbox.flush(signal);
    } catch (error) {
      if (!stopping.signal.aborted)
        deps.log.warn('the mapper does not take observations; they are kept', { error: (error as Error).message });
    }
    metrics.waiting.set(outbox.size);
  }

  return {
    record(request, sourceAddress): void {
      const call = toAwsCall(request);
      metrics.requests.inc({ outcome: call === undefined ? 'unknown' : 'known' });
      if (call !== undefined) aggregate.add(call, sourceAddress, deps.clock.now());
    },
    flush,
    start(): Promise<void> {
      timer = setInterval(() => void flush(stopping.signal), options.intervalMs);
      return Promise.resolve();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      stopping.abort();
      // A report that is under way was aborted; what it held is offered once more.
      await flush(AbortSignal.timeout(LAST_REPORT_MS));
      if (outbox.size > 0) await flush(AbortSignal.timeout(LAST_REPORT_MS));
      if (outbox.size > 0) deps.log.warn('observations of the last seconds were not taken by the mapper', { observations: outbox.size });
    },
  };
}
