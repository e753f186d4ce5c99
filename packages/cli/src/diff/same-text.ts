import { backOverSpace } from './edge-texts.ts';
import type { EdgeTexts } from './edge-texts.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
/** Longest time of RFC 3339 that a map may hold, and more. */
const MAX_TIME_LENGTH = 40;
const TIME_KEYS = ['"firstSeen"', '"lastSeen"'].map((key) => Buffer.from(key));
const COUNT_KEY = Buffer.from('"count"');

/**
 * Whether two edges are the same but for the times at which they were seen and, unless `counts`, how often. False may
 * also mean that this is not to be seen from the texts, as when fields stand in another order.
 */
export function isSameText(a: EdgeTexts, first: number, b: EdgeTexts, second: number, counts: boolean): boolean {
  const left = a.bytes;
  const right = b.bytes;
  let at = a.starts[first] ?? 0;
  let other = b.starts[second] ?? 0;
  const end = a.ends[first] ?? 0;
  const otherEnd = b.ends[second] ?? 0;
  while (at < end && other < otherEnd) {
    if (left[at] === right[other]) {
      at += 1;
      other += 1;
      continue;
    }
    // The texts before are equal, so what this place is can be told from one of them; lengths may differ from here.
    const length = lengthBefore(left, at, counts);
    if (length === undefined) return false;
    const isTime = left[at - length - 1] === QUOTE;
    at = isTime ? endOfTime(left, at) : endOfDigits(left, at);
    other = isTime ? endOfTime(right, other) : endOfDigits(right, other);
    if (at < 0 || other < 0) return false;
  }
  return at === end && other === otherEnd;
}

/** How much of a time or a count stands before this place; undefined when the place belongs to neither. */
function lengthBefore(bytes: Buffer, at: number, counts: boolean): number | undefined {
  let from = at;
  while (at - from < MAX_TIME_LENGTH && isDigit(bytes[from - 1])) from -= 1;
  if (!counts && isAfter(bytes, from, COUNT_KEY)) return at - from;
  while (at - from < MAX_TIME_LENGTH && isOfTime(bytes[from - 1])) from -= 1;
  return bytes[from - 1] === QUOTE && TIME_KEYS.some((key) => isAfter(bytes, from - 1, key)) ? at - from : undefined;
}

/** Whether a field's key and its colon stand right before: a whole key, not the end of a longer one with a quote in it. */
function isAfter(bytes: Buffer, at: number, key: Buffer): boolean {
  const colon = backOverSpace(bytes, at) - 1;
  if (bytes[colon] !== COLON) return false;
  const end = backOverSpace(bytes, colon);
  const from = end - key.length;
  const before = bytes[backOverSpace(bytes, from) - 1];
  return (before === 0x7b || before === 0x2c) && bytes.compare(key, 0, key.length, from, end) === 0;
}

/** Place of the quote that ends a time, or -1. */
function endOfTime(bytes: Buffer, from: number): number {
  let at = from;
  while (at - from < MAX_TIME_LENGTH && isOfTime(bytes[at])) at += 1;
  return bytes[at] === QUOTE ? at : -1;
}

/** Place after a number, or -1 when it goes on as a fraction. */
function endOfDigits(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return bytes[at] === 0x2c || bytes[at] === 0x7d ? at : -1;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** Digits and the signs of RFC 3339: + - . : T Z, also in lower case. */
function isOfTime(byte: number | undefined): boolean {
  return (
    isDigit(byte) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x3a ||
    byte === 0x54 ||
    byte === 0x5a ||
    byte === 0x74 ||
    byte === 0x7a
  );
}
