import { readUint16 } from '../bytes.ts';
import type { PacketView } from '../frame/packet-view.ts';
import { CLASS_IN, DNS_HEADER_LENGTH } from './constants.ts';
import { skipDnsName } from './dns-name.ts';

const LENGTH_BYTES = 2;
/** A header and a question with the root's name: nothing shorter is trusted while looking for a message's beginning. */
const MIN_MESSAGE_LENGTH = DNS_HEADER_LENGTH + 5;

/**
 * Whether a segment from the middle of a connection surely begins with a message: a length, and behind it headers and
 * questions as queries and answers have them. A segment that is only the length (some clients send it by itself) passes
 * too; the message that follows is then looked at before it is given out.
 */
export function beginsWithMessage(segment: PacketView): boolean {
  const end = segment.payloadOffset + segment.payloadLength;
  let at = segment.payloadOffset;
  if (segment.payloadLength === LENGTH_BYTES) return readUint16(segment.bytes, at) >= MIN_MESSAGE_LENGTH;
  if (end - at < LENGTH_BYTES + DNS_HEADER_LENGTH) return false;
  for (;;) {
    const length = readUint16(segment.bytes, at);
    at += LENGTH_BYTES;
    const isFirst = at === segment.payloadOffset + LENGTH_BYTES;
    const isWhole = at + length <= end;
    if (length < MIN_MESSAGE_LENGTH) return false;
    if ((isFirst || isWhole) && !looksLikeMessage(segment.bytes, at, isWhole ? at + length : end)) return false;
    at += length;
    if (at + LENGTH_BYTES > end) return true;
  }
}

/** A standard query or its answer with one question of class IN, and the question is there. */
export function looksLikeMessage(bytes: Uint8Array, offset: number, end: number): boolean {
  if (offset + DNS_HEADER_LENGTH > end) return false;
  const flags = readUint16(bytes, offset + 2);
  const isResponse = (flags & 0x8000) !== 0;
  // Opcode QUERY, the reserved bit clear (RFC 1035 4.1.1), one question, and no answers in a query.
  if ((flags & 0x7840) !== 0 || readUint16(bytes, offset + 4) !== 1) return false;
  if (!isResponse && readUint16(bytes, offset + 6) !== 0) return false;
  const question = offset + DNS_HEADER_LENGTH;
  const nameEnd = skipDnsName(bytes, end, question);
  return nameEnd >= 0 && nameEnd + 4 <= end && readUint16(bytes, nameEnd + 2) === CLASS_IN;
}
