import { expect, test } from 'vitest';
import { FRAME_BYTES } from './packet-ring.ts';
import { BLOCK_BYTES, IDLE_RING_BYTES, LOADED_RING_BYTES } from './ring-source.ts';

/** Pages that Linux has on the architectures we run on (x64: 4 KiB; arm64: CONFIG_ARM64_4K_PAGES, _16K_, _64K_). */
test.each([
  ['x64, arm64', 4],
  ['arm64', 16],
  ['arm64', 64],
])('the ring is made of whole pages: %s, %d KiB', (_arch, kib) => {
  expect(BLOCK_BYTES % (kib * 1024)).toBe(0);
});

test('blocks hold whole frames, rings whole blocks', () => {
  expect([BLOCK_BYTES % FRAME_BYTES, IDLE_RING_BYTES % BLOCK_BYTES, LOADED_RING_BYTES % BLOCK_BYTES]).toEqual([0, 0, 0]);
});
