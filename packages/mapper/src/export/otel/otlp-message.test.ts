import { describe, expect, test } from 'vitest';
import type { Series } from '../series-book.ts';
import { decodeExport } from '../testing/decode-otlp.ts';
import { decodePartialSuccess, encodeMetrics } from './otlp-message.ts';
import { ProtoWriter } from './proto-writer.ts';
import type { Attributes } from './service-graph.ts';

const NOW = Date.parse('2026-03-01T00:00:00.123Z');
const head = {
  resource: { 'service.name': 'map' },
  scope: { name: 'scope', version: '1' },
  metric: { name: 'edges_total', description: 'Edges.' },
};

function series(labels: Attributes, value: number): Series<Attributes> {
  return { labels, value, startAt: NOW - 60_000, lastSeenAt: NOW, changedAt: NOW };
}

describe('a request', () => {
  test('has the bytes of the protocol', () => {
    const hex = (text: string): string => Buffer.from(text).toString('hex');
    const point = { ...series({ a: 'b', t: true }, 3), startAt: 1_000 };
    const bytes = encodeMetrics(new ProtoWriter(), head, [point], 2_000);
    expect(bytes.toString('hex')).toBe(
      [
        '0a74', // ResourceMetrics
        '0a17' + '0a15' + '0a0c' + hex('service.name') + '1205' + '0a03' + hex('map'),
        '1259', // ScopeMetrics
        '0a0a' + '0a05' + hex('scope') + '1201' + hex('1'),
        '124b', // Metric
        '0a0b' + hex('edges_total') + '1206' + hex('Edges.'),
        '3a34', // Sum
        '0a2e', // NumberDataPoint: start, time, value, attributes
        '1100ca9a3b00000000' + '190094357700000000' + '310300000000000000',
        '3a08' + '0a01' + hex('a') + '1203' + '0a01' + hex('b'),
        '3a07' + '0a01' + hex('t') + '1202' + '1001',
        '1002' + '1801', // cumulative, monotonic
      ].join(''),
    );
  });

  test.each([
    ['short values', 'cart'],
    ['a length of two bytes', 'x'.repeat(200)],
    ['a length of three bytes', 'x'.repeat(20_000)],
    ['letters of several bytes', 'é😀'.repeat(50)],
    ['so many of them that the memory grows', 'é😀'.repeat(10_000)],
    ['nothing', ''],
  ])('carries %s', (_, server) => {
    const points = Array.from({ length: 50 }, (__, index) => series({ client: `c${index}`, server }, index * 1e12));
    const { resource, metrics } = decodeExport(encodeMetrics(new ProtoWriter(), head, points, NOW));
    expect(resource).toEqual({ 'service.name': 'map' });
    expect(metrics).toEqual([
      {
        name: 'edges_total',
        temporality: 2,
        isMonotonic: true,
        points: points.map(({ labels, value, startAt }) => ({ attributes: labels, value, startAt, at: NOW })),
      },
    ]);
  });

  test('leaves nothing of the one before, though it takes the same memory', () => {
    const writer = new ProtoWriter();
    const first = encodeMetrics(writer, head, [series({ client: 'x'.repeat(5_000) }, 1)], NOW);
    const { buffer } = first;
    const second = encodeMetrics(writer, head, [series({ client: 'y' }, 2)], NOW);
    expect(second.buffer).toBe(buffer);
    expect(second).toEqual(encodeMetrics(new ProtoWriter(), head, [series({ client: 'y' }, 2)], NOW));
  });

  test('writes half a surrogate pair as a replacement, as UTF-8 must be valid', () => {
    const { metrics } = decodeExport(encodeMetrics(new ProtoWriter(), head, [series({ client: 'a\uD800b' }, 1)], NOW));
    expect(metrics[0]?.points[0]?.attributes).toEqual({ client: 'a\uFFFDb' });
  });
});

describe('an answer', () => {
  test.each([
    ['empty: all was taken', '', undefined],
    ['an empty partial success', '0a00', undefined],
    ['points that were not taken', '0a02' + '0805', { rejectedPoints: 5, message: '' }],
    ['many of them', '0a03' + '08ac02', { rejectedPoints: 300, message: '' }],
    ['and why', '0a06' + '0805' + '12026e6f', { rejectedPoints: 5, message: 'no' }],
    ['a warning alone', '0a04' + '12026e6f', { rejectedPoints: 0, message: 'no' }],
    ['fields of later versions', '1a0161' + '0a02' + '0805', { rejectedPoints: 5, message: '' }],
    ['one that ends too early', '0a05' + '0805', undefined],
    ['a varint without end', '0a' + 'ff'.repeat(200), undefined],
    ['a group', '0b0c', undefined],
  ])('%s', (_, hex, expected) => {
    expect(decodePartialSuccess(Buffer.from(hex, 'hex'))).toEqual(expected);
  });

  test('of any bytes is read or left', () => {
    for (let seed = 1; seed < 3_000; seed++) {
      const bytes = Buffer.from(Array.from({ length: seed % 40 }, (_, index) => (seed * (index + 7) * 2_654_435_761) >>> 13));
      expect(() => decodePartialSuccess(bytes)).not.toThrow();
    }
  });
});
