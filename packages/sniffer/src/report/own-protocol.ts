import { rebaseReport, REPORT } from '@nm/api';
import type { ReportBatch, ReportSettings } from '@nm/api';
import { ByteWriter } from './byte-writer.ts';
import { boundedWaitMs, isFields, parseGraphqlAnswer, retryAfterMs } from './report-protocol.ts';
import type { HttpAnswer, ReportOutcome, ReportProtocol } from './report-protocol.ts';
import { PackedReport } from './packed-report.ts';
import { ReportRows } from './report-rows.ts';

/** Our own `report` mutation (packages/api/src/report/format.ts). */
export function createOwnProtocol(options: { readonly maxRows?: number } = {}): ReportProtocol {
  const rows = new ReportRows(options.maxRows);
  const out = new ByteWriter();
  const head = JSON.stringify({ query: REPORT.text, operationName: REPORT.name, variables: { batch: null } });
  const batchAt = head.lastIndexOf('null');
  return {
    sendsEmpty: true,
    get size() {
      return rows.size;
    },
    add: (observation) => rows.add(observation),
    finish(reporter, nextSequence) {
      const report = rows.finish(reporter, nextSequence());
      return [{ sequence: report.sequence, rows: report.rows, payload: report }];
    },
    toBody(payload, now) {
      out.clear();
      out.text(head.slice(0, batchAt));
      if (payload instanceof PackedReport) payload.writeJson(out, now);
      else out.text(JSON.stringify(rebaseReport(payload as ReportBatch, now)));
      out.text(head.slice(batchAt + 'null'.length));
      return out.toBytes();
    },
    readAnswer,
  };
}

function readAnswer(answer: HttpAnswer, now: number): ReportOutcome {
  const { status } = answer;
  const later = (reason: string): ReportOutcome => ({ kind: 'later', afterMs: retryAfterMs(answer.retryAfter, now), reason });
  if (status === 413) return { kind: 'refused', reason: 'too-large' };
  const parsed = parseGraphqlAnswer(answer.body);
  if (parsed?.error?.code === 'REPORT_INVALID') return { kind: 'refused', reason: 'invalid' };
  if (status === 422) return later('the mapper does not know our reports; is it an older one? --protocol compatible reports to it');
  if (parsed?.error !== undefined) return later(`${parsed.error.code} ${parsed.error.message}`.trim().slice(0, 200));
  if (status !== 200) return later(`HTTP ${status}`);
  const report = parsed?.data?.['report'];
  if (!isFields(report)) return later('the answer is not one of a mapper');
  const wait = report['retryAfterMs'];
  return {
    kind: 'stored',
    rejected: countByCode(report['rejected']),
    retryAfterMs: typeof wait === 'number' ? boundedWaitMs(wait) : 0,
    settings: toSettings(report['settings']),
  };
}

function countByCode(rejected: unknown): Record<string, number> {
  const counts: Record<string, number> = {};
  if (!Array.isArray(rejected)) return counts;
  for (const entry of rejected) {
    const code = isFields(entry) ? String(entry['code']) : 'unknown';
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

const MIN_INTERVAL_MS = 250;
const MAX_INTERVAL_MS = 60_000;

/** Settings of the mapper, as far as they make sense: a wrong value is left out, it must not stop a sniffer. */
function toSettings(value: unknown): ReportSettings | undefined {
  if (!isFields(value)) return undefined;
  const { dnsPorts, reportIntervalMs } = value;
  if (!Array.isArray(dnsPorts) || typeof reportIntervalMs !== 'number') return undefined;
  return {
    dnsPorts: dnsPorts.filter((port): port is number => Number.isInteger(port) && port > 0 && port <= 65_535),
    reportIntervalMs: Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, reportIntervalMs)),
  };
}
