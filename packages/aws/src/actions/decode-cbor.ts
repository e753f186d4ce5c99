import type { Value } from './partial-json.ts';

const MAX_DEPTH = 64;
const BREAK = Symbol('break');
/** Thrown inside only: the bytes end here. */
const END = Symbol('end');

/** Reads a CBOR item (RFC 8949) whose end may be missing: complete members up to there are kept. Byte strings become ''. Never throws. */
export function decodePartialCbor(bytes: Uint8Array): Value | undefined {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes, at: 0 };
  try {
    const value = readItem(reader, 0);
    return value === BREAK ? undefined : value;
  } catch (error) {
    if (error === END || error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Reader {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  at: number;
}

function readLength(reader: Reader, info: number): number {
  if (info < 24) return info;
  const size = 1 << (info - 24);
  if (info > 27 || reader.at + size > reader.bytes.length) throw END as unknown as Error;
  const at = reader.at;
  reader.at += size;
  if (size === 1) return reader.view.getUint8(at);
  if (size === 2) return reader.view.getUint16(at);
  return size === 4 ? reader.view.getUint32(at) : Number(reader.view.getBigUint64(at));
}

function readItem(reader: Reader, depth: number): Value | typeof BREAK {
  if (depth > MAX_DEPTH || reader.at >= reader.bytes.length) throw END as unknown as Error;
  const first = reader.bytes[reader.at] ?? 0;
  reader.at += 1;
  const major = first >> 5;
  const info = first & 31;
  if (first === 0xff) return BREAK;
  const isOpen = info === 31;
  if (major === 7) return readSimple(reader, info);
  const length = isOpen ? Number.POSITIVE_INFINITY : readLength(reader, info);
  if (major === 0) return length;
  if (major === 1) return -1 - length;
  if (major === 2 || major === 3) return readText(reader, major, length, depth);
  if (major === 4) return readArray(reader, length, depth);
  if (major === 5) return readMap(reader, length, depth);
  return readItem(reader, depth + 1);
}

function readSimple(reader: Reader, info: number): Value {
  if (info === 20 || info === 21) return info === 21;
  if (info < 24) return null;
  readLength(reader, info);
  return null;
}

function readText(reader: Reader, major: number, length: number, depth: number): Value {
  if (length === Number.POSITIVE_INFINITY) {
    let text = '';
    for (let part = readItem(reader, depth + 1); part !== BREAK; part = readItem(reader, depth + 1))
      text += typeof part === 'string' ? part : '';
    return text;
  }
  if (reader.at + length > reader.bytes.length) throw END as unknown as Error;
  const bytes = reader.bytes.subarray(reader.at, reader.at + length);
  reader.at += length;
  return major === 3 ? new TextDecoder().decode(bytes) : '';
}

function readArray(reader: Reader, length: number, depth: number): Value {
  const items: Value[] = [];
  try {
    for (let index = 0; index < length; index += 1) {
      const item = readItem(reader, depth + 1);
      if (item === BREAK) break;
      items.push(item);
    }
  } catch (error) {
    if (error !== END) throw error;
  }
  return items;
}

function readMap(reader: Reader, length: number, depth: number): Value {
  const entries: Record<string, Value> = Object.create(null) as Record<string, Value>;
  try {
    for (let index = 0; index < length; index += 1) {
      const key = readItem(reader, depth + 1);
      if (key === BREAK) break;
      const value = readItem(reader, depth + 1);
      if (typeof key === 'string' && value !== BREAK) entries[key] = value;
    }
  } catch (error) {
    if (error !== END) throw error;
  }
  return entries;
}
