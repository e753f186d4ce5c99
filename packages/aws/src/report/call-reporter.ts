import { randomUUID } from 'node:crypto';
import { createReportWriter, REPORT } from '@nm/api';
import type { ApiClient, ReportBatch } from '@nm/api';
import type { Clock, Logger, Observation } from '@nm/core';
import type { Metrics, Startable } from '@nm/runtime';
import { toAwsCall } from '../actions/to-aws-call.ts';
import type { AwsHttpRequest } from '../actions/aws-request.ts';
import type { AWS_METRICS } from './aws-metrics.ts';
import { createCallAggregate } from './call-aggregate.ts';

export interface CallReporterOptions {
  readonly intervalMs: number;
  readonly version: string;
  readonly maxSums: number;
  /** Observations that wait for the mapper; beyond them the newest are dropped. */
  readonly maxWaiting: number;
}

export const CALL_REPORTER_DEFAULTS = { intervalMs: 5_000, maxSums: 20_000, maxWaiting: 100_000 } as const;

const LAST_REPORT_MS = 5_000;

/** Tells the actions of requests, adds them up and reports them; a batch that was not answered is sent again unchanged. */
export function createCallReporter(
  deps: { readonly client: ApiClient; readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics<typeof AWS_METRICS> },
  options: CallReporterOptions,
): Startable & { record(request: AwsHttpRequest, sourceAddress: string): void; flush(signal?: AbortSignal): Promise<void> } {
  const { metrics } = deps;
  const aggregate = createCallAggregate({ maxSums: options.maxSums });
  const writer = createReportWriter();
  const reporter = { kind: 'aws-visibility', instance: randomUUID(), version: options.version } as const;
  const waiting: Observation[] = [];
  let sequence = 0;
  let unanswered: { readonly batch: ReportBatch; readonly rows: number } | undefined;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let counted = 0;

  function collect(): void {
    for (const observation of aggregate.drain()) {
      if (waiting.length >= options.maxWaiting) metrics.dropped.inc();
      else waiting.push(observation);
    }
    metrics.dropped.inc(aggregate.dropped - counted);
    counted = aggregate.dropped;
  }

  function nextBatch(): { readonly batch: ReportBatch; readonly rows: number } {
    let rows = 0;
    for (let row = waiting[0]; row !== undefined && writer.add(row); row = waiting[rows]) rows += 1;
    sequence += 1;
    return { batch: writer.finish(reporter, sequence, deps.clock.now()), rows };
  }

  async function send(signal?: AbortSignal): Promise<void> {
    collect();
    while (waiting.length > 0) {
      unanswered ??= nextBatch();
      const { report } = await deps.client.run(REPORT, { batch: unanswered.batch }, signal === undefined ? {} : { signal });
      if (report.rejected.length > 0)
        deps.log.warn('the mapper rejected observations', { rejected: report.rejected.length, code: report.rejected[0]?.code });
      waiting.splice(0, unanswered.rows);
      unanswered = undefined;
    }
    metrics.waiting.set(0);
  }

  function flush(signal?: AbortSignal): Promise<void> {
    running ??= send(signal)
      .catch((error: unknown) => {
        metrics.waiting.set(waiting.length);
        deps.log.warn('the mapper does not take observations; they are kept', { error: (error as Error).message });
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  return {
    record(request, sourceAddress): void {
      const call = toAwsCall(request);
      metrics.requests.inc({ outcome: call === undefined ? 'unknown' : 'known' });
      if (call !== undefined) aggregate.add(call, sourceAddress, deps.clock.now());
    },
    flush,
    start(): Promise<void> {
      timer = setInterval(() => void flush(), options.intervalMs);
      return Promise.resolve();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await running;
      await flush(AbortSignal.timeout(LAST_REPORT_MS));
    },
  };
}
