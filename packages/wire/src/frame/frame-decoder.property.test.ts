import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, ethernet, etherTypeOf, geneve, gre, ip, linuxSll2, poisoned, tcp, udp, vxlan } from '../testing/index.ts';
import { createFrameDecoder } from './frame-decoder.ts';
import type { FrameDecoder } from './frame-decoder.ts';

const LINK_TYPES = [0, 1, 9, 12, 101, 108, 113, 228, 229, 276];

/** All of the result, or the reason. */
function outcome(decoder: FrameDecoder, frame: Uint8Array, linkType: number, poison: number): unknown {
  const { bytes, offset, length } = poisoned(frame, poison);
  if (!decoder.decode(bytes, offset, length, linkType, 1)) return decoder.reason;
  const { bytes: _bytes, ...fields } = decoder.view;
  const { payloadOffset, payloadLength, sourceOffset, destinationOffset, family } = fields;
  const size = family === 4 ? 4 : 16;
  expect(payloadLength).toBeGreaterThanOrEqual(0);
  expect(Math.min(payloadOffset, sourceOffset, destinationOffset)).toBeGreaterThanOrEqual(offset);
  expect(Math.max(payloadOffset + payloadLength, sourceOffset + size, destinationOffset + size)).toBeLessThanOrEqual(offset + length);
  return fields;
}

const inner = ethernet(0x0800, ip({ source: '10.0.0.1', destination: '10.0.0.2', protocol: 17, payload: udp(1, 53, new Uint8Array(30)) }));
const over = (protocol: number, payload: Uint8Array): Uint8Array => ip({ source: 'fd00::1', destination: 'fd00::2', protocol, payload });
const seeds = [
  inner,
  ethernet(
    0x86dd,
    over(6, tcp({ sourcePort: 9, destinationPort: 8, options: new Uint8Array(12), payload: new Uint8Array(20) })),
    [0x8100, 0x88a8],
  ),
  ethernet(0x86dd, over(17, udp(9, 4789, vxlan(inner)))),
  ethernet(0x86dd, over(17, udp(9, 6081, geneve(0x6558, inner, new Uint8Array(8))))),
  ethernet(0x86dd, over(47, gre(0x1000, 0x88be, bytesOf('10 00 00 00 00 00 00 00', inner), new Uint8Array(4)))),
  linuxSll2(
    0x86dd,
    ip({
      source: 'fd00::1',
      destination: 'fd00::2',
      protocol: 0,
      options: bytesOf('2c 00 01 04 00 00 00 00', '11 00 00 01 00 00 00 09'),
      payload: udp(1, 2, new Uint8Array(9)),
    }),
  ),
];

test('whatever the bytes: a packet inside the frame or a reason, and nothing around it is read', () => {
  const decoder = createFrameDecoder();
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 5 }), fc.nat())
    .map(([seed, changes, cut]) => {
      const bytes = seed.slice();
      for (const [at, value] of changes) bytes[at % seed.length] = value;
      return bytes.subarray(0, bytes.length - (cut % 5 === 0 ? cut % bytes.length : 0));
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), fc.constantFrom(1, 1, 1, 276, ...LINK_TYPES), (frame, linkType) => {
      expect(outcome(decoder, frame, linkType, 0x00)).toEqual(outcome(decoder, frame, linkType, 0xff));
    }),
    { numRuns: 20_000 },
  );
});

test('what is built is decoded again', () => {
  const address = fc.oneof(
    fc.tuple(fc.ipV4(), fc.ipV4()),
    fc.tuple(fc.constantFrom('2001:db8::1', 'fd00::7', '::1'), fc.constantFrom('2001:db8::2', 'fe80::1', '::')),
  );
  const port = fc.integer({ min: 0, max: 65_535 });
  const layers = fc.array(fc.constantFrom('vxlan', 'geneve', 'gre', 'ipip'), { maxLength: 3 });
  const decoder = createFrameDecoder();
  fc.assert(
    fc.property(
      address,
      port,
      fc.integer({ min: 0, max: 4000 }),
      fc.uint8Array({ maxLength: 60 }),
      layers,
      fc.nat(18),
      (ends, sourcePort, destinationPort, payload, tunnels, padding) => {
        const [source, destination] = ends;
        let packet = ip({ source, destination, protocol: 17, payload: udp(sourcePort, destinationPort, payload) });
        for (const tunnel of tunnels) packet = wrap(packet, tunnel);
        const frame = bytesOf(ethernet(etherTypeOf(packet), packet), new Uint8Array(padding));
        expect(decoder.decode(frame, 0, frame.length, 1, 0)).toBe(true);
        const { view } = decoder;
        expect([view.sourcePort, view.destinationPort]).toEqual([sourcePort, destinationPort]);
        expect(view.bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength)).toEqual(payload);
      },
    ),
    { numRuns: 1000 },
  );
});

function wrap(packet: Uint8Array, tunnel: string): Uint8Array {
  const framed = ethernet(etherTypeOf(packet), packet);
  if (tunnel === 'vxlan') return over(17, udp(50_000, 8472, vxlan(framed)));
  if (tunnel === 'geneve') return over(17, udp(50_000, 6081, geneve(0x6558, framed)));
  if (tunnel === 'gre') return over(47, gre(0, etherTypeOf(packet), packet));
  return over(etherTypeOf(packet) === 0x0800 ? 4 : 41, packet);
}
