import { createReportWriter, rebaseReport, REPORT } from '@nm/api';
import type { ReportBatch, ReportSettings } from '@nm/api';
import { isFields, parseGraphqlAnswer, retryAfterMs } from './report-protocol.ts';
import type { HttpAnswer, ReportOutcome, ReportProtocol } from './report-protocol.ts';

/** The mapper measures our clock by the time of sending; this is within what the network adds. */
const FRESH_MS = 50;

/** Our own `report` mutation (packages/api, docs/wire-protocol.md). */
export function createOwnProtocol(options: { readonly maxRows?: number } = {}): ReportProtocol {
  const writer = createReportWriter(options);
  return {
    sendsEmpty: true,
    get size() {
      return writer.size;
    },
    add: (observation) => writer.add(observation),
    finish(reporter, nextSequence, now) {
      const rows = writer.size;
      const sequence = nextSequence();
      return [{ sequence, rows, payload: writer.finish(reporter, sequence, now) }];
    },
    toBody(payload, now) {
      const sealed = payload as ReportBatch;
      // Sent at once, as nearly all are: its rows need no copy.
      const batch = now - Date.parse(sealed.sentAt) <= FRESH_MS ? sealed : rebaseReport(sealed, now);
      return JSON.stringify({ query: REPORT.text, operationName: REPORT.name, variables: { batch } });
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
    retryAfterMs: typeof wait === 'number' && wait > 0 ? wait : 0,
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
