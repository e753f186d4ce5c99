import { describe, expect, test } from 'vitest';
import { ANCILLARY, assembleBpf, BPF, encodeBpf, NEXT } from './bpf.ts';
import type { BpfInstruction } from './bpf.ts';
import { createFilter } from './filter.ts';

interface Metadata {
  readonly protocol: number;
  readonly packetType?: number;
  readonly hardwareType?: number;
}

/** Runs a program as the kernel does; a load past the end drops the frame. */
function runBpf(program: readonly BpfInstruction[], bytes: Uint8Array, metadata: Metadata): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memory = new Uint32Array(16);
  let a = 0;
  let x = 0;
  for (let pc = 0; ; pc++) {
    const instruction = program[pc];
    if (instruction === undefined) throw new Error(`ran off the program at ${pc}`);
    const { code, jt, jf, k } = instruction;
    const at = code === BPF.loadHalfAtX || code === BPF.loadByteAtX ? x + k : k;
    const size = code === BPF.loadWord ? 4 : code === BPF.loadHalf || code === BPF.loadHalfAtX ? 2 : 1;
    const isLoad = [BPF.loadWord, BPF.loadHalf, BPF.loadByte, BPF.loadHalfAtX, BPF.loadByteAtX, BPF.loadXHeaderLength].some(
      (op) => op === code,
    );
    if (isLoad && at < 0xffff_f000 && at + size > bytes.length) return 0;
    switch (code) {
      case BPF.loadWord:
        if (k === ANCILLARY.protocol) a = metadata.protocol;
        else if (k === ANCILLARY.packetType) a = metadata.packetType ?? 0;
        else if (k === ANCILLARY.hardwareType) a = metadata.hardwareType ?? 1;
        else a = view.getUint32(k);
        break;
      case BPF.loadHalf:
      case BPF.loadHalfAtX:
        a = view.getUint16(at);
        break;
      case BPF.loadByte:
      case BPF.loadByteAtX:
        a = view.getUint8(at);
        break;
      case BPF.loadXHeaderLength:
        x = (view.getUint8(k) & 15) * 4;
        break;
      case BPF.loadMemory:
        a = memory[k] ?? 0;
        break;
      case BPF.storeMemory:
        memory[k] = a;
        break;
      case BPF.add:
        a = (a + k) >>> 0;
        break;
      case BPF.addX:
        a = (a + x) >>> 0;
        break;
      case BPF.and:
        a = (a & k) >>> 0;
        break;
      case BPF.shiftLeft:
        a = (a << k) >>> 0;
        break;
      case BPF.copyAToX:
        x = a;
        break;
      case BPF.copyXToA:
        a = x;
        break;
      case BPF.jump:
        pc += k;
        break;
      case BPF.jumpEqual:
        pc += a === k ? jt : jf;
        break;
      case BPF.jumpSet:
        pc += (a & k) !== 0 ? jt : jf;
        break;
      case BPF.returnValue:
        return k;
      default:
        throw new Error(`unknown opcode ${code}`);
    }
  }
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

// IPv4 headers: 10.1.0.5 -> 10.96.0.10
const V4_UDP = '4500 0030 0001 4000 4011 0000 0a010005 0a60000a';
const V4_TCP = '4500 003c 0001 4000 4006 0000 0a010005 0a60000a';
const V6 = (next: string, length = '0020'): string =>
  `6000 0000 ${length} ${next} 40 fd000000000000000000000000000005 fd00000000000000000000000000000a`;
const UDP_DNS = 'a000 0035 001c 0000 0001 0100 0001 0000 0000 0000';
const UDP_DNS_ANSWER = '0035 a000 001c 0000 0001 8180 0001 0001 0000 0000';
const UDP_OTHER = 'a000 0050 001c 0000 0001 0100 0001 0000';
const TCP = (flags: string, port = '0050'): string => `a000 ${port} 00000001 00000000 50${flags} ffff 0000 0000`;
const IPV4: Metadata = { protocol: 0x0800 };
const IPV6: Metadata = { protocol: 0x86dd };
const VLAN: Metadata = { protocol: 0x8100 };
const SYN = 192;
const WHOLE = 0xffff;

describe('createFilter', () => {
  const rows: readonly [name: string, hex: string, metadata: Metadata, kept: number][] = [
    ['DNS query over UDP', `${V4_UDP} ${UDP_DNS}`, IPV4, WHOLE],
    ['DNS answer over UDP', `${V4_UDP} ${UDP_DNS_ANSWER}`, IPV4, WHOLE],
    ['other UDP', `${V4_UDP} ${UDP_OTHER}`, IPV4, 0],
    ['IPv4 header with options', `4600 0034 0001 4000 4011 0000 0a010005 0a60000a 01010100 ${UDP_DNS}`, IPV4, WHOLE],
    ['first fragment', `4500 0030 0001 2000 4011 0000 0a010005 0a60000a ${UDP_DNS}`, IPV4, WHOLE],
    ['later fragment', `4500 0030 0001 2010 4011 0000 0a010005 0a60000a ${UDP_DNS}`, IPV4, 0],
    ['ICMP', '4500 001c 0001 4000 4001 0000 0a010005 0a60000a 0800 0035 0000 0035', IPV4, 0],
    ['SYN', `${V4_TCP} ${TCP('02')}`, IPV4, SYN],
    ['SYN with ECE and CWR', `${V4_TCP} ${TCP('c2')}`, IPV4, SYN],
    ['SYN with ACK', `${V4_TCP} ${TCP('12')}`, IPV4, 0],
    ['data', `${V4_TCP} ${TCP('18')}`, IPV4, 0],
    ['RST', `${V4_TCP} ${TCP('04')}`, IPV4, 0],
    ['DNS data over TCP', `${V4_TCP} ${TCP('18', '0035')}`, IPV4, WHOLE],
    ['SYN over IPv6', `${V6('06')} ${TCP('02')}`, IPV6, SYN],
    ['DNS over IPv6', `${V6('11')} ${UDP_DNS}`, IPV6, WHOLE],
    ['DNS behind a hop-by-hop header', `${V6('00')} 11 00 0000 00000000 ${UDP_DNS}`, IPV6, WHOLE],
    ['SYN behind two headers', `${V6('00')} 3c 00 0000 00000000 06 01 0000 00000000 0000 0000 0000 0000 ${TCP('02')}`, IPV6, SYN],
    ['data behind two headers', `${V6('00')} 3c 00 0000 00000000 06 00 0000 00000000 ${TCP('10')}`, IPV6, 0],
    ['three headers are passed up', `${V6('00')} 3c 00 0000 00000000 3c 00 0000 00000000 06 00 0000 00000000 ${TCP('10')}`, IPV6, WHOLE],
    ['SYN behind an authentication header', `${V6('33')} 06 02 0000 00000000 00000000 00000000 ${TCP('02')}`, IPV6, SYN],
    ['first IPv6 fragment', `${V6('2c')} 11 00 0001 00000000 ${UDP_DNS}`, IPV6, WHOLE],
    ['later IPv6 fragment', `${V6('2c')} 11 00 0009 00000000 ${UDP_DNS}`, IPV6, 0],
    ['ICMPv6', `${V6('3a')} 8700 0035 0035 0035`, IPV6, 0],
    ['127/8', `4500 0030 0001 4000 4011 0000 7f000001 7f000035 ${UDP_DNS}`, IPV4, 0],
    ['::1', `6000 0000 0020 11 40 00000000000000000000000000000001 00000000000000000000000000000001 ${UDP_DNS}`, IPV6, 0],
    [
      '::2 is not loopback',
      `6000 0000 0020 11 40 00000000000000000000000000000002 00000000000000000000000000000001 ${UDP_DNS}`,
      IPV6,
      WHOLE,
    ],
    ['lo, going out', `${V4_UDP} ${UDP_DNS}`, { ...IPV4, hardwareType: 772, packetType: 4 }, 0],
    ['lo, coming in', `${V4_UDP} ${UDP_DNS}`, { ...IPV4, hardwareType: 772, packetType: 0 }, WHOLE],
    ['uplink, going out', `${V4_UDP} ${UDP_DNS}`, { ...IPV4, packetType: 4 }, WHOLE],
    ['second tag, IPv4', `0064 0800 ${V4_UDP} ${UDP_DNS}`, VLAN, WHOLE],
    ['second tag, IPv6 SYN', `0064 86dd ${V6('06')} ${TCP('02')}`, VLAN, SYN],
    ['second tag, other UDP', `0064 0800 ${V4_UDP} ${UDP_OTHER}`, VLAN, 0],
    ['tag put on by software', `${V4_UDP} ${UDP_DNS}`, VLAN, WHOLE],
    ['ARP', '0001 0800 0604 0001', { protocol: 0x0806 }, 0],
    ['empty frame', '', IPV4, 0],
    ['cut in the ports', `${V4_UDP} a000 00`, IPV4, 0],
  ];
  test.each(rows)('%s', (_name, hex, metadata, kept) => {
    expect(runBpf(createFilter({ dnsPorts: [53], keepLoopback: false }), bytes(hex), metadata)).toBe(kept);
  });

  test('further DNS ports', () => {
    const program = createFilter({ dnsPorts: [53, 80], keepLoopback: false });
    expect(runBpf(program, bytes(`${V4_UDP} ${UDP_OTHER}`), IPV4)).toBe(WHOLE);
  });

  test('loopback can be kept', () => {
    const program = createFilter({ dnsPorts: [53], keepLoopback: true });
    expect(runBpf(program, bytes(`4500 0030 0001 4000 4011 0000 7f000001 7f000035 ${UDP_DNS}`), IPV4)).toBe(WHOLE);
  });

  test('64 ports still reach their targets', () => {
    const ports = Array.from({ length: 64 }, (_, index) => 5300 + index);
    const program = createFilter({ dnsPorts: ports, keepLoopback: false });
    const packet = bytes(`${V4_UDP} a000 ${(5300 + 63).toString(16)} 001c 0000`);
    expect(runBpf(program, packet, IPV4)).toBe(WHOLE);
    expect(runBpf(program, bytes(`${V4_UDP} ${UDP_OTHER}`), IPV4)).toBe(0);
  });
});

describe('assembleBpf', () => {
  const padding = Array.from({ length: 300 }, () => ({ op: BPF.add, k: 1 }));
  test.each([
    [1, 7],
    [2, 9],
  ])('a jump over more than 255 instructions (A = %i)', (a, result) => {
    const program = assembleBpf([
      { op: BPF.loadByte, k: 0 },
      { op: BPF.jumpEqual, k: 1, ifTrue: 'far', ifFalse: NEXT },
      ...padding,
      { op: BPF.returnValue, k: 9 },
      { label: 'far' },
      { op: BPF.returnValue, k: 7 },
    ]);
    expect(runBpf(program, Uint8Array.of(a), IPV4)).toBe(result);
  });

  test('an unknown label and a jump back are refused', () => {
    expect(() => assembleBpf([{ op: BPF.jump, to: 'nowhere' }])).toThrow(/unknown label nowhere/);
    expect(() => assembleBpf([{ label: 'start' }, { op: BPF.jump, to: 'start' }])).toThrow(/jumps back/);
  });

  test('encodes struct sock_filter', () => {
    expect([...encodeBpf([{ code: 0x15, jt: 1, jf: 2, k: 0x0800 }])]).toEqual([0x15, 0, 1, 2, 0, 8, 0, 0]);
  });
});
