import { hashNumber, lastWord, spreadWord, wordAt } from './hash.ts';
import type { Hash64 } from './hash.ts';

/** RFC 1035 4.1.1: the header is 12 bytes. */
export const DNS_HEADER_BYTES = 12;
/** RFC 1035 2.3.4: a name has at most 255 octets, a label 63. */
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;

/**
 * Adds the first question (name folded to lower case, RFC 4343; type; class) to `hash` and returns the offset behind
 * it, or -1 when it is malformed. A question's name has no compression pointer: nothing stands before it.
 */
export function hashQuestion(hash: Hash64, data: DataView, offset: number, end: number, seed: number): number {
  const start = offset + DNS_HEADER_BYTES;
  const nameEnd = endOfName(data, start, Math.min(end, start + MAX_NAME_BYTES));
  if (nameEnd < 0 || nameEnd + 4 > end) return -1;
  let { high, low } = hash;
  for (let at = start; at < nameEnd; at += 4) {
    const text = at + 4 <= nameEnd ? wordAt(data, at) : lastWord(data, at, nameEnd);
    const word = spreadWord(toLowerCase(text), seed);
    high = Math.imul(((high << 13) | (high >>> 19)) ^ word, 0x85ebca6b);
    low = Math.imul(((low << 5) | (low >>> 27)) ^ word, 0xc2b2ae35);
  }
  hash.high = high;
  hash.low = low;
  hashNumber(hash, wordAt(data, nameEnd));
  return nameEnd + 4;
}

/** Offset behind the name's last label, or -1 when it does not end before `limit`. */
function endOfName(data: DataView, start: number, limit: number): number {
  let at = start;
  while (at < limit) {
    const length = data.getUint8(at);
    if (length > MAX_LABEL_BYTES) return -1;
    at += length + 1;
    if (length === 0) return at;
  }
  return -1;
}

/** Folds the ASCII capitals among four bytes at once; lengths of labels are below all letters. */
function toLowerCase(word: number): number {
  const sevenBits = word & 0x7f7f7f7f;
  const isFromA = sevenBits + 0x3f3f3f3f;
  const isBeyondZ = sevenBits + 0x25252525;
  return word | ((isFromA & ~isBeyondZ & ~word & 0x80808080) >>> 2);
}

/** Type of the question that ends at `questionEnd`. */
export function questionType(data: DataView, questionEnd: number): number {
  return data.getUint16(questionEnd - 4);
}

/** Records of one answer that take part in its hash; the rest of a longer answer is not looked at. */
const MAX_HASHED_RECORDS = 128;

/**
 * Adds the answer section to `hash`, whatever the order of its records and without their TTLs: servers rotate the
 * one and count down the other, and both leave the answer the same. False when it is malformed.
 */
export function hashAnswers(hash: Hash64, data: DataView, questionEnd: number, end: number, count: number, seed: number): boolean {
  let at = questionEnd;
  let sumHigh = 0;
  let sumLow = 0;
  for (let record = 0; record < count && record < MAX_HASHED_RECORDS; record++) {
    at = skipName(data, at, end);
    if (at < 0 || at + 10 > end) return false;
    const dataEnd = at + 10 + data.getUint16(at + 8);
    if (dataEnd > end) return false;
    let high = data.getUint8(at + 1) ^ (dataEnd - at) ^ 0x2545f491;
    let low = data.getUint8(at) ^ 0x27220a95;
    for (let i = at + 10; i < dataEnd; i += 4) {
      const word = spreadWord(i + 4 <= dataEnd ? wordAt(data, i) : lastWord(data, i, dataEnd), seed);
      high = Math.imul(((high << 13) | (high >>> 19)) ^ word, 0x85ebca6b);
      low = Math.imul(((low << 5) | (low >>> 27)) ^ word, 0xc2b2ae35);
    }
    sumHigh = (sumHigh + (high ^ (high >>> 15))) | 0;
    sumLow = (sumLow + (low ^ (low >>> 13))) | 0;
    at = dataEnd;
  }
  hashNumber(hash, sumHigh);
  hashNumber(hash, sumLow);
  return true;
}

function skipName(data: DataView, offset: number, end: number): number {
  let at = offset;
  while (at < end) {
    const length = data.getUint8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > MAX_LABEL_BYTES) return -1;
    at += length + 1;
  }
  return -1;
}
