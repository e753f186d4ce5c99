/*
 * Math.random is seeded by the kernel and its values never leave the process, or only as names that need no secrecy:
 * node:crypto would cost 3 MB on every node.
 */

/** Seed for hash tables, 1 to 2^31 - 1. */
export function randomSeed(): number {
  return 1 + Math.floor(Math.random() * 0x7fff_fffe);
}

/** A name that no other reporter has: 128 bits, hexadecimal. */
export function randomName(): string {
  const word = (): string =>
    Math.floor(Math.random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  return `${word()}${word()}${word()}${word()}`;
}
