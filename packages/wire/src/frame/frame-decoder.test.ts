import { describe, expect, test } from 'vitest';
import { formatAddress } from '../address.ts';
import { bytesOf, ethernet, etherTypeOf, ip, linuxSll, linuxSll2, poisoned, tcp, udp } from '../testing/index.ts';
import { createFrameDecoder } from './frame-decoder.ts';

const SOURCE = '10.244.1.7';
const DESTINATION = '10.96.0.10';
const SOURCE6 = 'fd00:10:244::7';
const DESTINATION6 = 'fd00:10:96::a';
const DATA = bytesOf('de ad be ef');

const udp4 = ip({ source: SOURCE, destination: DESTINATION, protocol: 17, payload: udp(40_000, 53, DATA) });
const udp6 = ip({ source: SOURCE6, destination: DESTINATION6, protocol: 17, payload: udp(40_000, 53, DATA) });

/** What a frame decodes to, as text; the reason when it does not. */
function decode(frame: Uint8Array, linkType = 1): string {
  const decoder = createFrameDecoder();
  const { bytes, offset, length } = poisoned(frame, 0xff);
  if (!decoder.decode(bytes, offset, length, linkType, 1_700_000_000_000.25)) return decoder.reason;
  const { view } = decoder;
  const size = view.family === 4 ? 4 : 16;
  const from = `${formatAddress(view.bytes, view.sourceOffset, size)}|${view.sourcePort}`;
  const to = `${formatAddress(view.bytes, view.destinationOffset, size)}|${view.destinationPort}`;
  const payload = Array.from(view.bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return `${view.protocol} ${from} > ${to} ${payload.join('')}`;
}

const PLAIN4 = '17 10.244.1.7|40000 > 10.96.0.10|53 deadbeef';
const PLAIN6 = '17 fd00:10:244::7|40000 > fd00:10:96::a|53 deadbeef';

describe('link layers', () => {
  test.each<[name: string, linkType: number, frame: Uint8Array, expected: string]>([
    ['Ethernet, IPv4', 1, ethernet(0x0800, udp4), PLAIN4],
    ['Ethernet, IPv6', 1, ethernet(0x86dd, udp6), PLAIN6],
    ['one VLAN tag', 1, ethernet(0x0800, udp4, [0x8100]), PLAIN4],
    ['QinQ 802.1ad', 1, ethernet(0x86dd, udp6, [0x88a8, 0x8100]), PLAIN6],
    ['QinQ 0x9100', 1, ethernet(0x0800, udp4, [0x9100, 0x8100]), PLAIN4],
    ['four tags', 1, ethernet(0x0800, udp4, [0x88a8, 0x8100, 0x8100, 0x8100]), PLAIN4],
    ['five tags', 1, ethernet(0x0800, udp4, [0x8100, 0x8100, 0x8100, 0x8100, 0x8100]), 'too-deep'],
    ['LLC/SNAP', 1, ethernet(60, bytesOf('aa aa 03 00 00 00 08 00', udp4)), PLAIN4],
    ['spanning tree', 1, ethernet(39, bytesOf('42 42 03', new Uint8Array(40))), 'not-ip'],
    ['PPPoE', 1, ethernet(0x8864, bytesOf('11 00 00 01 00 22 00 21', udp4)), PLAIN4],
    ['ARP', 1, ethernet(0x0806, new Uint8Array(28)), 'not-ip'],
    ['LINUX_SLL', 113, linuxSll(0x0800, udp4), PLAIN4],
    ['LINUX_SLL with a VLAN tag', 113, linuxSll(0x8100, bytesOf([0, 7, 0x86, 0xdd], udp6)), PLAIN6],
    ['LINUX_SLL, 802.2', 113, linuxSll(4, udp4), 'not-ip'],
    ['LINUX_SLL2', 276, linuxSll2(0x86dd, udp6), PLAIN6],
    ['raw 12', 12, udp4, PLAIN4],
    ['raw 14', 14, udp6, PLAIN6],
    ['raw 101', 101, udp6, PLAIN6],
    ['IPv4', 228, udp4, PLAIN4],
    ['IPv6', 229, udp6, PLAIN6],
    ['raw, neither version', 101, bytesOf('50', udp4), 'not-ip'],
    ['NULL little-endian', 0, bytesOf('02 00 00 00', udp4), PLAIN4],
    ['NULL big-endian', 0, bytesOf('00 00 00 02', udp4), PLAIN4],
    ['NULL, AF_INET6 of Darwin', 0, bytesOf('1e 00 00 00', udp6), PLAIN6],
    ['LOOP, AF_INET6 of OpenBSD', 108, bytesOf('00 00 00 18', udp6), PLAIN6],
    ['LOOP, something else', 108, bytesOf('00 00 00 07', udp6), 'not-ip'],
    ['PPP', 9, bytesOf('ff 03 00 21', udp4), PLAIN4],
    ['PPP, compressed', 9, bytesOf('57', udp6), PLAIN6],
    ['PPP, LCP', 9, bytesOf('ff 03 c0 21', udp4), 'not-ip'],
    ['802.11', 105, udp4, 'link-type'],
    ['nothing at all', 1, new Uint8Array(0), 'truncated'],
  ])('%s', (_name, linkType, frame, expected) => {
    expect(decode(frame, linkType)).toBe(expected);
  });
});

describe('IP', () => {
  const to4 = { source: SOURCE, destination: DESTINATION };
  const to6 = { source: SOURCE6, destination: DESTINATION6 };
  const payload = udp(40_000, 53, DATA);
  test.each<[name: string, packet: Uint8Array, expected: string]>([
    ['IPv4 options', ip({ ...to4, protocol: 17, payload, options: bytesOf('94 04 00 00') }), PLAIN4],
    ['Ethernet padding is no payload', bytesOf(udp4, new Uint8Array(18).fill(0x55)), PLAIN4],
    ['IPv6 padding is no payload', bytesOf(udp6, new Uint8Array(6).fill(0x55)), PLAIN6],
    ['UDP length less than the IP length', ip({ ...to4, protocol: 17, payload: bytesOf(udp(40_000, 53, DATA, 12), '77 77') }), PLAIN4],
    ['UDP length more than the IP length', ip({ ...to4, protocol: 17, payload: udp(40_000, 53, DATA, 400) }), PLAIN4],
    ['UDP length 0', ip({ ...to4, protocol: 17, payload: udp(40_000, 53, DATA, 0) }), PLAIN4],
    ['UDP length 7', ip({ ...to4, protocol: 17, payload: udp(40_000, 53, DATA, 7) }), 'malformed'],
    ['IPv4 length 0 (offload)', ip({ ...to4, protocol: 17, payload, length: 0 }), PLAIN4],
    ['IPv6 length 0 (offload)', ip({ ...to6, protocol: 17, payload, length: 0 }), PLAIN6],
    ['IPv4 length more than captured', ip({ ...to4, protocol: 17, payload, length: 1500 }), PLAIN4],
    ['IPv4 length less than its header', ip({ ...to4, protocol: 17, payload, length: 19 }), 'malformed'],
    ['IPv4 header length 4', bytesOf('44', udp4.subarray(1)), 'malformed'],
    ['IPv4 cut in its header', udp4.subarray(0, 19), 'truncated'],
    ['IPv6 cut in its header', udp6.subarray(0, 39), 'truncated'],
    ['UDP header cut', udp4.subarray(0, 27), 'truncated'],
    ['first fragment', ip({ ...to4, protocol: 17, payload, fragment: 0x2000 }), PLAIN4],
    [
      'first fragment too short for its ports',
      ip({ ...to4, protocol: 17, payload: bytesOf('9c 40 00 35'), fragment: 0x2000 }),
      'truncated',
    ],
    ['later fragment', ip({ ...to4, protocol: 17, payload, fragment: 0x2001 }), 'fragment'],
    ['last fragment', ip({ ...to4, protocol: 17, payload, fragment: 0x00b9 }), 'fragment'],
    ['ICMP', ip({ ...to4, protocol: 1, payload }), 'protocol'],
    ['ESP', ip({ ...to6, protocol: 50, payload }), 'protocol'],
    ['no next header', ip({ ...to6, protocol: 59, payload }), 'protocol'],
    ['hop-by-hop', ip({ ...to6, protocol: 0, payload, options: bytesOf('11 00 01 04 00 00 00 00') }), PLAIN6],
    ['destination options of 16 bytes', ip({ ...to6, protocol: 60, payload, options: bytesOf('11 01', new Uint8Array(14)) }), PLAIN6],
    [
      'routing, then hop-by-hop',
      ip({ ...to6, protocol: 43, payload, options: bytesOf('00 00 04 00 00 00 00 00', '11 00 01 04 00 00 00 00') }),
      PLAIN6,
    ],
    ['IPv6 first fragment', ip({ ...to6, protocol: 44, payload, options: bytesOf('11 00 00 01 00 00 00 09') }), PLAIN6],
    ['IPv6 later fragment', ip({ ...to6, protocol: 44, payload, options: bytesOf('11 00 00 08 00 00 00 09') }), 'fragment'],
    ['AH over IPv6', ip({ ...to6, protocol: 51, payload, options: bytesOf('11 04 00 00', new Uint8Array(20)) }), PLAIN6],
    ['AH over IPv4', ip({ ...to4, protocol: 51, payload: bytesOf('11 04 00 00', new Uint8Array(20), payload) }), PLAIN4],
    [
      'an extension header that runs past the end',
      ip({ ...to6, protocol: 0, payload, options: bytesOf('11 ff 01 04 00 00 00 00') }),
      'truncated',
    ],
    ['eight extension headers', ip({ ...to6, protocol: 60, payload, options: extensionHeaders(8) }), PLAIN6],
    ['nine extension headers', ip({ ...to6, protocol: 60, payload, options: extensionHeaders(9) }), 'too-deep'],
  ])('%s', (_name, packet, expected) => {
    expect(decode(ethernet(etherTypeOf(packet), packet))).toBe(expected);
  });

  function extensionHeaders(count: number): Uint8Array {
    return bytesOf(...Array.from({ length: count }, (_, index) => [index === count - 1 ? 17 : 60, 0, 1, 4, 0, 0, 0, 0]));
  }
});

describe('TCP', () => {
  const ports = { sourcePort: 40_000, destinationPort: 443 };
  const wrap = (payload: Uint8Array): Uint8Array =>
    ethernet(0x0800, ip({ source: SOURCE, destination: DESTINATION, protocol: 6, payload }));

  test('SYN with ECN bits: flags and an unsigned sequence number', () => {
    const decoder = createFrameDecoder();
    const frame = wrap(tcp({ ...ports, sequence: 0xfedcba98, flags: 0xc2, options: bytesOf('02 04 05 b4') }));
    expect(decoder.decode(frame, 0, frame.length, 1, 5.5)).toBe(true);
    expect(decoder.view).toMatchObject({
      at: 5.5,
      protocol: 6,
      tcpFlags: 0xc2,
      sequence: 0xfedcba98,
      payloadLength: 0,
      destinationPort: 443,
    });
  });

  test.each<[name: string, segment: Uint8Array, expected: string]>([
    ['payload behind options', tcp({ ...ports, options: bytesOf('01 01 08 0a 00 00 00 01 00 00 00 02'), payload: DATA }), 'deadbeef'],
    ['options cut off: no payload', tcp({ ...ports, options: new Uint8Array(20), payload: DATA }).subarray(0, 24), ''],
  ])('%s', (_name, segment, payload) => {
    expect(decode(wrap(segment))).toBe(`6 10.244.1.7|40000 > 10.96.0.10|443 ${payload}`);
  });

  test.each<[name: string, segment: Uint8Array, expected: string]>([
    ['header cut', tcp(ports).subarray(0, 19), 'truncated'],
    ['data offset 4', tcp(ports).with(12, 0x40), 'malformed'],
  ])('%s', (_name, segment, expected) => {
    expect(decode(wrap(segment))).toBe(expected);
  });

  test('UDP after TCP shows no TCP fields', () => {
    const decoder = createFrameDecoder();
    for (const frame of [wrap(tcp({ ...ports, flags: 2, sequence: 9 })), ethernet(0x0800, udp4)])
      decoder.decode(frame, 0, frame.length, 1, 0);
    expect(decoder.view).toMatchObject({ protocol: 17, tcpFlags: 0, sequence: 0 });
  });
});

test('frames without a packet are counted by reason', () => {
  const decoder = createFrameDecoder();
  for (const frame of [ethernet(0x0806, new Uint8Array(28)), ethernet(0x0806, new Uint8Array(28)), ethernet(0x0800, udp4.subarray(0, 8))]) {
    decoder.decode(frame, 0, frame.length, 1, 0);
  }
  expect(decoder.counts).toEqual({ 'link-type': 0, truncated: 1, 'not-ip': 2, malformed: 0, fragment: 0, protocol: 0, 'too-deep': 0 });
});

test('offsets outside the buffer are a reason, not an error', () => {
  const decoder = createFrameDecoder();
  for (const [offset, length] of [
    [-4, 40],
    [1000, 40],
    [0, -1],
    [0, 1e9],
  ] as const)
    decoder.decode(udp4, offset, length, 101, 0);
  expect(decoder.counts.truncated).toBe(3);
  expect(decoder.view.payloadLength).toBe(4);
});
