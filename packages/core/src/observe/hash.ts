/**
 * A seeded 64-bit hash as two signed 32-bit halves in one reused object: V8 keeps signed 32-bit numbers without an
 * allocation. Two multiply-xor lanes (constants of MurmurHash3's finaliser, public domain); not cryptographic: the
 * seed keeps senders from choosing collisions.
 */
export interface Hash64 {
  high: number;
  low: number;
}

const PRIME_HIGH = 0x85ebca6b;
const PRIME_LOW = 0xc2b2ae35;

export function startHash(hash: Hash64, seed: number): void {
  hash.high = seed | 0;
  hash.low = Math.imul(seed, 0x9e3779b1);
}

let viewedBytes: Uint8Array = new Uint8Array(0);
let viewOfBytes: DataView = new DataView(viewedBytes.buffer);

/** The same bytes to be read four at a time, in one step instead of four; made once for all packets of one memory. */
export function dataViewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewedBytes) {
    viewedBytes = bytes;
    viewOfBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return viewOfBytes;
}

/** Four bytes, the first lowest; the caller has checked that they are there. */
export function wordAt(data: DataView, at: number): number {
  return data.getInt32(at, true);
}

/** One to three bytes that end at `end`, the first lowest. At least four bytes precede `end`. */
export function lastWord(data: DataView, at: number, end: number): number {
  return data.getInt32(end - 4, true) >>> ((4 - end + at) << 3);
}

/**
 * Spreads a word before it goes into a hash. The second factor is secret: without it, differences between two words
 * could be chosen so that they cancel out, whatever the seed.
 */
export function spreadWord(word: number, seed: number): number {
  const spread = Math.imul(word, 0x9e3779b1);
  return Math.imul(spread ^ (spread >>> 16), seed | 1);
}

/** @param end a multiple of four bytes behind `offset`. */
export function hashWords(hash: Hash64, data: DataView, offset: number, end: number, seed: number): void {
  let { high, low } = hash;
  for (let at = offset; at < end; at += 4) {
    const word = spreadWord(wordAt(data, at), seed);
    high = Math.imul(((high << 13) | (high >>> 19)) ^ word, PRIME_HIGH);
    low = Math.imul(((low << 5) | (low >>> 27)) ^ word, PRIME_LOW);
  }
  hash.high = high;
  hash.low = low;
}

export function hashNumber(hash: Hash64, value: number): void {
  hash.high = Math.imul(hash.high ^ value ^ (hash.high >>> 15), PRIME_HIGH);
  hash.low = Math.imul((hash.low << 7) ^ (hash.low >>> 25) ^ value, PRIME_LOW);
}

/** Spreads the last bytes over all bits; call once at the end. */
export function finishHash(hash: Hash64): void {
  let high = hash.high ^ (hash.high >>> 16);
  high = Math.imul(high, PRIME_LOW) ^ hash.low;
  let low = hash.low ^ (hash.low >>> 13);
  low = Math.imul(low, PRIME_HIGH) ^ high;
  hash.high = high ^ (high >>> 15);
  hash.low = low ^ (low >>> 16);
}
