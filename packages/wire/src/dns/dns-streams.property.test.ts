import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readUint16 } from '../bytes.ts';
import { TCP_ACK, TCP_RST, TCP_SYN } from '../frame/packet-view.ts';
import { bytesOf, framed, segment } from '../testing/index.ts';
import { createDnsStreams } from './dns-streams.ts';

const [ONE, TWO, THREE] = [framed(1), framed(2), framed(3)];

test('cut anywhere, shuffled a little and repeated: the same messages, each once', () => {
  const stream = bytesOf(...Array.from({ length: 12 }, (_, index) => framed(index, 1 + index * 5)));
  const cuts = fc.array(fc.integer({ min: 1, max: stream.length - 1 }), { maxLength: 30 });
  fc.assert(
    fc.property(cuts, fc.array(fc.nat(3), { minLength: 70, maxLength: 70 }), fc.boolean(), (places, shuffle, hasCopies) => {
      const edges = [0, ...new Set(places.toSorted((a, b) => a - b)), stream.length];
      const pieces = edges
        .slice(1)
        .map((end, index) => ({ sequence: 100 + (edges[index] ?? 0), payload: stream.subarray(edges[index], end) }));
      const all = hasCopies ? pieces.flatMap((piece) => [piece, piece]) : pieces;
      const order = all.map((piece, index) => ({ piece, rank: index + (shuffle[index] ?? 0) })).toSorted((a, b) => a.rank - b.rank);
      const streams = createDnsStreams();
      const ids: number[] = [];
      for (const spec of [{ sequence: 99, flags: TCP_SYN }, ...order.map(({ piece }) => piece)]) {
        streams.push(segment(spec), (view) => ids.push(readUint16(view.bytes, view.payloadOffset)));
      }
      expect(ids).toEqual(Array.from({ length: 12 }, (_, index) => index));
      expect(streams.bytes).toBe(0);
    }),
    { numRuns: 400 },
  );
});

test('whatever the segments, bounds hold and nothing throws', () => {
  const spec = fc.record({
    sequence: fc.oneof(fc.nat(4000), fc.integer()),
    payload: fc.oneof(fc.constantFrom(ONE, TWO, THREE.subarray(0, 20), ONE.subarray(7)), fc.uint8Array({ maxLength: 90 })),
    flags: fc.constantFrom(TCP_ACK, TCP_ACK, TCP_ACK, TCP_SYN, TCP_RST),
    at: fc.nat(20_000),
    port: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(spec, { maxLength: 60 }), (specs) => {
      const limits = { maxStreams: 3, maxBytes: 3000, maxBytesPerStream: 2500, maxHeldSegments: 4 };
      const streams = createDnsStreams(limits);
      for (const item of specs) {
        streams.push(segment(item), (view) => expect(view.payloadOffset + view.payloadLength).toBeLessThanOrEqual(view.bytes.length));
        expect(streams.size).toBeLessThanOrEqual(3);
        expect(streams.bytes).toBeLessThanOrEqual(3000);
        expect(streams.bytes).toBeGreaterThanOrEqual(0);
      }
      streams.flush(() => undefined);
      expect([streams.size, streams.bytes]).toEqual([0, 0]);
    }),
    { numRuns: 1000 },
  );
});
