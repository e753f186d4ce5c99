import { randomUUID } from 'node:crypto';
import { createReportWriter, REPORT } from '@nm/api';
import type { ApiClient, ReportAnswer, ReportBatch, Reporter } from '@nm/api';
import type { Clock, Logger, Observation } from '@nm/core';
import type { ObservationSink } from './observation-sink.ts';

export interface ReportSinkOptions {
  readonly kind: Reporter['kind'];
  readonly version: string;
  /** Rows of one batch; a report has at most 10,000. */
  readonly maxRows?: number;
}

/** Hands a batch to the mapper; resolves when it is stored. */
export type SendReport = (batch: ReportBatch, signal?: AbortSignal) => Promise<ReportAnswer>;

/** To a mapper over the network. */
export function reportOver(client: ApiClient): SendReport {
  return async (batch, signal) => (await client.run(REPORT, { batch }, signal === undefined ? {} : { signal })).report;
}

/**
 * Sends observations to the mapper with `report(batch)`. A batch that was sent and not answered is sent again unchanged,
 * with its sequence, when the same list is offered again: so the mapper can tell a repeat.
 */
export function createReportSink(
  deps: { readonly report: SendReport; readonly clock: Clock; readonly log: Logger },
  options: ReportSinkOptions,
): ObservationSink {
  const instance = randomUUID();
  const writer = createReportWriter(options.maxRows === undefined ? {} : { maxRows: options.maxRows });
  let sequence = 0;
  let offered: readonly Observation[] = [];
  let stored = 0;
  let unanswered: { readonly batch: ReportBatch; readonly end: number } | undefined;

  function nextBatch(): { readonly batch: ReportBatch; readonly end: number } {
    let end = stored;
    for (let observation = offered[end]; observation !== undefined && writer.add(observation); observation = offered[end]) end += 1;
    sequence += 1;
    return { batch: writer.finish({ kind: options.kind, instance, version: options.version }, sequence, deps.clock.now()), end };
  }

  return {
    async take(observations, signal): Promise<void> {
      if (observations !== offered) {
        offered = observations;
        stored = 0;
        unanswered = undefined;
      }
      while (stored < offered.length) {
        unanswered ??= nextBatch();
        const { rejected } = await deps.report(unanswered.batch, signal);
        if (rejected.length > 0) {
          deps.log.warn('the mapper rejected observations', { rejected: rejected.length, code: rejected[0]?.code });
        }
        stored = unanswered.end;
        unanswered = undefined;
      }
    },
  };
}
