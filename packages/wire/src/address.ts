import { readUint16, readUint8 } from './bytes.ts';

const DECIMAL: readonly string[] = Array.from({ length: 256 }, (_, value) => String(value));

/**
 * Canonical text of the address at `bytes[offset]`: dotted IPv4, RFC 5952 IPv6; an IPv4-mapped IPv6 address
 * (RFC 4291 2.5.5.2) becomes the IPv4 address that it stands for.
 */
export function formatAddress(bytes: Uint8Array, offset: number, length: 4 | 16): string {
  if (length === 4) return formatIpv4(bytes, offset);
  return isIpv4Mapped(bytes, offset) ? formatIpv4(bytes, offset + 12) : formatIpv6(bytes, offset);
}

function formatIpv4(bytes: Uint8Array, offset: number): string {
  return `${decimal(bytes, offset)}.${decimal(bytes, offset + 1)}.${decimal(bytes, offset + 2)}.${decimal(bytes, offset + 3)}`;
}

function decimal(bytes: Uint8Array, at: number): string {
  return DECIMAL[readUint8(bytes, at)] as string;
}

function isIpv4Mapped(bytes: Uint8Array, offset: number): boolean {
  if (readUint16(bytes, offset + 10) !== 0xffff) return false;
  for (let at = offset; at < offset + 10; at += 2) if (readUint16(bytes, at) !== 0) return false;
  return true;
}

/** RFC 5952 4: lower case, no leading zeros, the longest run of at least two zero groups (the first of equals) as `::`. */
function formatIpv6(bytes: Uint8Array, offset: number): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let group = 0; group < 8; group += 1) {
    let length = 0;
    while (group + length < 8 && readUint16(bytes, offset + (group + length) * 2) === 0) length += 1;
    if (length > bestLength) {
      bestStart = group;
      bestLength = length;
    }
    group += length;
  }
  if (bestStart < 0) return formatGroups(bytes, offset, 0, 8);
  return `${formatGroups(bytes, offset, 0, bestStart)}::${formatGroups(bytes, offset, bestStart + bestLength, 8)}`;
}

function formatGroups(bytes: Uint8Array, offset: number, from: number, to: number): string {
  let text = '';
  for (let group = from; group < to; group += 1) {
    const digits = readUint16(bytes, offset + group * 2).toString(16);
    text = group === from ? digits : `${text}:${digits}`;
  }
  return text;
}

/** Longest text of an address (RFC 4291 2.2, form 3). */
const MAX_ADDRESS_TEXT = 45;
const DECIMAL_OCTET = /^(?:0|[1-9]\d{0,2})$/;
const HEXADECIMAL_GROUP = /^[\da-f]{1,4}$/i;

/**
 * 4 or 16 bytes of an address, or undefined when the text is none. Any RFC 4291 form is read; IPv4-mapped addresses give
 * 4 bytes. Octets with leading zeros are refused, because programs disagree whether they are octal; zones (`%eth0`) too.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length > MAX_ADDRESS_TEXT) return undefined;
  if (!text.includes(':')) {
    const octets = parseIpv4(text);
    return octets === undefined ? undefined : Uint8Array.from(octets);
  }
  const bytes = parseIpv6(text);
  return bytes !== undefined && isIpv4Mapped(bytes, 0) ? bytes.slice(12) : bytes;
}

/** The canonical text of an address in any form, or undefined when the text is none. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : formatAddress(bytes, 0, bytes.length === 4 ? 4 : 16);
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL_OCTET.test(part) && Number(part) < 256)) return undefined;
  return parts.map(Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** `mayEndInIpv4`: dotted octets may stand for the last two groups. */
function parseGroups(text: string, mayEndInIpv4: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (HEXADECIMAL_GROUP.test(part)) {
      const group = Number.parseInt(part, 16);
      bytes.push(group >> 8, group & 0xff);
      continue;
    }
    const octets = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (octets === undefined) return undefined;
    bytes.push(...octets);
  }
  return bytes;
}
