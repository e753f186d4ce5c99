import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@nm/core';
import { createLineSplitter } from './line-splitter.ts';

export type FileFollowError = 'log-file-unreadable';

export interface FileFollowOptions {
  readonly path: string;
  /** Also what the file holds already. */
  readonly fromStart: boolean;
  readonly pollMs: number;
}

export interface FileConsumer {
  line(text: string): void;
  /** `renamed`: a new file took the path, the old one was read to its end; `truncated`: it became shorter, or other text. */
  rotated(how: 'renamed' | 'truncated'): void;
  /** Everything written so far has been read. */
  caughtUp(): void;
}

const READ_BYTES = 64 * 1024;
/** The first bytes of a file tell whether it is still the same text after a copy-and-truncate. */
const FINGERPRINT_BYTES = 256;

/**
 * Follows a log file until the signal aborts: through rotation by renaming, through truncation, and before it exists.
 * Throws AppError `log-file-unreadable` when the file exists and cannot be read.
 */
export async function followFile(options: FileFollowOptions, consumer: FileConsumer, signal: AbortSignal): Promise<void> {
  const splitter = createLineSplitter((line) => consumer.line(line));
  const buffer = Buffer.alloc(READ_BYTES);
  let file = await openFile(options.path);
  let position = file === undefined || options.fromStart ? 0 : (await file.stat()).size;
  let fingerprint = file === undefined ? '' : await fingerprintOf(file);
  try {
    while (!signal.aborted) {
      if (file === undefined) {
        file = await openFile(options.path);
        position = 0;
        if (file !== undefined) fingerprint = await fingerprintOf(file);
      }
      if (file !== undefined) {
        const { size } = await file.stat();
        const start = await fingerprintOf(file);
        if (size < position || !start.startsWith(fingerprint)) {
          splitter.reset();
          position = 0;
          consumer.rotated('truncated');
        }
        fingerprint = start;
        position = await readOn(file, position, buffer, (chunk) => splitter.push(chunk), signal);
        const next = await nextFile(options.path, file);
        if (next !== undefined) {
          // The writer may have gone on in the old file until it noticed.
          await readOn(file, position, buffer, (chunk) => splitter.push(chunk), signal);
          splitter.end();
          await file.close();
          file = next;
          position = 0;
          fingerprint = await fingerprintOf(file);
          consumer.rotated('renamed');
          continue;
        }
        consumer.caughtUp();
      }
      await sleep(options.pollMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await file?.close();
  }
}

async function readOn(
  file: FileHandle,
  from: number,
  buffer: Buffer,
  onChunk: (chunk: Uint8Array) => void,
  signal: AbortSignal,
): Promise<number> {
  let position = from;
  while (!signal.aborted) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    onChunk(buffer.subarray(0, bytesRead));
  }
  return position;
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isDirectory()) {
      await file.close();
      throw new AppError<FileFollowError>('log-file-unreadable', `${path} is a folder; name the broker's log file.`, { fields: { path } });
    }
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof AppError) throw error;
    throw new AppError<FileFollowError>('log-file-unreadable', `The log file ${path} cannot be read: ${(error as Error).message}`, {
      fields: { path },
      cause: error,
    });
  }
}

/** The file that took the path since `file` was opened; undefined while it is the same, or none. */
async function nextFile(path: string, file: FileHandle): Promise<FileHandle | undefined> {
  const current = await openFile(path);
  if (current === undefined) return undefined;
  const [now, before] = await Promise.all([current.stat(), file.stat()]);
  if (now.ino !== before.ino || now.dev !== before.dev) return current;
  await current.close();
  return undefined;
}

async function fingerprintOf(file: FileHandle): Promise<string> {
  const buffer = Buffer.alloc(FINGERPRINT_BYTES);
  const { bytesRead } = await file.read(buffer, 0, FINGERPRINT_BYTES, 0);
  return buffer.toString('latin1', 0, bytesRead);
}
