import { ANCILLARY, assembleBpf, BPF, NEXT } from './bpf.ts';
import type { BpfInstruction, BpfLine } from './bpf.ts';

/** More DNS ports than this make the filter slow for every frame of the node; the rest are left out and counted. */
export const MAX_DNS_PORTS = 64;

export interface FilterOptions {
  /** Ports whose UDP and TCP traffic is DNS, on either side. At most MAX_DNS_PORTS are used. */
  readonly dnsPorts: readonly number[];
  /** Also pass 127/8 and ::1 (a local resolver of a bare machine). In a cluster they never make an edge. */
  readonly keepLoopback: boolean;
}

/** Bytes kept of a SYN: the longest IPv4 header (60), or IPv6 with two usual extension headers, and TCP with options. */
const SYN_BYTES = 192;
/** A DNS message over TCP can come as one segment of up to 64 KiB (receive offload). */
const WHOLE_FRAME = 0xffff;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN = 0x8100;
const SERVICE_VLAN = 0x88a8;
const TCP = 6;
const UDP = 17;
/** IPv6 extension headers followed in the kernel; chains with more are passed up. */
const MAX_EXTENSION_HEADERS = 2;
/** linux/if_packet.h, linux/if_arp.h */
const PACKET_OUTGOING = 4;
const ARPHRD_LOOPBACK = 772;

/**
 * The filter for frames of an AF_PACKET socket of type SOCK_DGRAM (they begin at the IP header): DNS over UDP and TCP
 * by port, and TCP connection attempts (SYN without ACK, whatever the ECN bits, RFC 3168 6.1.1); first fragments only.
 * Everything on the interface lo is seen twice, going out and coming in: the first copy is dropped.
 */
export function createFilter(options: FilterOptions): BpfInstruction[] {
  return assembleBpf([
    { op: BPF.loadWord, k: ANCILLARY.hardwareType },
    { op: BPF.jumpEqual, k: ARPHRD_LOOPBACK, ifTrue: NEXT, ifFalse: 'protocol' },
    { op: BPF.loadWord, k: ANCILLARY.packetType },
    { op: BPF.jumpEqual, k: PACKET_OUTGOING, ifTrue: 'drop', ifFalse: NEXT },
    { label: 'protocol' },
    { op: BPF.loadWord, k: ANCILLARY.protocol },
    { op: BPF.jumpEqual, k: IPV4, ifTrue: 'ipv4-0', ifFalse: NEXT },
    { op: BPF.jumpEqual, k: IPV6, ifTrue: 'ipv6-0', ifFalse: NEXT },
    { op: BPF.jumpEqual, k: VLAN, ifTrue: 'tagged', ifFalse: NEXT },
    { op: BPF.jumpEqual, k: SERVICE_VLAN, ifTrue: 'tagged', ifFalse: 'drop' },
    ...vlan(),
    ...ipv4(0, options),
    ...ipv4(4, options),
    ...ipv6(0, options),
    ...ipv6(4, options),
    ...transport(options),
  ]);
}

/**
 * The kernel takes the outer tag off. What is left is a second tag (2 bytes of tag, 2 of type), or the IP header itself
 * where the tag was put on by software on the way out: told apart by type and version together.
 */
function vlan(): BpfLine[] {
  return [
    { label: 'tagged' },
    { op: BPF.loadHalf, k: 2 },
    { op: BPF.jumpEqual, k: IPV4, ifTrue: NEXT, ifFalse: 'inner6' },
    { op: BPF.loadByte, k: 4 },
    { op: BPF.and, k: 0xf0 },
    { op: BPF.jumpEqual, k: 0x40, ifTrue: 'ipv4-4', ifFalse: 'untagged' },
    { label: 'inner6' },
    { op: BPF.jumpEqual, k: IPV6, ifTrue: NEXT, ifFalse: 'untagged' },
    { op: BPF.loadByte, k: 4 },
    { op: BPF.and, k: 0xf0 },
    { op: BPF.jumpEqual, k: 0x60, ifTrue: 'ipv6-4', ifFalse: NEXT },
    { label: 'untagged' },
    { op: BPF.loadByte, k: 0 },
    { op: BPF.and, k: 0xf0 },
    { op: BPF.jumpEqual, k: 0x40, ifTrue: 'ipv4-0', ifFalse: NEXT },
    { op: BPF.jumpEqual, k: 0x60, ifTrue: 'ipv6-0', ifFalse: 'drop' },
  ];
}

/** IPv4 (RFC 791) at `base`; leaves the offset of the transport header in X. */
function ipv4(base: number, options: FilterOptions): BpfLine[] {
  const isUdp = `udp4-${base}`;
  const isTcp = `tcp4-${base}`;
  const loopback: BpfLine[] = options.keepLoopback
    ? []
    : [
        { op: BPF.loadByte, k: base + 12 },
        { op: BPF.jumpEqual, k: 127, ifTrue: 'drop', ifFalse: NEXT },
        { op: BPF.loadByte, k: base + 16 },
        { op: BPF.jumpEqual, k: 127, ifTrue: 'drop', ifFalse: NEXT },
      ];
  const toTransport = (label: string, target: string): BpfLine[] => [
    { label },
    { op: BPF.loadXHeaderLength, k: base },
    { op: BPF.copyXToA, k: 0 },
    { op: BPF.add, k: base },
    { op: BPF.copyAToX, k: 0 },
    { op: BPF.jump, to: target },
  ];
  return [
    { label: `ipv4-${base}` },
    { op: BPF.loadByte, k: base + 9 },
    { op: BPF.jumpEqual, k: UDP, ifTrue: `first4-${base}`, ifFalse: NEXT },
    { op: BPF.jumpEqual, k: TCP, ifTrue: NEXT, ifFalse: 'drop' },
    { label: `first4-${base}` },
    { op: BPF.loadHalf, k: base + 6 },
    { op: BPF.jumpSet, k: 0x1fff, ifTrue: 'drop', ifFalse: NEXT },
    ...loopback,
    { op: BPF.loadByte, k: base + 9 },
    { op: BPF.jumpEqual, k: UDP, ifTrue: isUdp, ifFalse: isTcp },
    ...toTransport(isUdp, 'udp'),
    ...toTransport(isTcp, 'tcp'),
  ];
}

/** IPv6 (RFC 8200) at `base`: X walks over at most MAX_EXTENSION_HEADERS headers. */
function ipv6(base: number, options: FilterOptions): BpfLine[] {
  const lines: BpfLine[] = [{ label: `ipv6-${base}` }];
  if (!options.keepLoopback) {
    // ::1 towards ::1 is the only traffic of the loopback address; looking at the source is enough.
    for (const [index, offset] of [8, 12, 16].entries()) {
      lines.push({ op: BPF.loadWord, k: base + offset }, { op: BPF.jumpEqual, k: 0, ifTrue: NEXT, ifFalse: `far6-${base}` });
      if (index === 2) lines.push({ op: BPF.loadWord, k: base + 20 }, { op: BPF.jumpEqual, k: 1, ifTrue: 'drop', ifFalse: NEXT });
    }
    lines.push({ label: `far6-${base}` });
  }
  // loadXHeaderLength would read a byte; a constant goes through A.
  lines.push(
    { op: BPF.loadByte, k: base + 6 },
    { op: BPF.storeMemory, k: 0 },
    { op: BPF.and, k: 0 },
    { op: BPF.add, k: base + 40 },
    { op: BPF.copyAToX, k: 0 },
    { op: BPF.loadMemory, k: 0 },
  );
  for (let step = 0; step <= MAX_EXTENSION_HEADERS; step++)
    lines.push(...extensionStep(`${base}-${step}`, `step6-${base}-${step + 1}`, step === MAX_EXTENSION_HEADERS));
  return lines;
}

/** One header of the chain: its type is in A, its offset in X. */
function extensionStep(id: string, next: string, last: boolean): BpfLine[] {
  const follow = (label: string): string => (last ? 'accept' : `${label}-${id}`);
  const lines: BpfLine[] = [
    { label: `step6-${id}` },
    { op: BPF.jumpEqual, k: UDP, ifTrue: 'udp', ifFalse: NEXT },
    { op: BPF.jumpEqual, k: TCP, ifTrue: 'tcp', ifFalse: NEXT },
    { op: BPF.jumpEqual, k: 0, ifTrue: follow('options'), ifFalse: NEXT },
    { op: BPF.jumpEqual, k: 60, ifTrue: follow('options'), ifFalse: NEXT },
    { op: BPF.jumpEqual, k: 43, ifTrue: follow('options'), ifFalse: NEXT },
    { op: BPF.jumpEqual, k: 44, ifTrue: follow('fragment'), ifFalse: NEXT },
    { op: BPF.jumpEqual, k: 51, ifTrue: follow('authentication'), ifFalse: 'drop' },
  ];
  if (last) return lines;
  const advance = (label: string, length: BpfLine[]): BpfLine[] => [
    { label: `${label}-${id}` },
    { op: BPF.loadByteAtX, k: 0 },
    { op: BPF.storeMemory, k: 0 },
    ...length,
    { op: BPF.addX, k: 0 },
    { op: BPF.copyAToX, k: 0 },
    { op: BPF.loadMemory, k: 0 },
    { op: BPF.jump, to: next },
  ];
  return [
    ...lines,
    ...advance('options', [
      { op: BPF.loadByteAtX, k: 1 },
      { op: BPF.add, k: 1 },
      { op: BPF.shiftLeft, k: 3 },
    ]),
    // RFC 4302 2.2: the length counts words of 4 bytes, minus 2.
    ...advance('authentication', [
      { op: BPF.loadByteAtX, k: 1 },
      { op: BPF.add, k: 2 },
      { op: BPF.shiftLeft, k: 2 },
    ]),
    ...advance('fragment', [
      { op: BPF.loadHalfAtX, k: 2 },
      { op: BPF.jumpSet, k: 0xfff8, ifTrue: 'drop', ifFalse: NEXT },
      { op: BPF.and, k: 0 },
      { op: BPF.add, k: 8 },
    ]),
  ];
}

function transport(options: FilterOptions): BpfLine[] {
  const ports = options.dnsPorts.slice(0, MAX_DNS_PORTS);
  const isDns = ports.map((port): BpfLine => ({ op: BPF.jumpEqual, k: port, ifTrue: 'accept', ifFalse: NEXT }));
  return [
    { label: 'tcp' },
    { op: BPF.loadByteAtX, k: 13 },
    { op: BPF.and, k: 0x12 },
    { op: BPF.jumpEqual, k: 0x02, ifTrue: 'accept-syn', ifFalse: 'udp' },
    { label: 'udp' },
    { op: BPF.loadHalfAtX, k: 0 },
    ...isDns,
    { op: BPF.loadHalfAtX, k: 2 },
    ...isDns,
    { label: 'drop' },
    { op: BPF.returnValue, k: 0 },
    { label: 'accept-syn' },
    { op: BPF.returnValue, k: SYN_BYTES },
    { label: 'accept' },
    { op: BPF.returnValue, k: WHOLE_FRAME },
  ];
}
