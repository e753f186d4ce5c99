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

/** Four bytes, the first lowest. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

/** One to three bytes that end at `end`, the first lowest. */
export function lastWord(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = end - 1; i >= at; i--) word = (word << 8) | (bytes[i] as number);
  return word;
}

/**
 * Spreads a word before it goes into a hash. The second factor is secret: without it, differences between two words
 * could be chosen so that they cancel out, whatever the seed.
 */
export function spreadWord(word: number, seed: number): number {
  const spread = Math.imul(word, 0x9e3779b1);
  return Math.imul(spread ^ (spread >>> 16), seed | 1);
}

export function hashBytes(hash: Hash64, bytes: Uint8Array, offset: number, length: number, seed: number): void {
  let { high, low } = hash;
  const end = offset + length;
  let at = offset;
  for (; at + 4 <= end; at += 4) {
    const word = spreadWord(wordAt(bytes, at), seed);
    high = Math.imul(((high << 13) | (high >>> 19)) ^ word, PRIME_HIGH);
    low = Math.imul(((low << 5) | (low >>> 27)) ^ word, PRIME_LOW);
  }
  if (at < end) {
    const word = spreadWord(lastWord(bytes, at, end), seed);
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
