import type { ReportBatch } from '@nm/api';
import { decodeReport, REPORT_LIMITS } from '@nm/api';
import { silentLogger } from '@nm/core';
import type { Observation } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { createObservationOutbox } from './observation-outbox.ts';
import { createReportSink } from './report-sink.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const seen = (topic: string): Observation => ({
  kind: 'kafka',
  vantage: 'server',
  source: { address: '10.0.0.1' },
  destination: { protocol: 'TCP', workload: { namespace: 'kafka', name: 'kafka-0', pod: true } },
  count: 1,
  firstSeenAt: NOW,
  lastSeenAt: NOW,
  kafka: { topic, operation: 'consume', allowed: true },
});
const topicsOf = (batch: ReportBatch): unknown[] => {
  const decoded = decodeReport(batch, REPORT_LIMITS);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.observations.map(({ kafka }) => kafka?.topic);
};

describe('reports in order', () => {
  test('a batch that was not answered is sent again unchanged, then the next', async () => {
    const sent: ReportBatch[] = [];
    let failures = 1;
    const sink = createReportSink(
      {
        clock: { now: () => NOW },
        log: silentLogger,
        report: (batch) => {
          sent.push(batch);
          if (sent.length === 2 && failures > 0) {
            failures -= 1;
            return Promise.reject(new Error('no answer'));
          }
          return Promise.resolve({ stored: 1, rejected: [], retryAfterMs: 0, settings: { dnsPorts: [], reportIntervalMs: 1_000 } });
        },
      },
      { kind: 'kafka-watcher', version: '1', maxRows: 2 },
    );
    const outbox = createObservationOutbox(sink, { maxObservations: 100 });
    outbox.add(['a', 'b', 'c', 'd', 'e'].map(seen));
    await expect(outbox.flush()).rejects.toThrow('no answer');
    outbox.add([seen('f')]);
    await outbox.flush();
    expect(sent.map((batch) => [batch.sequence, topicsOf(batch)])).toEqual([
      [1, ['a', 'b']],
      [2, ['c', 'd']],
      [2, ['c', 'd']],
      [3, ['e']],
      [4, ['f']],
    ]);
    expect(sent[2]).toBe(sent[1]);
    expect(outbox.size).toBe(0);
  });
});

describe('the outbox', () => {
  test('keeps what the sink does not take, up to its bound, and counts the rest', async () => {
    const taken: Observation[] = [];
    let isAway = true;
    const outbox = createObservationOutbox(
      { take: (observations) => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(void taken.push(...observations))) },
      { maxObservations: 3 },
    );
    outbox.add(['a', 'b'].map(seen));
    await expect(outbox.flush()).rejects.toThrow('away');
    outbox.add(['c', 'd', 'e'].map(seen));
    expect([outbox.size, outbox.dropped]).toEqual([3, 2]);
    isAway = false;
    await outbox.flush();
    expect(taken.map(({ kafka }) => kafka?.topic)).toEqual(['a', 'b', 'c']);
  });
});
