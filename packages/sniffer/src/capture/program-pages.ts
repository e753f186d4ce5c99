import { readFileSync } from 'node:fs';
import koffi from 'koffi';

/** A stretch of memory that shows a file as it is. */
export interface FilePages {
  readonly address: bigint;
  readonly bytes: number;
}

/** asm-generic/mman-common.h */
const MADV_DONTNEED = 4;
const HEADER = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)\s/;

/**
 * Mappings of files in the text of /proc/PID/smaps (proc_pid_smaps(5)) that hold nothing but the file: not writable,
 * and no page of it was ever written, as the linker's relocations are.
 */
export function parseFilePages(smaps: string): FilePages[] {
  const found: FilePages[] = [];
  let mapping: FilePages | undefined;
  for (const line of smaps.split('\n')) {
    const header = HEADER.exec(line);
    if (header !== null) {
      const [, from = '', to = '', rights = '', inode] = header;
      const address = BigInt(`0x${from}`);
      const isFile = inode !== '0' && !rights.includes('w') && rights.endsWith('p');
      mapping = isFile ? { address, bytes: Number(BigInt(`0x${to}`) - address) } : undefined;
    } else if (mapping !== undefined && line.startsWith('Anonymous:') && line.endsWith(' 0 kB')) found.push(mapping);
  }
  return found;
}

let madvise: ((address: bigint, bytes: number, advice: number) => number) | undefined;

/**
 * Unmaps the pages of the program and its libraries; those in use come back from the page cache, the others were of use
 * at the start only. Node.js maps 50 MB of its program while it starts and goes on with a third of them. About 5 ms, and as much for the pages that come back.
 */
export function releaseProgramPages(): void {
  try {
    madvise ??= koffi.load(null).func('int madvise(uintptr_t address, size_t bytes, int advice)') as NonNullable<typeof madvise>;
    for (const { address, bytes } of parseFilePages(readFileSync('/proc/self/smaps', 'utf8'))) madvise(address, bytes, MADV_DONTNEED);
  } catch {
    // No such file: it stays as it was.
  }
}
