/** Seeds of `hashSeries`, random for each process: paths are clients' text, and nobody shall be able to choose collisions. */
export interface HashSeeds {
  readonly first: number;
  readonly second: number;
}

export function createHashSeeds(): HashSeeds {
  return { first: Math.trunc(Math.random() * 4294967296) | 1, second: Math.trunc(Math.random() * 4294967296) | 1 };
}

/** A 53-bit hash of the bytes from `from` to `end`, never 0; two multiplicative hashes over words of four bytes. */
export function hashSeries(bytes: Uint8Array, from: number, end: number, seeds: HashSeeds): number {
  let first = seeds.first | 0;
  let second = seeds.second | 0;
  let at = from;
  for (; at + 4 <= end; at += 4) {
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    first = Math.imul(first ^ word, 0x9e3779b1);
    first ^= first >>> 15;
    second = Math.imul(second ^ word, 0x85ebca77);
    second ^= second >>> 13;
  }
  for (; at < end; at += 1) {
    first = Math.imul(first ^ (bytes[at] ?? 0), 0x9e3779b1);
    second = Math.imul(second ^ (bytes[at] ?? 0), 0x85ebca77);
  }
  first = Math.imul(first ^ (first >>> 16) ^ (end - from), 0xc2b2ae3d);
  second = Math.imul(second ^ (second >>> 16), 0x27d4eb2f);
  return (first >>> 0) * 2097152 + ((second ^ (second >>> 15)) >>> 11) || 1;
}
