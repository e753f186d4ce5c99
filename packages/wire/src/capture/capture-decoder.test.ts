import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, pcap, pcapng } from '../testing/index.ts';
import { createCaptureDecoder } from './capture-decoder.ts';

const SECONDS = 1_700_000_000;
const FIRST = bytesOf('01 02 03 04 05');
const SECOND = bytesOf('06 07');
const PACKETS = [
  { seconds: SECONDS, fraction: 123_456, bytes: FIRST, originalLength: 60 },
  { seconds: SECONDS + 1, fraction: 999_999, bytes: SECOND },
];

interface Row {
  readonly at: number;
  readonly bytes: string;
  readonly original: number;
  readonly linkType: number;
}

function readAll(
  file: Uint8Array,
  chunkLength = file.length,
): { readonly rows: readonly Row[]; readonly problem: string; readonly skipped: number } {
  const decoder = createCaptureDecoder();
  const rows: Row[] = [];
  for (let from = 0; from < file.length; from += chunkLength) {
    decoder.push(file.slice(from, from + chunkLength));
    while (decoder.next()) {
      const { at, bytes, offset, capturedLength, originalLength, linkType } = decoder.record;
      rows.push({ at, bytes: [...bytes.subarray(offset, offset + capturedLength)].join(' '), original: originalLength, linkType });
    }
  }
  decoder.end();
  const { problem } = decoder;
  return { rows, problem: problem === undefined ? '' : `${problem.reason} at ${problem.byteOffset}`, skipped: decoder.skippedBlocks };
}

const EXPECTED: readonly Row[] = [
  { at: 1_700_000_000_123.456, bytes: '1 2 3 4 5', original: 60, linkType: 1 },
  { at: 1_700_000_001_999.999, bytes: '6 7', original: 2, linkType: 1 },
];

describe('pcap', () => {
  const nanoseconds = PACKETS.map((packet) => ({ ...packet, fraction: packet.fraction * 1000 }));
  test.each<[name: string, file: Uint8Array]>([
    ['little-endian, microseconds', pcap({ packets: PACKETS })],
    ['big-endian, microseconds', pcap({ packets: PACKETS, isLittleEndian: false })],
    ['little-endian, nanoseconds', pcap({ packets: nanoseconds, magic: 0xa1b23c4d })],
    ['big-endian, nanoseconds', pcap({ packets: nanoseconds, magic: 0xa1b23c4d, isLittleEndian: false })],
    ['patched libpcap', pcap({ packets: PACKETS, magic: 0xa1b2cd34 })],
    ['upper half of the link type in use', pcap({ packets: PACKETS, linkType: 0x44000001 })],
  ])('%s', (_name, file) => {
    expect(readAll(file)).toEqual({ rows: EXPECTED, problem: '', skipped: 0 });
  });

  test('a captured length over the bound ends reading; what came before is kept', () => {
    const file = pcap({ packets: PACKETS });
    file[24 + 16 + 5 + 10] = 0x05;
    expect(readAll(file)).toEqual({ rows: EXPECTED.slice(0, 1), problem: 'record-too-long at 45', skipped: 0 });
  });
});

describe('pcapng', () => {
  const microseconds = BigInt(SECONDS) * 1_000_000n + 123_456n;
  const row: Row = { at: 1_700_000_000_123.456, bytes: '1 2 3 4 5', original: 5, linkType: 1 };

  describe.each([
    ['little-endian', true],
    ['big-endian', false],
  ] as const)('%s', (_name, isLittleEndian) => {
    const { section, interfaceBlock, enhanced, obsolete, simple, block, option, w16, w32 } = pcapng(isLittleEndian);
    const resolution = (value: number): Uint8Array => option(9, bytesOf([value]));
    const head = bytesOf(section(), interfaceBlock(1));

    test.each<[name: string, file: Uint8Array, rows: readonly Row[]]>([
      ['enhanced packet', bytesOf(head, enhanced(0, microseconds, FIRST)), [row]],
      ['obsolete packet', bytesOf(head, obsolete(0, microseconds, FIRST)), [row]],
      [
        'a simple packet takes the time before it',
        bytesOf(head, enhanced(0, microseconds, FIRST), simple(SECOND)),
        [row, { ...row, bytes: '6 7', original: 2 }],
      ],
      [
        'a simple packet cut to the snap length',
        bytesOf(section(), interfaceBlock(1, new Uint8Array(0), 1), simple(bytesOf('09'), 44)),
        [{ ...row, at: 0, bytes: '9', original: 44 }],
      ],
      ['nanoseconds', bytesOf(section(), interfaceBlock(1, resolution(9)), enhanced(0, microseconds * 1000n, FIRST)), [row]],
      [
        'milliseconds',
        bytesOf(section(), interfaceBlock(1, resolution(3)), enhanced(0, microseconds / 1000n, FIRST)),
        [{ ...row, at: 1_700_000_000_123 }],
      ],
      [
        'seconds',
        bytesOf(section(), interfaceBlock(1, resolution(0)), enhanced(0, BigInt(SECONDS), FIRST)),
        [{ ...row, at: 1_700_000_000_000 }],
      ],
      [
        '2^-20 seconds',
        bytesOf(section(), interfaceBlock(1, resolution(0x94)), enhanced(0, (BigInt(SECONDS) << 20n) + (1n << 19n), FIRST)),
        [{ ...row, at: 1_700_000_000_500 }],
      ],
      ['time offset', bytesOf(section(), interfaceBlock(1, option(14, offsetBytes(SECONDS))), enhanced(0, 123_456n, FIRST)), [row]],
      [
        'negative time offset',
        bytesOf(section(), interfaceBlock(1, option(14, offsetBytes(-10))), enhanced(0, microseconds + 10_000_000n, FIRST)),
        [row],
      ],
      [
        'interfaces with their own link type and resolution',
        bytesOf(head, interfaceBlock(276, resolution(9)), enhanced(1, microseconds * 1000n, SECOND), enhanced(0, microseconds, FIRST)),
        [{ ...row, bytes: '6 7', original: 2, linkType: 276 }, row],
      ],
      [
        'unknown blocks between',
        bytesOf(head, block(5, new Uint8Array(400)), block(0x0bad, w32(7)), enhanced(0, microseconds, FIRST), block(4, w16(0), w16(0))),
        [row],
      ],
      ['a second section in the other byte order', otherOrder(), [row, { ...row, linkType: 101 }]],
    ])('%s', (_row, file, rows) => {
      for (const chunkLength of [file.length, 1, 7]) expect(readAll(file, chunkLength)).toEqual({ rows, problem: '', skipped: 0 });
    });

    test.each<[name: string, file: Uint8Array, problem: string, skipped: number]>([
      ['an interface that nobody described', bytesOf(enhanced(3, microseconds, SECOND), enhanced(0, microseconds, FIRST)), '', 1],
      [
        'a captured length over the block',
        bytesOf(block(6, w32(0), w32(0), w32(0), w32(64), w32(64), SECOND, [0, 0]), enhanced(0, microseconds, FIRST)),
        '',
        1,
      ],
      [
        'the two lengths of a block differ',
        bytesOf(enhanced(0, microseconds, FIRST), enhanced(0, microseconds, FIRST).with(39, 1).with(36, 1)),
        'bad-block at 88',
        0,
      ],
      [
        'a length that is no multiple of 4',
        bytesOf(enhanced(0, microseconds, FIRST), w32(6), w32(33), new Uint8Array(40)),
        'bad-block at 88',
        0,
      ],
      ['a block length of 0', bytesOf(enhanced(0, microseconds, FIRST), w32(99), w32(0), new Uint8Array(40)), 'bad-block at 88', 0],
      [
        'a section of another version',
        bytesOf(enhanced(0, microseconds, FIRST), section().with(12, 9).with(13, 9)),
        'bad-section at 88',
        0,
      ],
      [
        'cut in a packet',
        bytesOf(enhanced(0, microseconds, FIRST), enhanced(0, microseconds, FIRST).subarray(0, 30)),
        'truncated at 88',
        0,
      ],
      [
        'cut in an unknown block',
        bytesOf(enhanced(0, microseconds, FIRST), block(5, new Uint8Array(64)).subarray(0, 50)),
        'truncated at 138',
        0,
      ],
    ])('damage: %s', (_row, tail, problem, skipped) => {
      for (const chunkLength of [4096, 1]) expect(readAll(bytesOf(head, tail), chunkLength)).toEqual({ rows: [row], problem, skipped });
    });

    test('more interfaces than the bound', () => {
      const interfaces = Array.from({ length: 4097 }, () => interfaceBlock(1));
      expect(readAll(bytesOf(section(), ...interfaces)).problem).toMatch(/^too-many-interfaces/);
    });

    function offsetBytes(seconds: number): Uint8Array {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, BigInt(seconds), isLittleEndian);
      return bytes;
    }

    function otherOrder(): Uint8Array {
      const other = pcapng(!isLittleEndian);
      return bytesOf(
        head,
        enhanced(0, microseconds, FIRST),
        other.section(),
        other.interfaceBlock(101),
        other.enhanced(0, microseconds, FIRST),
      );
    }
  });
});

describe('not a capture', () => {
  test.each<[name: string, file: Uint8Array]>([
    ['text', bytesOf('68 65 6c 6c 6f 2c 20 77 6f 72 6c 64')],
    ['nothing', new Uint8Array(0)],
    ['three bytes', bytesOf('d4 c3 b2')],
    ['pcap of version 9', pcap({ packets: PACKETS }).with(4, 9)],
    ['a section header without byte order', bytesOf('0a 0d 0d 0a', new Uint8Array(40))],
  ])('%s', (_name, file) => {
    expect(readAll(file)).toMatchObject({ rows: [], problem: 'not-a-capture at 0' });
  });
});

test('a cut pcap gives what was whole', () => {
  const file = pcap({ packets: PACKETS });
  expect(readAll(file.subarray(0, file.length - 1))).toEqual({ rows: EXPECTED.slice(0, 1), problem: 'truncated at 45', skipped: 0 });
  expect(readAll(file.subarray(0, 45))).toEqual({ rows: EXPECTED.slice(0, 1), problem: '', skipped: 0 });
});

test('the size of the chunks changes nothing, whatever the bytes', () => {
  const { section, interfaceBlock, enhanced, simple } = pcapng(true);
  const whole = bytesOf(section(), interfaceBlock(1), enhanced(0, 5n, FIRST), simple(SECOND), enhanced(0, 9n, new Uint8Array(300)));
  const files = [whole, pcap({ packets: [...PACKETS, ...PACKETS] })];
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...files), damage, fc.integer({ min: 1, max: 400 }), (file, changes, chunkLength) => {
      const damaged = file.slice();
      for (const [at, value] of changes) damaged[at % file.length] = value;
      expect(readAll(damaged, chunkLength)).toEqual(readAll(damaged));
    }),
    { numRuns: 1500 },
  );
});
