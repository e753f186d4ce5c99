/**
 * A seeded 64-bit hash over bytes, as two 32-bit halves in one reused object. Two multiply-xor lanes (constants of
 * MurmurHash3's finaliser, public domain); not cryptographic: the seed keeps senders from choosing collisions.
 */
export interface Hash64 {
  high: number;
  low: number;
}

const PRIME_HIGH = 0x85ebca6b;
const PRIME_LOW = 0xc2b2ae35;

export function startHash(hash: Hash64, seed: number): void {
  hash.high = seed | 0;
  hash.low = Math.imul(seed, 0x9e3779b1) | 0;
}

export function hashBytes(hash: Hash64, bytes: Uint8Array, offset: number, length: number): void {
  let { high, low } = hash;
  const end = offset + length;
  for (let i = offset; i < end; i++) {
    const byte = bytes[i] ?? 0;
    high = Math.imul(high ^ byte, PRIME_HIGH);
    low = Math.imul((low << 5) ^ (low >>> 27) ^ byte, PRIME_LOW);
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
  hash.high = (high ^ (high >>> 15)) >>> 0;
  hash.low = (low ^ (low >>> 16)) >>> 0;
}
