/** A file, folder or link of an archive; a target makes it a link. */
export interface CpioEntry {
  readonly path: string;
  /** Permissions. */
  readonly mode: number;
  readonly bytes?: Buffer;
  readonly target?: string;
}

/* stat(2). */
const FOLDER = 0o040000;
const FILE = 0o100000;
const LINK = 0o120000;

/** An archive as Linux takes for its first file system: cpio, "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  const pieces: Buffer[] = [];
  let number = 1;
  const add = (path: string, mode: number, bytes: Buffer): void => {
    // Magic, then 13 fields of 8 hexadecimal digits.
    const fields = [number++, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, path.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${path}\0`;
    pieces.push(Buffer.from(header.padEnd(align(header.length), '\0'), 'latin1'), bytes, Buffer.alloc(align(bytes.length) - bytes.length));
  };
  const folders = new Set<string>();
  for (const { path, mode, bytes, target } of entries) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (!folders.has(folder)) add(folder, FOLDER | 0o755, Buffer.alloc(0));
      folders.add(folder);
    }
    if (target !== undefined) add(path, LINK | 0o777, Buffer.from(target));
    else if (bytes === undefined) add(path, FOLDER | mode, Buffer.alloc(0));
    else add(path, FILE | mode, bytes);
  }
  add('TRAILER!!!', 0, Buffer.alloc(0));
  return Buffer.concat(pieces);
}

function align(length: number): number {
  return Math.ceil(length / 4) * 4;
}
