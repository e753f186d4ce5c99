import { decodeReport, REPORT_LIMITS } from '@nm/api';
import type { Reporter } from '@nm/api';
import type { Observation } from '@nm/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { PackedReport } from './packed-report.ts';
import { ReportRows } from './report-rows.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const REPORTER: Reporter = { kind: 'sniffer', node: 'node-ü', instance: 'i-1', version: '1.0.0', losses: { spool_full: 3 } };
const UID = '00000000-0000-4000-8000-000000000001';

describe('ByteWriter', () => {
  const written = (write: (out: ByteWriter) => void): string => {
    const out = new ByteWriter();
    out.reserve(64);
    write(out);
    return out.toText();
  };

  test('integers are written as JavaScript writes them', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(written((out) => out.integer(value))).toBe(String(value));
      }),
    );
  });

  test.each([0, 1, -1, 9, 10, -10, 999, 12_345, -2_592_000_000_0, 0x3fffffff, 0x40000000, 99_999_999_995])('%d tenths', (value) => {
    expect(Number(written((out) => out.tenths(value)))).toBe(value / 10);
  });

  test('grows, and starts again after clear', () => {
    const out = new ByteWriter();
    out.text('ä'.repeat(100_000));
    expect(out.toText()).toBe('ä'.repeat(100_000));
    out.clear();
    out.text('b');
    expect(out.toText()).toBe('b');
  });
});

describe('ReportRows', () => {
  const rows: readonly [name: string, observation: Observation][] = [
    [
      'a lookup',
      {
        kind: 'dns',
        vantage: 'client',
        source: { address: '10.0.0.1', podUid: UID },
        destination: {
          name: 'api.example.com',
          canonicalName: 'edge.example.net',
          protocol: 'UDP',
          addresses: ['192.0.2.7', '2001:db8::7'],
        },
        count: 1_000_000,
        firstSeenAt: NOW - 3_600_000.5,
        lastSeenAt: NOW - 0.1,
      },
    ],
    [
      'an attempt through a Service',
      {
        kind: 'tcp',
        vantage: 'server',
        source: { address: 'fd00::1' },
        destination: { address: '10.0.0.2', port: 8080, podUid: UID, protocol: 'TCP', asked: { address: '10.96.0.1', port: 80 } },
        count: 1,
        firstSeenAt: NOW - 12,
        lastSeenAt: NOW - 12,
      },
    ],
    [
      'an open connection whose direction was guessed',
      {
        kind: 'socket',
        vantage: 'client',
        source: { address: '10.0.0.1', port: 40_000 },
        destination: { address: '10.0.0.2', port: 5432, protocol: 'TCP' },
        directionGuessed: true,
        count: 0,
        firstSeenAt: NOW,
        lastSeenAt: NOW,
      },
    ],
    [
      'a connected UDP socket',
      {
        kind: 'udp',
        vantage: 'client',
        source: { address: '10.0.0.1' },
        destination: { address: '10.0.0.2', port: 514, protocol: 'UDP' },
        count: 2,
        firstSeenAt: NOW - 5,
        lastSeenAt: NOW,
      },
    ],
  ];

  const decoded = (value: unknown): readonly Observation[] => {
    const report = decodeReport(value, REPORT_LIMITS);
    if (!report.ok) throw new Error(report.message);
    expect(report.rejected).toEqual([]);
    return report.observations;
  };

  test.each(rows)('%s arrives as it was', (_name, observation) => {
    const writer = new ReportRows();
    for (const one of [observation, observation]) writer.add(one);
    const report = writer.finish(REPORTER, 7);
    const out = new ByteWriter();
    report.writeJson(out, NOW);
    const expected = { ...observation, node: REPORTER.node };
    expect(decoded(JSON.parse(out.toText()))).toEqual([expected, expected]);
    const kept = PackedReport.fromBytes(Buffer.from(report.toBytes()));
    expect(kept).toEqual(report);
    expect(PackedReport.fromBytes(Buffer.from(JSON.stringify({ observations: [] })))).toBeUndefined();
  });

  test('one list of addresses for two names, and one address of two pods', () => {
    const addresses = ['192.0.2.7'];
    const of = (name: string, podUid: string): Observation => ({
      kind: 'dns',
      vantage: 'client',
      source: { address: '10.0.0.1', podUid },
      destination: { name, protocol: 'UDP', addresses },
      count: 1,
      firstSeenAt: NOW,
      lastSeenAt: NOW,
    });
    const other = UID.replace('1', '2');
    const observations = [of('a.example', UID), of('b.example', UID), of('a.example', other), of('a.example', UID)];
    const writer = new ReportRows();
    for (const observation of observations) writer.add(observation);
    const out = new ByteWriter();
    writer.finish(REPORTER, 7).writeJson(out, NOW);
    expect(decoded(JSON.parse(out.toText()))).toEqual(observations.map((observation) => ({ ...observation, node: REPORTER.node })));
  });

  test('a report without rows is one', () => {
    const out = new ByteWriter();
    new ReportRows().finish(REPORTER, 8).writeJson(out, NOW);
    expect(JSON.parse(out.toText())).toMatchObject({ reporter: REPORTER, sequence: 8, strings: [], observations: [] });
  });

  test('a full report takes no more, and the next starts empty', () => {
    const writer = new ReportRows(300);
    const [, observation] = rows[0] ?? [];
    if (observation === undefined) throw new Error('no row');
    expect(Array.from({ length: 301 }, () => writer.add(observation)).filter(Boolean)).toHaveLength(300);
    expect(writer.finish(REPORTER, 1).rows).toBe(300);
    expect([writer.size, writer.add(observation), writer.finish(REPORTER, 2).rows]).toEqual([0, true, 1]);
  });

  test('a report of the longest answers fits into a request', () => {
    const writer = new ReportRows();
    const answer = (index: number): Observation => ({
      kind: 'dns',
      vantage: 'client',
      source: { address: '10.0.0.1', podUid: UID },
      destination: {
        name: `${index}.${'\\001'.repeat(200)}.example`,
        protocol: 'UDP',
        addresses: Array.from(
          { length: 64 },
          (_, host) => `2001:db8:1111:2222:3333:4444:${index.toString(16)}:${(4096 + host).toString(16)}`,
        ),
      },
      count: 1,
      firstSeenAt: NOW,
      lastSeenAt: NOW,
    });
    let added = 0;
    while (writer.add(answer(added))) added += 1;
    expect(added).toBeGreaterThan(1_000);
    const out = new ByteWriter();
    writer.finish(REPORTER, 1).writeJson(out, NOW);
    expect(out.toBytes().length).toBeLessThan(16 * 1024 * 1024);
    expect(writer.add(answer(added))).toBe(true);
  });
});
