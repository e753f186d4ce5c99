import { bytesOf, ip, udp, uint16 } from '@nm/wire/testing';
import { expect, test } from 'vitest';
import { dropLeftTag } from './left-tag.ts';

const v4 = (length: number): Uint8Array =>
  ip({ source: '10.1.0.5', destination: '10.1.0.6', protocol: 17, payload: udp(40_000, 53, new Uint8Array(length)) });
const v6 = ip({ source: 'fd00::5', destination: 'fd00::6', protocol: 17, payload: udp(40_000, 53, new Uint8Array(20)) });
const tagged = (tag: number, type: number, packet: Uint8Array): Uint8Array => bytesOf(uint16(tag), uint16(type), packet);
/** 2,048 bytes long, as the type of IPv4 reads; its identification looks like a version. */
const long = v4(0x0800 - 28);
long[4] = 0x45;
/** Its flow label looks like the type of IPv6, its length like a version. */
const flow = ip({ source: 'fd00::5', destination: 'fd00::6', protocol: 17, payload: udp(40_000, 53, new Uint8Array(0x6000)) });
flow.set([0x60, 0, 0x86, 0xdd]);

test.each<[string, Uint8Array, number, number]>([
  ['IPv4', v4(20), 0x0800, 0],
  ['IPv6', v6, 0x86dd, 0],
  ['IPv4 behind a tag, the type is the tag', tagged(5, 0x0800, v4(20)), 0x8100, 4],
  ['IPv4 behind a tag, the type is what it holds', tagged(5, 0x0800, v4(20)), 0x0800, 4],
  ['IPv6 behind a tag', tagged(5, 0x86dd, v6), 0x86dd, 4],
  ['a tag that begins like an IPv4 header', tagged(0x4505, 0x0800, v4(20)), 0x0800, 4],
  ['a tag that begins like an IPv6 header', tagged(0x6005, 0x86dd, v6), 0x86dd, 4],
  ['IPv4 whose type says tag, put on by software', v4(20), 0x8100, 0],
  ['IPv4 whose length reads like a type', long, 0x0800, 0],
  ['IPv6 whose flow label reads like a type', flow, 0x86dd, 0],
  ['a tag and nothing behind it', tagged(5, 0x0800, new Uint8Array(0)), 0x0800, 0],
  ['nothing', new Uint8Array(0), 0x0800, 0],
])('%s', (_name, bytes, etherType, dropped) => {
  const { length } = bytes;
  const frame = { at: 0, bytes, offset: 0, length, wireLength: length, interfaceIndex: 1, etherType, packetType: 0 };
  dropLeftTag(frame);
  expect(frame).toMatchObject({ offset: dropped, length: length - dropped, wireLength: length - dropped });
});
