/**
 * What a 64-bit little-endian ELF program asks of the dynamic linker (System V ABI, "Program Loading and Dynamic
 * Linking"): enough to gather the files of an image for another architecture, whose own `ldd` cannot run here.
 */
export interface ElfNeeds {
  /** PT_INTERP: path of the dynamic linker; absent in libraries. */
  readonly interpreter?: string;
  /** DT_NEEDED: file names of libraries. */
  readonly libraries: readonly string[];
}

const MAGIC = 0x7f454c46;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DYNAMIC_BYTES = 16;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** @throws Error for what is no 64-bit little-endian ELF file, or names an address outside of it. */
export function decodeElfNeeds(file: Buffer): ElfNeeds {
  if (file.length < 64 || file.readUInt32BE(0) !== MAGIC || file[4] !== 2 || file[5] !== 1)
    throw new Error('no 64-bit little-endian ELF file');
  const segments = decodeSegments(file);
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  return {
    ...(interpreter !== undefined && { interpreter: textAt(file, interpreter.offset) }),
    libraries: decodeLibraries(file, segments),
  };
}

function decodeSegments(file: Buffer): readonly Segment[] {
  const start = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      bytes: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

function decodeLibraries(file: Buffer, segments: readonly Segment[]): readonly string[] {
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const entries = Array.from({ length: Math.floor(dynamic.bytes / DYNAMIC_BYTES) }, (_, index) => ({
    tag: file.readBigInt64LE(dynamic.offset + index * DYNAMIC_BYTES),
    value: Number(file.readBigUInt64LE(dynamic.offset + index * DYNAMIC_BYTES + 8)),
  }));
  const names = entries.find(({ tag }) => tag === DT_STRTAB);
  if (names === undefined) return [];
  // The table of names is given by its address in memory.
  const loaded = segments.find(({ type, address, bytes }) => type === PT_LOAD && names.value >= address && names.value < address + bytes);
  if (loaded === undefined) throw new Error('the names of libraries are outside of the file');
  const start = names.value - loaded.address + loaded.offset;
  return entries.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => textAt(file, start + value));
}

function textAt(file: Buffer, start: number): string {
  return file.toString('latin1', start, file.indexOf(0, start));
}
