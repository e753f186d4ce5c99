import { readUint16, readUint32, readUint8 } from '../bytes.ts';
import type { FrameCursor, FrameReason } from './frame-cursor.ts';

/** More extension headers than this in one packet are an attack or noise (RFC 8200 4.1 knows six kinds, each once or twice). */
const MAX_EXTENSION_HEADERS = 8;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;

/** RFC 791. Sets addresses, protocol and end; a first fragment passes, a later one is `fragment`. */
export function readIpv4(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, position } = cursor;
  if (position + 20 > cursor.end) return 'truncated';
  const first = readUint8(bytes, position);
  const headerLength = (first & 0x0f) * 4;
  if (first >> 4 !== 4 || headerLength < 20) return 'malformed';
  const totalLength = readUint16(bytes, position + 2);
  // Length 0: the card's segmentation offload had not filled it in yet when the packet was captured.
  if (totalLength !== 0) {
    if (totalLength < headerLength) return 'malformed';
    if (position + totalLength < cursor.end) cursor.end = position + totalLength;
  }
  if (position + headerLength > cursor.end) return 'truncated';
  cursor.family = 4;
  cursor.sourceOffset = position + 12;
  cursor.destinationOffset = position + 16;
  cursor.protocol = readUint8(bytes, position + 9);
  cursor.position = position + headerLength;
  if ((readUint16(bytes, position + 6) & 0x1fff) !== 0) return 'fragment';
  return cursor.protocol === AUTHENTICATION ? readExtensionHeaders(cursor) : undefined;
}

/** RFC 8200, extension headers included. */
export function readIpv6(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, position } = cursor;
  if (position + 40 > cursor.end) return 'truncated';
  if (readUint8(bytes, position) >> 4 !== 6) return 'malformed';
  const payloadLength = readUint16(bytes, position + 4);
  // Length 0: segmentation offload, or a jumbogram (RFC 2675).
  if (payloadLength !== 0 && position + 40 + payloadLength < cursor.end) cursor.end = position + 40 + payloadLength;
  cursor.family = 6;
  cursor.sourceOffset = position + 8;
  cursor.destinationOffset = position + 24;
  cursor.protocol = readUint8(bytes, position + 6);
  cursor.position = position + 40;
  return isExtensionHeader(cursor.protocol) ? readExtensionHeaders(cursor) : undefined;
}

function isExtensionHeader(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

function readExtensionHeaders(cursor: FrameCursor): FrameReason | undefined {
  const { bytes } = cursor;
  for (let count = 0; isExtensionHeader(cursor.protocol); count += 1) {
    if (count === MAX_EXTENSION_HEADERS) return 'too-deep';
    const { position, protocol } = cursor;
    if (position + 8 > cursor.end) return 'truncated';
    if (protocol === FRAGMENT && (readUint32(bytes, position) & 0xfff8) !== 0) return 'fragment';
    const length = readUint8(bytes, position + 1);
    // RFC 8200 4.2 counts in 8 bytes without the first; RFC 4302 2.2 in 4 bytes minus 2; a fragment header is always 8.
    const headerLength = protocol === FRAGMENT ? 8 : protocol === AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
    if (position + headerLength > cursor.end) return 'truncated';
    cursor.protocol = readUint8(bytes, position);
    cursor.position = position + headerLength;
  }
  return undefined;
}
