import { readUint16, readUint32, readUint32LittleEndian, readUint8 } from '../bytes.ts';
import type { FrameCursor, FrameReason } from './frame-cursor.ts';

/** Link types that are decoded (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcaplinktype). */
export const LINK_TYPE_NULL = 0;
export const LINK_TYPE_ETHERNET = 1;
export const LINK_TYPE_PPP = 9;
export const LINK_TYPE_PPP_HDLC = 50;
export const LINK_TYPE_RAW = 101;
export const LINK_TYPE_LOOP = 108;
export const LINK_TYPE_LINUX_SLL = 113;
export const LINK_TYPE_IPV4 = 228;
export const LINK_TYPE_IPV6 = 229;
export const LINK_TYPE_LINUX_SLL2 = 276;
/** DLT_RAW of the BSDs, which ends up in files although it should have become 101. */
const DLT_RAW_BSD = 12;
const DLT_RAW_OPENBSD = 14;

export const ETHER_TYPE_IPV4 = 0x0800;
export const ETHER_TYPE_IPV6 = 0x86dd;
const ETHER_TYPE_VLAN = 0x8100;
const ETHER_TYPE_PPPOE_SESSION = 0x8864;
/** Below this a type field is an 802.3 length (IEEE 802.3 3.2.6). */
const ETHER_TYPE_MIN = 0x0600;
/** No EtherType; what unknown PPP protocols and the like become. */
const ETHER_TYPE_NONE = 0;

/** More VLAN tags than this inside each other are not traffic that we know. */
export const MAX_VLAN_TAGS = 4;

const PPP_IPV4 = 0x21;
const PPP_IPV6 = 0x57;

/** Moves the cursor behind the link layer of `linkType` and sets `etherType`. */
export function readLinkLayer(cursor: FrameCursor, linkType: number): FrameReason | undefined {
  switch (linkType) {
    case LINK_TYPE_ETHERNET:
      return readEthernet(cursor);
    case LINK_TYPE_LINUX_SLL:
      return readCooked(cursor, 16, 14);
    case LINK_TYPE_LINUX_SLL2:
      return readCooked(cursor, 20, 0);
    case DLT_RAW_BSD:
    case DLT_RAW_OPENBSD:
    case LINK_TYPE_RAW:
    case LINK_TYPE_IPV4:
    case LINK_TYPE_IPV6:
      return readRawIp(cursor);
    case LINK_TYPE_NULL:
    case LINK_TYPE_LOOP:
      return readLoopback(cursor);
    case LINK_TYPE_PPP:
    case LINK_TYPE_PPP_HDLC:
      return readPpp(cursor);
    default:
      return 'link-type';
  }
}

export function readEthernet(cursor: FrameCursor): FrameReason | undefined {
  if (cursor.position + 14 > cursor.end) return 'truncated';
  cursor.etherType = readUint16(cursor.bytes, cursor.position + 12);
  cursor.position += 14;
  return readEtherType(cursor);
}

/** Decides by the version nibble; the link types 228 and 229 promise one version, but the header itself knows best. */
export function readRawIp(cursor: FrameCursor): FrameReason | undefined {
  if (cursor.position >= cursor.end) return 'truncated';
  const version = readUint8(cursor.bytes, cursor.position) >> 4;
  if (version === 4) cursor.etherType = ETHER_TYPE_IPV4;
  else if (version === 6) cursor.etherType = ETHER_TYPE_IPV6;
  else return 'not-ip';
  return undefined;
}

/** From the EtherType on: VLAN tags (802.1Q, 802.1ad and its predecessors), PPPoE, LLC/SNAP. */
export function readEtherType(cursor: FrameCursor): FrameReason | undefined {
  if (cursor.etherType === ETHER_TYPE_IPV4 || cursor.etherType === ETHER_TYPE_IPV6) return undefined;
  for (let tags = 0; isVlanTag(cursor.etherType); tags += 1) {
    if (tags === MAX_VLAN_TAGS) return 'too-deep';
    if (cursor.position + 4 > cursor.end) return 'truncated';
    cursor.etherType = readUint16(cursor.bytes, cursor.position + 2);
    cursor.position += 4;
  }
  if (cursor.etherType === ETHER_TYPE_PPPOE_SESSION) return readPppoe(cursor);
  if (cursor.etherType < ETHER_TYPE_MIN) return readSnap(cursor);
  return isIp(cursor.etherType) ? undefined : 'not-ip';
}

export function isIp(etherType: number): boolean {
  return etherType === ETHER_TYPE_IPV4 || etherType === ETHER_TYPE_IPV6;
}

function isVlanTag(etherType: number): boolean {
  return etherType === ETHER_TYPE_VLAN || etherType === 0x88a8 || etherType === 0x9100 || etherType === 0x9200;
}

/** LINUX_SLL and LINUX_SLL2: a fixed header that holds the EtherType; a VLAN tag may follow. */
function readCooked(cursor: FrameCursor, headerLength: number, protocolOffset: number): FrameReason | undefined {
  if (cursor.position + headerLength > cursor.end) return 'truncated';
  cursor.etherType = readUint16(cursor.bytes, cursor.position + protocolOffset);
  cursor.position += headerLength;
  // Small numbers are Linux' own (ETH_P_802_2 and the like), not 802.3 lengths.
  return cursor.etherType < ETHER_TYPE_MIN ? 'not-ip' : readEtherType(cursor);
}

/** NULL has the address family in the byte order of the machine that wrote it, LOOP in network order. */
function readLoopback(cursor: FrameCursor): FrameReason | undefined {
  if (cursor.position + 4 > cursor.end) return 'truncated';
  const bigEndian = readUint32(cursor.bytes, cursor.position);
  const family = bigEndian > 0xffff ? readUint32LittleEndian(cursor.bytes, cursor.position) : bigEndian;
  cursor.position += 4;
  if (family === 2) cursor.etherType = ETHER_TYPE_IPV4;
  // AF_INET6 of Linux, NetBSD/OpenBSD, FreeBSD and Darwin.
  else if (family === 10 || family === 24 || family === 28 || family === 30) cursor.etherType = ETHER_TYPE_IPV6;
  else return 'not-ip';
  return undefined;
}

/** RFC 1661 and RFC 1662: address and control may be left out, and the protocol may be one byte. */
function readPpp(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, end } = cursor;
  if (cursor.position + 2 <= end && (readUint16(bytes, cursor.position) === 0xff03 || readUint16(bytes, cursor.position) === 0x0f00)) {
    cursor.position += 2;
  }
  if (cursor.position + 2 > end) return 'truncated';
  const first = readUint8(bytes, cursor.position);
  const isCompressed = (first & 1) === 1;
  const protocol = isCompressed ? first : readUint16(bytes, cursor.position);
  cursor.position += isCompressed ? 1 : 2;
  cursor.etherType = protocol === PPP_IPV4 ? ETHER_TYPE_IPV4 : protocol === PPP_IPV6 ? ETHER_TYPE_IPV6 : ETHER_TYPE_NONE;
  return cursor.etherType === ETHER_TYPE_NONE ? 'not-ip' : undefined;
}

/** RFC 2516 4: six bytes, then a PPP protocol. */
function readPppoe(cursor: FrameCursor): FrameReason | undefined {
  if (cursor.position + 8 > cursor.end) return 'truncated';
  cursor.position += 6;
  return readPpp(cursor);
}

/** RFC 1042: 802.2 LLC with SNAP and no organisation carries an EtherType. */
function readSnap(cursor: FrameCursor): FrameReason | undefined {
  const { bytes, position } = cursor;
  if (position + 8 > cursor.end) return 'not-ip';
  if (readUint32(bytes, position) !== 0xaaaa0300 || readUint16(bytes, position + 4) !== 0) return 'not-ip';
  cursor.etherType = readUint16(bytes, position + 6);
  cursor.position += 8;
  return isIp(cursor.etherType) ? undefined : 'not-ip';
}
