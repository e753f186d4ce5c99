import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

/** Files of procfs are made when they are read, whole, so small ones are read at once into one reused buffer. */
const buffer = Buffer.alloc(64 * 1024);
const PID = /^[1-9][0-9]*$/;

/** The text of a small file (at most 64 KiB of it), or the error's code. */
export function readSmallFile(path: string): { readonly text: string } | { readonly error: string } {
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(fd, buffer, length, buffer.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return { text: buffer.toString('latin1', 0, length) };
  } catch (error) {
    return { error: errorCode(error) };
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** The text of a small file; empty when it cannot be read (the process has ended). */
export function readText(path: string): string {
  const read = readSmallFile(path);
  return 'text' in read ? read.text : '';
}

/** Hands out a file piece by piece; false when it cannot be read. `bytes` is reused. */
export function readPieces(path: string, onPiece: (bytes: Uint8Array, length: number) => void): boolean {
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    for (;;) {
      const read = readSync(fd, buffer, 0, buffer.length, null);
      if (read === 0) return true;
      onPiece(buffer, read);
    }
  } catch {
    return false;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** Numbers of the processes below a procfs. */
export function listPids(root: string): number[] {
  const pids: number[] = [];
  for (const name of readdirSync(root)) if (PID.test(name)) pids.push(Number(name));
  return pids;
}

/** A file of procfs of less than a page that is read again and again, and so kept open: that takes one call of the kernel instead of four. */
export class KeptFile {
  private readonly path: string;
  private fd = -1;

  constructor(path: string) {
    this.path = path;
  }

  /** Its text; empty when it cannot be read. */
  text(): string {
    try {
      if (this.fd < 0) this.fd = openSync(this.path, 'r');
      return buffer.toString('latin1', 0, readSync(this.fd, buffer, 0, buffer.length, 0));
    } catch {
      return '';
    }
  }
}

/** Number of the youngest process or thread in the text of /proc/loadavg (proc(5)), of the reader's own process namespace; empty without one. */
export function parseLastPid(loadavg: string): string {
  return loadavg.slice(loadavg.lastIndexOf(' ') + 1);
}

/** Target of a link, or the error's code. */
export function readLink(path: string): { readonly target: string } | { readonly error: string } {
  try {
    return { target: readlinkSync(path) };
  } catch (error) {
    return { error: errorCode(error) };
  }
}

/** Names in a folder; none when it cannot be read. */
export function listNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EUNKNOWN';
}
