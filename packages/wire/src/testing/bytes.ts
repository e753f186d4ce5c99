/** Joins bytes, byte lists and hexadecimal text (spaces allowed). */
export function bytesOf(...parts: readonly (Uint8Array | readonly number[] | string)[]): Uint8Array {
  const lists = parts.map((part) => (typeof part === 'string' ? hexToBytes(part) : part));
  const bytes = new Uint8Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    bytes.set(list, at);
    at += list.length;
  }
  return bytes;
}

export function uint16(value: number): readonly number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

export function uint32(value: number): readonly number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

export function uint16LittleEndian(value: number): readonly number[] {
  return uint16(value).toReversed();
}

export function uint32LittleEndian(value: number): readonly number[] {
  return uint32(value).toReversed();
}

/** A frame inside a larger buffer whose other bytes are poison: whoever reads them gives other results for other poison. */
export function poisoned(
  frame: Uint8Array,
  poison: number,
): { readonly bytes: Uint8Array; readonly offset: number; readonly length: number } {
  const margin = 64;
  const bytes = new Uint8Array(frame.length + 2 * margin).fill(poison);
  bytes.set(frame, margin);
  return { bytes, offset: margin, length: frame.length };
}

function hexToBytes(text: string): readonly number[] {
  return (text.match(/[\da-f]{2}/gi) ?? []).map((pair) => Number.parseInt(pair, 16));
}
