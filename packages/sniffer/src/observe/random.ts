import { readFileSync } from 'node:fs';

/** The kernel's generator (random(4)), as a UUID each time that it is read: loading node:crypto would cost every node 1 MB. */
const KERNEL_UUID = '/proc/sys/kernel/random/uuid';

/** Seed for hash tables that nobody outside can guess, 1 to 2^31 - 1. */
export function randomSeed(): number {
  return (Number.parseInt(randomName().slice(0, 8), 16) >>> 1) | 1;
}

/** A UUID of version 4 (RFC 9562): a name that no other reporter has. */
export function randomName(): string {
  return readFileSync(KERNEL_UUID, 'latin1').trim();
}
