import type { CapturedFrame } from './capture-source.ts';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TAG_BYTES = 4;
const IPV6_HEADER_BYTES = 40;

/**
 * Makes a frame begin at its IP header where the kernel left a VLAN tag (2 bytes of tag, 2 of type) before it: it takes
 * only the outer one of two off, and none that software put on on the way out. The frame's type does not tell: before
 * Linux 6.10 it is the tag's, since then that of what the tag holds (packet(7), SOCK_DGRAM). So the bytes are asked:
 * a tag's type is a packet's length to who takes it for an IP header, and longer than the frame.
 */
export function dropLeftTag(frame: CapturedFrame): void {
  const { bytes, offset } = frame;
  const high = bytes[offset + 2];
  const low = bytes[offset + 3];
  if ((high === IPV4 >> 8 && low === (IPV4 & 0xff)) || (high === IPV6 >> 8 && low === (IPV6 & 0xff))) examine(frame, (high << 8) | low);
}

function examine(frame: CapturedFrame, type: number): void {
  const { bytes, offset, wireLength } = frame;
  const version = (bytes[offset + TAG_BYTES] ?? 0) >> 4;
  if (version !== (type === IPV4 ? 4 : 6) || fits(bytes, offset, wireLength)) return;
  frame.offset += TAG_BYTES;
  frame.length -= TAG_BYTES;
  frame.wireLength -= TAG_BYTES;
  frame.etherType = type;
}

/** Whether it is a whole IP packet that begins here. */
function fits(bytes: Uint8Array, offset: number, wireLength: number): boolean {
  const version = (bytes[offset] ?? 0) >> 4;
  if (version === 4) return uint16(bytes, offset + 2) <= wireLength;
  return version === 6 && IPV6_HEADER_BYTES + uint16(bytes, offset + 4) <= wireLength;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
