import { describe, expect, test } from 'vitest';
import { formatAddress } from '../address.ts';
import { TCP_RST, TCP_SYN } from '../frame/packet-view.ts';
import type { PacketView } from '../frame/packet-view.ts';
import { bytesOf, framed, segment } from '../testing/index.ts';
import type { SegmentSpec } from '../testing/index.ts';
import { createDnsStreams } from './dns-streams.ts';
import type { DnsStreams, DnsStreamsOptions } from './dns-streams.ts';

/** Feeds segments; the messages that come out, as the numbers of their ids. */
function run(
  specs: readonly SegmentSpec[],
  options: DnsStreamsOptions = {},
): { readonly ids: readonly number[]; readonly streams: DnsStreams } {
  const streams = createDnsStreams(options);
  const ids: number[] = [];
  for (const spec of specs) streams.push(segment(spec), (view) => ids.push(idOf(view)));
  return { ids, streams };
}

function idOf(view: PacketView): number {
  return ((view.bytes[view.payloadOffset] ?? 0) << 8) | (view.bytes[view.payloadOffset + 1] ?? 0);
}

const SYN: SegmentSpec = { sequence: 99, flags: TCP_SYN };
const ONE = framed(1);
const TWO = framed(2);
const THREE = framed(3);

describe('messages', () => {
  const half = ONE.length >> 1;
  test.each<[name: string, specs: readonly SegmentSpec[], ids: readonly number[]]>([
    ['one in one segment', [SYN, { sequence: 100, payload: ONE }], [1]],
    ['three in one segment', [SYN, { sequence: 100, payload: bytesOf(ONE, TWO, THREE) }], [1, 2, 3]],
    ['split in two', [SYN, { sequence: 100, payload: ONE.subarray(0, half) }, { sequence: 100 + half, payload: ONE.subarray(half) }], [1]],
    ['the length by itself', [SYN, { sequence: 100, payload: ONE.subarray(0, 2) }, { sequence: 102, payload: ONE.subarray(2) }], [1]],
    ['half a length', [SYN, { sequence: 100, payload: ONE.subarray(0, 1) }, { sequence: 101, payload: ONE.subarray(1) }], [1]],
    [
      'the end of one with the next',
      [SYN, { sequence: 100, payload: ONE.subarray(0, half) }, { sequence: 100 + half, payload: bytesOf(ONE.subarray(half), TWO) }],
      [1, 2],
    ],
    [
      'data with the SYN',
      [
        { sequence: 99, flags: TCP_SYN, payload: ONE },
        { sequence: 100 + ONE.length, payload: TWO },
      ],
      [1, 2],
    ],
    ['a repeated SYN', [SYN, SYN, { sequence: 100, payload: ONE }, SYN, { sequence: 100 + ONE.length, payload: TWO }], [1, 2]],
    [
      'copies of each segment',
      [
        SYN,
        SYN,
        { sequence: 100, payload: ONE },
        { sequence: 100, payload: ONE },
        { sequence: 100 + ONE.length, payload: TWO },
        { sequence: 100, payload: ONE },
      ],
      [1, 2],
    ],
    [
      'a retransmission with more',
      [SYN, { sequence: 100, payload: ONE.subarray(0, half) }, { sequence: 100, payload: bytesOf(ONE, TWO) }],
      [1, 2],
    ],
    ['out of order', [SYN, { sequence: 100 + ONE.length, payload: TWO }, { sequence: 100, payload: ONE }], [1, 2]],
    [
      'out of order, copies too',
      [
        SYN,
        { sequence: 100 + half, payload: ONE.subarray(half) },
        { sequence: 100 + half, payload: ONE.subarray(half) },
        { sequence: 100, payload: ONE.subarray(0, half) },
      ],
      [1],
    ],
    [
      'the sequence number wraps',
      [
        { sequence: 0xffff_fff0, flags: TCP_SYN },
        { sequence: 0xffff_fff1, payload: ONE },
        { sequence: 0xffff_fff1 + ONE.length, payload: TWO },
      ],
      [1, 2],
    ],
    [
      'the same ports again',
      [SYN, { sequence: 100, payload: ONE }, { sequence: 5_000_000, flags: TCP_SYN }, { sequence: 5_000_001, payload: TWO }],
      [1, 2],
    ],
    [
      'two connections at once',
      [
        SYN,
        { ...SYN, port: 40_001 },
        { sequence: 100, payload: ONE.subarray(0, half) },
        { sequence: 100, payload: TWO, port: 40_001 },
        { sequence: 100 + half, payload: ONE.subarray(half) },
      ],
      [2, 1],
    ],
    [
      'IPv6 and IPv4 are different connections',
      [SYN, { ...SYN, family: 6 }, { sequence: 100, payload: ONE }, { sequence: 100, payload: TWO, family: 6 }],
      [1, 2],
    ],
  ])('%s', (_name, specs, ids) => {
    const result = run(specs);
    expect(result.ids).toEqual(ids);
    expect(result.streams.bytes).toBe(0);
  });

  test('a split message keeps its addresses, ports and time', () => {
    for (const family of [4, 6] as const) {
      const streams = createDnsStreams();
      const seen: unknown[] = [];
      const take = (view: PacketView): void => {
        const size = view.family === 4 ? 4 : 16;
        const ends = [view.sourceOffset, view.destinationOffset].map((offset) => formatAddress(view.bytes, offset, size));
        seen.push([
          ...ends,
          view.sourcePort,
          view.destinationPort,
          view.at,
          [...view.bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength)],
        ]);
      };
      for (const spec of [
        { ...SYN, family },
        { sequence: 100, payload: ONE.subarray(0, 9), family },
        { sequence: 109, payload: ONE.subarray(9), family, at: 1234.5 },
      ]) {
        streams.push(segment(spec), take);
      }
      const ends = family === 4 ? ['10.0.0.1', '10.96.0.10'] : ['fd00::7', 'fd00::9'];
      expect(seen).toEqual([[...ends, 40_000, 53, 1234.5, [...ONE.subarray(2)]]]);
    }
  });
});

describe('a beginning that was not seen', () => {
  test.each<[name: string, specs: readonly SegmentSpec[], ids: readonly number[], unsynchronised: number]>([
    ['a segment that begins with a message', [{ sequence: 700, payload: ONE }], [1], 0],
    [
      'a message that goes on in the next segment',
      [
        { sequence: 700, payload: ONE.subarray(0, 50) },
        { sequence: 750, payload: ONE.subarray(50) },
      ],
      [1],
      0,
    ],
    [
      'the length by itself',
      [
        { sequence: 700, payload: ONE.subarray(0, 2) },
        { sequence: 702, payload: ONE.subarray(2) },
      ],
      [1],
      0,
    ],
    [
      'the middle of a message, then a whole one',
      [
        { sequence: 700, payload: ONE.subarray(20) },
        { sequence: 800, payload: TWO },
      ],
      [2],
      1,
    ],
    ['something else on port 53', [{ sequence: 700, payload: bytesOf('16 03 01 02 00 01 00 01 fc 03 03', new Uint8Array(40)) }], [], 1],
    [
      'a length and then something else',
      [
        { sequence: 700, payload: bytesOf('00 20') },
        { sequence: 702, payload: new Uint8Array(32).fill(0xee) },
      ],
      [],
      0,
    ],
  ])('%s', (_name, specs, ids, unsynchronised) => {
    const result = run(specs);
    expect(result.ids).toEqual(ids);
    expect(result.streams.counts.unsynchronised).toBe(unsynchronised);
    expect(result.streams.bytes).toBe(0);
  });

  test('nothing is remembered of streams that are not DNS', () => {
    const specs = Array.from({ length: 50 }, (_, index) => ({ sequence: 1, port: 1000 + index, payload: new Uint8Array(60).fill(0xee) }));
    expect(run(specs).streams.size).toBe(0);
  });
});

describe('a missing segment', () => {
  const later = [
    { sequence: 500, payload: TWO },
    { sequence: 500 + TWO.length, payload: THREE },
  ];
  test('is waited for, then given up', () => {
    const result = run([SYN, ...later, { sequence: 500 + TWO.length + THREE.length, payload: ONE, at: 4001 }]);
    expect(result.ids).toEqual([2, 3, 1]);
    expect(result.streams.counts.gaps).toBe(1);
  });
  test('is given up when too many wait', () => {
    const result = run([SYN, ...later], { maxHeldSegments: 1 });
    expect(result.ids).toEqual([2, 3]);
  });
  test('is given up at the end of the input', () => {
    const { streams } = run([SYN, ...later]);
    const ids: number[] = [];
    streams.flush((view) => ids.push(idOf(view)));
    expect(ids).toEqual([2, 3]);
    expect([streams.size, streams.bytes]).toEqual([0, 0]);
  });
  test('a message that began before it is lost, not mixed with what follows', () => {
    const result = run([
      SYN,
      { sequence: 100, payload: ONE.subarray(0, 30) },
      ...later,
      { sequence: 500 + TWO.length + THREE.length, payload: ONE, at: 9000 },
    ]);
    expect(result.ids).toEqual([2, 3, 1]);
  });
});

describe('bounds', () => {
  const open = (port: number): readonly SegmentSpec[] => [
    { ...SYN, port },
    { sequence: 100, port, payload: framed(1, 900).subarray(0, 4000) },
  ];
  test('streams', () => {
    const { streams } = run(Array.from({ length: 40 }, (_, index) => open(index)).flat(), { maxStreams: 8 });
    expect(streams.size).toBe(8);
    expect(streams.counts.abandoned).toBe(32);
  });
  test('bytes of all streams', () => {
    const { streams } = run(Array.from({ length: 40 }, (_, index) => open(index)).flat(), { maxBytes: 20_000 });
    expect(streams.bytes).toBeLessThanOrEqual(20_000);
    expect(streams.bytes).toBeGreaterThan(10_000);
  });
  test('bytes of one stream', () => {
    const specs = Array.from({ length: 60 }, (_, index) => ({ sequence: 200 + index * 1000, payload: new Uint8Array(1000) }));
    const { streams } = run([SYN, ...specs], { maxBytesPerStream: 10_000 });
    expect(streams.bytes).toBeLessThanOrEqual(10_000);
  });
  test('a promised length takes no memory', () => {
    const { streams } = run([SYN, { sequence: 100, payload: bytesOf('ff ff 12 34') }]);
    expect(streams.bytes).toBeLessThan(3000);
  });
  test('idle streams are forgotten', () => {
    const { streams } = run([SYN, { sequence: 100, payload: ONE, port: 7, at: 200_000 }]);
    expect(streams.size).toBe(1);
  });
  test('a reset ends a stream', () => {
    const { streams } = run([SYN, { sequence: 100, payload: ONE.subarray(0, 20) }, { sequence: 120, flags: TCP_RST }]);
    expect([streams.size, streams.bytes, streams.counts.abandoned]).toEqual([0, 0, 1]);
  });
});
