import { readUint8 } from '../bytes.ts';
import { DNS_HEADER_LENGTH, MAX_NAME_OCTETS } from './constants.ts';

const DOT = 0x2e;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

/** Multiplier of the 32-bit FNV hash. */
const HASH_PRIME = 0x01000193;

/** Lower case of each octet, ASCII only (RFC 4343 3). */
const LOWER = Uint8Array.from({ length: 256 }, (_, octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet));
/** 0: stands for itself; 1: `\.` or `\\`; 2: `\DDD` (RFC 1035 5.1). Space and controls, and everything above `~`, is unusual. */
const ESCAPE = Uint8Array.from({ length: 256 }, (_, octet) => {
  if (octet === DOT || octet === BACKSLASH) return 1;
  return octet <= 0x20 || octet >= 0x7f ? 2 : 0;
});

/**
 * Reads names of one message, compression included. A pointer must lead to before the run of labels that it ends
 * (RFC 1035 4.1.4: "a prior occurrence"), so there is no loop to guard against, and no name costs more than 255 octets.
 */
export class DnsNameReader {
  /** Offset behind the name that was read last. */
  end = 0;
  /** What `hashDnsName` gives for it. */
  hash = 0;
  private readonly codes: number[] = [];

  /**
   * Text of the name at `position` in the message `bytes[start … limit)`: lower case, escaped, no final dot, '' for the
   * root. undefined when it is malformed.
   */
  read(bytes: Uint8Array, start: number, limit: number, position: number): string | undefined {
    const { codes } = this;
    let count = 0;
    let hash = 0;
    let octets = 1;
    let run = position;
    let at = position;
    let end = -1;
    for (;;) {
      if (at >= limit) return undefined;
      const length = readUint8(bytes, at);
      if (length === 0) break;
      if (length >= 0xc0) {
        if (at + 2 > limit) return undefined;
        const target = start + (((length & 0x3f) << 8) | readUint8(bytes, at + 1));
        if (target >= run || target < start + DNS_HEADER_LENGTH) return undefined;
        if (end < 0) end = at + 2;
        run = target;
        at = target;
        continue;
      }
      octets += length + 1;
      if (length > 63 || octets > MAX_NAME_OCTETS || at + 1 + length > limit) return undefined;
      if (count > 0) codes[count++] = DOT;
      hash = Math.imul(hash ^ length, HASH_PRIME);
      for (const labelEnd = at + length; at < labelEnd;) {
        at += 1;
        const octet = readUint8(bytes, at);
        const lower = LOWER[octet] as number;
        const escape = ESCAPE[octet];
        hash = Math.imul(hash ^ lower, HASH_PRIME);
        if (escape === 0) codes[count++] = lower;
        else if (escape === 1) {
          codes[count++] = BACKSLASH;
          codes[count++] = octet;
        } else count = pushDecimal(codes, count, octet);
      }
      at += 1;
    }
    this.end = end < 0 ? at + 1 : end;
    this.hash = hash & 0x7fffffff;
    // One call with all the codes makes a flat string; adding characters one by one costs three times as much.
    codes.length = count;
    return String.fromCharCode.apply(null, codes);
  }
}

function pushDecimal(codes: number[], count: number, octet: number): number {
  codes[count] = BACKSLASH;
  codes[count + 1] = ZERO + Math.floor(octet / 100);
  codes[count + 2] = ZERO + (Math.floor(octet / 10) % 10);
  codes[count + 3] = ZERO + (octet % 10);
  return count + 4;
}

/** Offset behind the name at `position`, or -1. What a pointer leads to is not looked at. */
export function skipDnsName(bytes: Uint8Array, limit: number, position: number): number {
  let at = position;
  while (at < limit) {
    const length = readUint8(bytes, at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= limit ? at + 2 : -1;
    if (length > 63 || at - position + length > MAX_NAME_OCTETS) return -1;
    at += length + 1;
  }
  return -1;
}

/**
 * Hash of the name at `position`, the same for names that are equal without regard to case and however they are
 * compressed; -1 when it is malformed. Otherwise a number from 0 to 2^31-1.
 */
export function hashDnsName(bytes: Uint8Array, start: number, limit: number, position: number): number {
  let hash = 0;
  let octets = 1;
  let run = position;
  let at = position;
  for (;;) {
    if (at >= limit) return -1;
    const length = readUint8(bytes, at);
    if (length === 0) return hash & 0x7fffffff;
    if (length >= 0xc0) {
      if (at + 2 > limit) return -1;
      const target = start + (((length & 0x3f) << 8) | readUint8(bytes, at + 1));
      if (target >= run || target < start + DNS_HEADER_LENGTH) return -1;
      run = target;
      at = target;
      continue;
    }
    octets += length + 1;
    if (length > 63 || octets > MAX_NAME_OCTETS || at + 1 + length > limit) return -1;
    hash = Math.imul(hash ^ length, HASH_PRIME);
    for (const labelEnd = at + length; at < labelEnd;) {
      at += 1;
      hash = Math.imul(hash ^ (LOWER[readUint8(bytes, at)] as number), HASH_PRIME);
    }
    at += 1;
  }
}

/** Whether two names that were found well-formed are equal without regard to case (RFC 4343). */
export function equalDnsNames(bytes: Uint8Array, start: number, left: number, right: number): boolean {
  let a = left;
  let b = right;
  for (;;) {
    a = followPointers(bytes, start, a);
    b = followPointers(bytes, start, b);
    if (a === b) return true;
    const length = readUint8(bytes, a);
    if (length !== readUint8(bytes, b)) return false;
    if (length === 0) return true;
    for (let index = 1; index <= length; index += 1) {
      if (LOWER[readUint8(bytes, a + index)] !== LOWER[readUint8(bytes, b + index)]) return false;
    }
    a += length + 1;
    b += length + 1;
  }
}

function followPointers(bytes: Uint8Array, start: number, position: number): number {
  let at = position;
  while (readUint8(bytes, at) >= 0xc0) at = start + (((readUint8(bytes, at) & 0x3f) << 8) | readUint8(bytes, at + 1));
  return at;
}
