import type { Observation } from '@nm/core';
import { ABSENT, MAX_BATCH_TEXT, toKindIndex, toRowFlags } from './encode-row.ts';
import { REPORT_PROTOCOL } from './format.ts';
import type { ReportBatch, Reporter } from './format.ts';
import { REPORT_LIMITS } from './limits.ts';

/** Collects observations into one batch; strings go into its table once. */
export interface ReportWriter {
  /** Rows so far. */
  readonly size: number;
  /** Adds a row; false when the batch is full, in rows or in text, and the row is not in it. */
  add(observation: Observation): boolean;
  /** The batch; the writer is empty afterwards. `sentAt`: milliseconds since the Unix epoch, the reporter's clock. */
  finish(reporter: Reporter, sequence: number, sentAt: number): ReportBatch;
}

const FIRST_SEEN = 14;
const LAST_SEEN = 15;

export function createReportWriter(options: { readonly maxRows?: number } = {}): ReportWriter {
  const maxRows = options.maxRows ?? REPORT_LIMITS.maxRows;
  let strings: string[] = [];
  let indexes = new Map<string, number>();
  let rows: number[][] = [];
  let textLength = 0;
  /** Times are kept relative to the first row's, so that they stay small until `sentAt` is known. */
  let baseAt = 0;

  const intern = (text: string | undefined): number => {
    if (text === undefined) return ABSENT;
    const known = indexes.get(text);
    if (known !== undefined) return known;
    // One text that is too long would have the whole batch refused; an empty one has its row refused.
    if (text.length > REPORT_LIMITS.maxStringLength) return intern('');
    indexes.set(text, strings.length);
    textLength += text.length;
    return strings.push(text) - 1;
  };

  return {
    get size() {
      return rows.length;
    },
    add(observation) {
      if (rows.length >= maxRows || textLength >= MAX_BATCH_TEXT) return false;
      if (rows.length === 0) baseAt = observation.firstSeenAt;
      const { source, destination } = observation;
      rows.push([
        toKindIndex(observation.kind),
        toRowFlags(observation),
        intern(source.address),
        intern(source.podUid),
        source.port ?? ABSENT,
        intern(destination.address),
        intern(destination.podUid),
        destination.port ?? ABSENT,
        intern(destination.name),
        intern(destination.canonicalName),
        intern(destination.addresses === undefined || destination.addresses.length === 0 ? undefined : destination.addresses.join(' ')),
        intern(destination.asked?.address),
        destination.asked?.port ?? ABSENT,
        observation.count,
        observation.firstSeenAt - baseAt,
        observation.lastSeenAt - baseAt,
        intern(toDetail(observation)),
      ]);
      return true;
    },
    finish(reporter, sequence, sentAt) {
      const batch = {
        protocol: REPORT_PROTOCOL,
        reporter,
        sentAt: new Date(sentAt).toISOString(),
        sequence,
        strings,
        observations: rows,
      };
      shiftTimes(rows, baseAt - toInstant(batch.sentAt));
      strings = [];
      indexes = new Map();
      rows = [];
      textLength = 0;
      return batch;
    },
  };
}

/** The same batch as sent now: its rows keep their times, `sentAt` tells the reporter's clock again. */
export function rebaseReport(batch: ReportBatch, sentAt: number): ReportBatch {
  const text = new Date(sentAt).toISOString();
  const rows = batch.observations.map((row) => [...row]);
  shiftTimes(rows, toInstant(batch.sentAt) - toInstant(text));
  return { ...batch, sentAt: text, observations: rows };
}

function shiftTimes(rows: readonly number[][], byMs: number): void {
  for (const row of rows) {
    row[FIRST_SEEN] = toMicros((row[FIRST_SEEN] ?? 0) + byMs);
    row[LAST_SEEN] = toMicros((row[LAST_SEEN] ?? 0) + byMs);
  }
}

/** Whole microseconds: more digits than any capture has would only make batches longer. */
function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function toInstant(text: string): number {
  return Date.parse(text);
}

function toDetail(observation: Observation): string | undefined {
  const { kafka, http, cloud, source, destination } = observation;
  const protocol = destination.protocol === 'TCP' || destination.protocol === 'UDP' ? undefined : destination.protocol;
  if (!kafka && !http && !cloud && !source.workload && !destination.workload && !protocol) return undefined;
  return JSON.stringify({ kafka, http, cloud, sourceWorkload: source.workload, destinationWorkload: destination.workload, protocol });
}
