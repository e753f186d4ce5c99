import { readUint16, readUint32, readUint8 } from '../bytes.ts';
import type { FrameCursor, FrameReason } from './frame-cursor.ts';
import { ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, isIp, readEtherType, readEthernet, readRawIp } from './link-layer.ts';

const TRANSPARENT_ETHERNET = 0x6558;
const ERSPAN_I_II = 0x88be;
const ERSPAN_III = 0x22eb;
/** ERSPAN type III frame type of a packet without Ethernet header. */
const ERSPAN_FRAME_IP = 2;

const VXLAN_VNI_VALID = 0x08;
const VXLAN_NEXT_PROTOCOL = 0x04;
const VXLAN_GROUP_POLICY = 0x80;

/**
 * VXLAN (RFC 7348), with its group policy and generic protocol extensions. `malformed` when it is some other datagram
 * that happens to use the port.
 */
export function readVxlan(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, position } = cursor;
  if (position + 8 > cursor.end) return 'malformed';
  const flags = readUint8(bytes, position);
  if ((flags & VXLAN_VNI_VALID) === 0 || readUint8(bytes, position + 7) !== 0) return 'malformed';
  cursor.position = position + 8;
  switch (flags & ~VXLAN_VNI_VALID) {
    case 0:
      return readUint32(bytes, position) === 0x08000000 ? readEthernet(cursor) : 'malformed';
    case VXLAN_GROUP_POLICY:
      // Only "don't learn" and "applied" are defined in the second byte; two bytes of group follow.
      return (readUint8(bytes, position + 1) & ~0x48) === 0 ? readEthernet(cursor) : 'malformed';
    case VXLAN_NEXT_PROTOCOL:
      return readUint16(bytes, position + 1) === 0 ? readVxlanNext(cursor, readUint8(bytes, position + 3)) : 'malformed';
    default:
      return 'malformed';
  }
}

function readVxlanNext(cursor: FrameCursor, protocol: number): FrameReason | undefined {
  if (protocol === 3) return readEthernet(cursor);
  if (protocol !== 1 && protocol !== 2) return 'malformed';
  cursor.etherType = protocol === 1 ? ETHER_TYPE_IPV4 : ETHER_TYPE_IPV6;
  return undefined;
}

/** Geneve (RFC 8926 3.4). */
export function readGeneve(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, position } = cursor;
  if (position + 8 > cursor.end) return 'malformed';
  const first = readUint8(bytes, position);
  const isReservedClear = (readUint8(bytes, position + 1) & 0x3f) === 0 && readUint8(bytes, position + 7) === 0;
  if (first >> 6 !== 0 || !isReservedClear) return 'malformed';
  cursor.position = position + 8 + (first & 0x3f) * 4;
  if (cursor.position > cursor.end) return 'malformed';
  cursor.etherType = readUint16(bytes, position + 2);
  if (cursor.etherType === TRANSPARENT_ETHERNET) return readEthernet(cursor);
  return isIp(cursor.etherType) ? undefined : 'malformed';
}

/** GRE (RFC 2784, RFC 2890) and what it carries: IP, Ethernet, ERSPAN. */
export function readGre(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, position } = cursor;
  if (position + 4 > cursor.end) return 'truncated';
  const flags = readUint16(bytes, position);
  const protocol = readUint16(bytes, position + 2);
  // Version 1 is PPTP; source routing (RFC 1701) went out of use.
  if ((flags & 0x0007) !== 0 || (flags & 0x4000) !== 0) return 'protocol';
  const hasSequence = (flags & 0x1000) !== 0;
  cursor.position = position + 4 + ((flags & 0x8000) !== 0 ? 4 : 0) + ((flags & 0x2000) !== 0 ? 4 : 0) + (hasSequence ? 4 : 0);
  if (cursor.position > cursor.end) return 'truncated';
  switch (protocol) {
    case TRANSPARENT_ETHERNET:
      return readEthernet(cursor);
    case ERSPAN_I_II:
      return readErspan(cursor, hasSequence);
    case ERSPAN_III:
      return readErspanIii(cursor);
    default:
      cursor.etherType = protocol;
      return readEtherType(cursor);
  }
}

/** Type I has no header of its own and no GRE sequence number; type II has both (draft-foschiano-erspan 4.1, 4.2). */
function readErspan(cursor: FrameCursor, hasSequence: boolean): FrameReason | undefined {
  if (!hasSequence) return readEthernet(cursor);
  if (cursor.position + 8 > cursor.end) return 'truncated';
  if (readUint8(cursor.bytes, cursor.position) >> 4 !== 1) return 'malformed';
  cursor.position += 8;
  return readEthernet(cursor);
}

/** draft-foschiano-erspan 4.3: 12 bytes, and 8 more when the last bit says so. */
function readErspanIii(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, position } = cursor;
  if (position + 12 > cursor.end) return 'truncated';
  if (readUint8(bytes, position) >> 4 !== 2) return 'malformed';
  const flags = readUint16(bytes, position + 10);
  cursor.position = position + ((flags & 1) === 0 ? 12 : 20);
  if (cursor.position > cursor.end) return 'truncated';
  return ((flags >> 10) & 0x1f) === ERSPAN_FRAME_IP ? readRawIp(cursor) : readEthernet(cursor);
}
