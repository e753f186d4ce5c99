/** Big-endian and signed, because V8 keeps every signed 32-bit number without an allocation; 0 for bytes that are not there. */
export function readInt32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 24) | ((bytes[offset + 1] ?? 0) << 16) | ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0);
}
