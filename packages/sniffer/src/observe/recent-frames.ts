import type { CapturedFrame } from '../capture/capture-source.ts';

/** Frames that are remembered; copies follow each other closely. */
const PLACES = 64;
/** Shorter than the smallest ring is filled at 800,000 frames/s: what is remembered is still there. */
const WINDOW_MS = 20;
/** Lengths of the headers (RFC 791 without options, 8200). */
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
/** The least that is compared: a UDP header (RFC 768), a DNS message's number and what follows it; a TCP header (RFC 9293) is longer. */
const TRANSPORT_BYTES = 12;
/** Where the number of a DNS message and the sequence number of a segment lie behind the IP header. */
const UDP_NUMBER = 8;
const TCP_NUMBER = 4;
const TCP = 6;
const UDP = 17;

/**
 * Recognises the copy of a packet that another interface (veth, bridge, uplink) gave just before: the same but for hop
 * limit and header checksum, which routers change. Nothing is kept for this but where the earlier frame lies: its bytes
 * are compared there, in the processor's nearest cache.
 */
export class RecentFrames {
  private readonly offsets = new Int32Array(PLACES).fill(-1);
  private readonly lengths = new Int32Array(PLACES);
  private readonly times = new Float64Array(PLACES);
  private bytes: Uint8Array = new Uint8Array(0);
  private data: DataView = new DataView(this.bytes.buffer);
  private place = 0;

  /** Whether the frame is the same as one that was kept. */
  isCopy({ bytes, offset, length, at }: CapturedFrame): boolean {
    if (bytes !== this.bytes) this.begin(bytes);
    const { data } = this;
    this.place = -1;
    if (length < IPV4_BYTES + TRANSPORT_BYTES) return false;
    const isIpv4 = data.getUint8(offset) >> 4 === 4;
    const protocol = data.getUint8(offset + (isIpv4 ? 9 : 6));
    if (protocol !== UDP && protocol !== TCP) return false;
    const header = isIpv4 ? IPV4_BYTES : IPV6_BYTES;
    if (length < header + TRANSPORT_BYTES) return false;
    const ports = data.getInt32(offset + header);
    const number = data.getInt32(offset + header + (protocol === UDP ? UDP_NUMBER : TCP_NUMBER));
    const place = (Math.imul(ports ^ number, 0x9e3779b1) >>> 16) & (PLACES - 1);
    this.place = place;
    const other = this.offsets[place] as number;
    // At the same place in memory lies the frame itself: the ring went round.
    if (other < 0 || other === offset || this.lengths[place] !== length) return false;
    const age = at - (this.times[place] as number);
    return age >= 0 && age <= WINDOW_MS && (isIpv4 ? isSameIpv4(data, offset, other, length) : isSameIpv6(data, offset, other, length));
  }

  /** Keeps the frame of the last `isCopy`: whatever its copies would tell is known. */
  keep({ offset, length, at }: CapturedFrame): void {
    const { place } = this;
    if (place < 0) return;
    this.offsets[place] = offset;
    this.lengths[place] = length;
    this.times[place] = at;
  }

  /** The memory of another ring; that of the one before may be gone. */
  private begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offsets.fill(-1);
  }
}

/** RFC 791: all but time to live and header checksum (bytes 8, 10 and 11). */
function isSameIpv4(data: DataView, one: number, other: number, length: number): boolean {
  return (
    data.getInt32(one) === data.getInt32(other) &&
    data.getInt32(one + 4) === data.getInt32(other + 4) &&
    data.getUint8(one + 9) === data.getUint8(other + 9) &&
    isSame(data, one + 12, other + 12, one + length)
  );
}

/** RFC 8200: all but the hop limit (byte 7). */
function isSameIpv6(data: DataView, one: number, other: number, length: number): boolean {
  return (
    data.getInt32(one) === data.getInt32(other) &&
    data.getInt32(one + 3) === data.getInt32(other + 3) &&
    isSame(data, one + 8, other + 8, one + length)
  );
}

/** At least four bytes up to `end`. */
function isSame(data: DataView, one: number, other: number, end: number): boolean {
  let at = one;
  let from = other;
  for (; at + 4 <= end; at += 4, from += 4) if (data.getInt32(at) !== data.getInt32(from)) return false;
  return data.getInt32(end - 4) === data.getInt32(end - 4 + from - at);
}
