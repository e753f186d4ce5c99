import { describe, expect, test } from 'vitest';
import { formatAddress } from '../address.ts';
import { bytesOf, ethernet, etherTypeOf, geneve, gre, ip, poisoned, tcp, udp, vxlan } from '../testing/index.ts';
import { createFrameDecoder } from './frame-decoder.ts';
import type { FrameDecoderOptions } from './frame-decoder.ts';

const inner4 = ip({ source: '10.244.1.7', destination: '10.244.2.9', protocol: 17, payload: udp(40_000, 53, bytesOf('ca fe')) });
const inner6 = ip({
  source: 'fd00::7',
  destination: 'fd00::9',
  protocol: 6,
  payload: tcp({ sourcePort: 40_000, destinationPort: 443, flags: 2 }),
});
const arp = ethernet(0x0806, new Uint8Array(28));
const icmp = ip({ source: '10.244.1.7', destination: '10.244.2.9', protocol: 1, payload: new Uint8Array(8) });

/** Between two nodes. */
const over4 = (protocol: number, payload: Uint8Array): Uint8Array =>
  ip({ source: '192.0.2.1', destination: '192.0.2.2', protocol, payload });
const over6 = (protocol: number, payload: Uint8Array): Uint8Array =>
  ip({ source: '2001:db8::1', destination: '2001:db8::2', protocol, payload });
const overUdp = (port: number, payload: Uint8Array): Uint8Array => over4(17, udp(51_000, port, payload));
const eth = (packet: Uint8Array, tags: readonly number[] = []): Uint8Array => ethernet(etherTypeOf(packet), packet, tags);

function decode(packet: Uint8Array, options: FrameDecoderOptions = {}): string {
  const decoder = createFrameDecoder(options);
  const { bytes, offset, length } = poisoned(eth(packet), 0xff);
  if (!decoder.decode(bytes, offset, length, 1, 0)) return decoder.reason;
  const { view } = decoder;
  return `${formatAddress(view.bytes, view.sourceOffset, view.family === 4 ? 4 : 16)} > ${view.destinationPort}${decoder.tunnelled === 1 ? '' : ' plain'}`;
}

const IN4 = '10.244.1.7 > 53';
const IN6 = 'fd00::7 > 443';

describe('the innermost packet counts', () => {
  test.each<[name: string, packet: Uint8Array, expected: string]>([
    ['VXLAN 4789', overUdp(4789, vxlan(eth(inner4))), IN4],
    ['VXLAN 8472 over IPv6', over6(17, udp(51_000, 8472, vxlan(eth(inner6)))), IN6],
    ['VXLAN, VLAN tag inside', overUdp(4789, vxlan(eth(inner4, [0x8100]))), IN4],
    ['VXLAN with group policy', overUdp(4789, bytesOf('88 08 00 63 00 00 2a 00', eth(inner4))), IN4],
    ['VXLAN-GPE, IPv4', overUdp(4789, bytesOf('0c 00 00 01 00 00 2a 00', inner4)), IN4],
    ['VXLAN-GPE, IPv6', overUdp(4789, bytesOf('0c 00 00 02 00 00 2a 00', inner6)), IN6],
    ['VXLAN-GPE, Ethernet', overUdp(4789, bytesOf('0c 00 00 03 00 00 2a 00', eth(inner6))), IN6],
    ['Geneve, Ethernet', overUdp(6081, geneve(0x6558, eth(inner4))), IN4],
    ['Geneve, IPv6 with options', overUdp(6081, geneve(0x86dd, inner6, bytesOf('01 02 80 01 00 00 00 07'))), IN6],
    ['GRE, IPv4', over4(47, gre(0, 0x0800, inner4)), IN4],
    ['GRE, IPv6 with key', over4(47, gre(0x2000, 0x86dd, inner6, bytesOf('00 00 00 07'))), IN6],
    ['GRE, checksum, key and sequence', over4(47, gre(0xb000, 0x0800, inner4, new Uint8Array(12))), IN4],
    ['GRE, transparent Ethernet', over6(47, gre(0x2000, 0x6558, eth(inner4), new Uint8Array(4))), IN4],
    ['ERSPAN I', over4(47, gre(0, 0x88be, eth(inner4))), IN4],
    ['ERSPAN II', over4(47, gre(0x1000, 0x88be, bytesOf('10 05 08 64 00 00 00 00', eth(inner4)), new Uint8Array(4))), IN4],
    ['ERSPAN III', over4(47, gre(0x1000, 0x22eb, bytesOf('20 05 08 64', new Uint8Array(8), eth(inner6)), new Uint8Array(4))), IN6],
    [
      'ERSPAN III with platform header',
      over4(47, gre(0x1000, 0x22eb, bytesOf('20 05 08 64', new Uint8Array(6), '00 01', new Uint8Array(8), eth(inner6)), new Uint8Array(4))),
      IN6,
    ],
    [
      'ERSPAN III, IP inside',
      over4(47, gre(0x1000, 0x22eb, bytesOf('20 05 08 64', new Uint8Array(6), '08 00', inner4), new Uint8Array(4))),
      IN4,
    ],
    ['IPIP', over4(4, inner4), IN4],
    ['6in4', over4(41, inner6), IN6],
    ['4in6', over6(4, inner4), IN4],
    ['IPv6 in IPv6', over6(41, inner6), IN6],
    ['Ethernet in IPv6 (SRv6)', over6(143, eth(inner4)), IN4],
    ['IPIP in VXLAN in GRE', over4(47, gre(0, 0x0800, overUdp(4789, vxlan(eth(over4(4, inner4)))))), IN4],
    ['inner padding is no payload', overUdp(4789, vxlan(bytesOf(eth(inner4), new Uint8Array(20)))), IN4],
  ])('%s', (_name, packet, expected) => {
    expect(decode(packet)).toBe(expected);
  });
});

describe('not a tunnel', () => {
  const answer = bytesOf('08 00 81 80 00 01 00 00 00 00 00 00 01 61 00 00 01 00 01');
  test.each<[name: string, packet: Uint8Array, expected: string]>([
    ['too short for VXLAN', overUdp(4789, bytesOf('08 00 00')), '192.0.2.1 > 4789 plain'],
    ['no VNI flag', overUdp(4789, bytesOf('00 00 00 00 00 00 2a 00', eth(inner4))), '192.0.2.1 > 4789 plain'],
    ['reserved bits set', overUdp(4789, bytesOf('08 00 00 01 00 00 2a 00', eth(inner4))), '192.0.2.1 > 4789 plain'],
    ['VXLAN header, rubbish inside', overUdp(4789, vxlan(eth(bytesOf('44', inner4.subarray(1))))), '192.0.2.1 > 4789 plain'],
    ['a DNS answer to a client on port 4789', over4(17, udp(53, 4789, answer)), '192.0.2.1 > 4789 plain'],
    ['a DNS answer to a client on port 6081', over4(17, udp(53, 6081, answer)), '192.0.2.1 > 6081 plain'],
    ['a source port of 4789 means nothing', over4(17, udp(4789, 9999, vxlan(eth(inner4)))), '192.0.2.1 > 9999 plain'],
    ['Geneve options past the end', overUdp(6081, bytesOf('3f 00 65 58 00 00 2a 00', eth(inner4))), '192.0.2.1 > 6081 plain'],
  ])('%s', (_name, packet, expected) => {
    expect(decode(packet)).toBe(expected);
  });
});

describe('a tunnel without a packet in it', () => {
  test.each<[name: string, packet: Uint8Array, expected: string]>([
    ['ARP in VXLAN', overUdp(4789, vxlan(arp)), 'not-ip'],
    ['ICMP in VXLAN', overUdp(4789, vxlan(eth(icmp))), 'protocol'],
    ['PPTP', over4(47, gre(0x0001, 0x880b, inner4)), 'protocol'],
    [
      'ERSPAN II of another version',
      over4(47, gre(0x1000, 0x88be, bytesOf('20 05 08 64 00 00 00 00', eth(inner4)), new Uint8Array(4))),
      'malformed',
    ],
    ['GRE header cut', over4(47, bytesOf('20 00 08 00 00')), 'truncated'],
    ['four IPIP inside each other', over4(4, over4(4, over4(4, over4(4, inner4)))), 'too-deep'],
  ])('%s', (_name, packet, expected) => {
    expect(decode(packet)).toBe(expected);
  });
});

describe('options', () => {
  test.each<[name: string, packet: Uint8Array, options: FrameDecoderOptions, expected: string]>([
    ['another VXLAN port', overUdp(6784, vxlan(eth(inner4))), { vxlanPorts: [6784] }, IN4],
    ['the default port then is none', overUdp(4789, vxlan(eth(inner4))), { vxlanPorts: [6784] }, '192.0.2.1 > 4789 plain'],
    ['another Geneve port', overUdp(7000, geneve(0x6558, eth(inner4))), { genevePorts: [7000] }, IN4],
    ['no tunnels', overUdp(4789, vxlan(eth(inner4))), { maxTunnels: 0 }, '192.0.2.1 > 4789 plain'],
    ['two are too many', over4(4, over4(4, inner4)), { maxTunnels: 1 }, 'too-deep'],
  ])('%s', (_name, packet, options, expected) => {
    expect(decode(packet, options)).toBe(expected);
  });
});
