import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { AppError } from '@nm/core';
import type { Logger } from '@nm/core';
import type { SnifferErrorCode } from '../service/sniffer-errors.ts';

export interface DiskSpoolOptions {
  readonly folder: string;
  /** All files together; beyond it the oldest is lost. */
  readonly maxBytes: number;
}

/** Files at most, so that an outage with little traffic cannot fill the folder's inodes. */
export const MAX_SPOOL_FILES = 16_384;

export interface DiskSpoolState {
  /** Identity of this reporter, as long as the folder lives. */
  readonly instance: string;
  /** Sequences up to here may have been used before. */
  readonly reserved: number;
  /** A process uses the folder, or was killed while it did: it sets this to false when it stops. */
  readonly isInUse: boolean;
}

/*
 * One file per message, `SEQUENCE.report`: magic, rows, length and CRC-32 of the payload (little endian), payload.
 * It is written under another name and renamed: a crash leaves a whole file or none. What does not check is counted
 * and removed.
 */
const MAGIC = 0x316d6e72;
const HEADER_BYTES = 16;
const FILE = /^(\d{16})\.report$/;
const STATE_FILE = 'state.json';

interface Entry {
  readonly bytes: number;
  readonly rows: number;
}

/** Messages in a folder, by sequence. */
export class DiskSpool {
  bytes = 0;
  rows = 0;
  private readonly options: DiskSpoolOptions;
  private readonly log: Logger;
  private readonly onLoss: (reason: string, rows: number) => void;
  private last = 0;
  private readonly entries = new Map<number, Entry>();

  /** Opens the folder and finds what an earlier process left. @throws AppError spool-unusable. */
  constructor(options: DiskSpoolOptions, log: Logger, onLoss: (reason: string, rows: number) => void) {
    this.options = options;
    this.log = log;
    this.onLoss = onLoss;
    try {
      makeFolder(options.folder);
      const names = readdirSync(options.folder).toSorted();
      for (const name of names) this.adopt(name);
    } catch (cause) {
      throw new AppError<SnifferErrorCode>(
        'spool-unusable',
        `the folder ${options.folder} of --spool-dir cannot be used: ${String(cause)}; give a writable folder or leave the option out`,
        {
          cause,
        },
      );
    }
  }

  get size(): number {
    return this.entries.size;
  }

  state(): DiskSpoolState | undefined {
    try {
      const value: unknown = JSON.parse(readFileSync(`${this.options.folder}/${STATE_FILE}`, 'utf8'));
      if (typeof value !== 'object' || value === null || !('instance' in value) || !('reserved' in value)) return undefined;
      const { instance, reserved } = value;
      const isInUse = 'isInUse' in value && value.isInUse === true;
      return typeof instance === 'string' && typeof reserved === 'number' ? { instance, reserved, isInUse } : undefined;
    } catch {
      return undefined;
    }
  }

  writeState(state: DiskSpoolState): void {
    this.writeWhole(STATE_FILE, Buffer.from(JSON.stringify(state)));
  }

  /** Remembers that until `at` (ms since the epoch) everything was in a report. */
  markReported(at: number): void {
    try {
      utimesSync(`${this.options.folder}/${STATE_FILE}`, at / 1_000, at / 1_000);
    } catch {
      // There is no such file before the first report.
    }
  }

  /** What `markReported` was told last, by this process or the one before it. */
  reportedUntil(): number | undefined {
    return statSync(`${this.options.folder}/${STATE_FILE}`, { throwIfNoEntry: false })?.mtimeMs;
  }

  has(sequence: number): boolean {
    return this.entries.has(sequence);
  }

  /** False when it could not be written; the caller still has it then. */
  write(sequence: number, rows: number, payload: Uint8Array): boolean {
    if (this.entries.has(sequence)) return true;
    const bytes = HEADER_BYTES + payload.length;
    while (this.entries.size > 0 && (this.bytes + bytes > this.options.maxBytes || this.entries.size >= MAX_SPOOL_FILES)) this.loseOldest();
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(rows, 4);
    header.writeUInt32LE(payload.length, 8);
    header.writeUInt32LE(crc32(payload), 12);
    if (!this.writeWhole(fileName(sequence), Buffer.concat([header, payload]))) return false;
    this.add(sequence, { bytes, rows });
    return true;
  }

  /** The oldest message; it stays until `remove`. */
  readFirst(): { readonly sequence: number; readonly rows: number; readonly bytes: Uint8Array } | undefined {
    for (const [sequence, entry] of this.entries) {
      const payload = this.read(sequence);
      if (payload !== undefined) return { sequence, rows: entry.rows, bytes: payload };
      this.remove(sequence);
      this.onLoss('spool_corrupt', entry.rows);
    }
    return undefined;
  }

  remove(sequence: number): void {
    const entry = this.entries.get(sequence);
    if (entry === undefined) return;
    this.entries.delete(sequence);
    this.bytes -= entry.bytes;
    this.rows -= entry.rows;
    rmSync(`${this.options.folder}/${fileName(sequence)}`, { force: true });
  }

  private read(sequence: number): Uint8Array | undefined {
    try {
      const file = readFileSync(`${this.options.folder}/${fileName(sequence)}`);
      if (file.length < HEADER_BYTES || file.readUInt32LE(0) !== MAGIC) return undefined;
      const payload = file.subarray(HEADER_BYTES);
      return file.readUInt32LE(8) === payload.length && file.readUInt32LE(12) === crc32(payload) ? payload : undefined;
    } catch {
      return undefined;
    }
  }

  private adopt(name: string): void {
    const path = `${this.options.folder}/${name}`;
    const match = FILE.exec(name);
    if (match === null) {
      if (name.endsWith('.new')) rmSync(path, { force: true });
      return;
    }
    const head = readFileSync(path).subarray(0, HEADER_BYTES);
    const rows = head.length === HEADER_BYTES ? head.readUInt32LE(4) : 0;
    this.add(Number(match[1]), { bytes: statSync(path).size, rows });
  }

  private add(sequence: number, entry: Entry): void {
    this.entries.set(sequence, entry);
    if (sequence < this.last) this.sort();
    else this.last = sequence;
    this.bytes += entry.bytes;
    this.rows += entry.rows;
  }

  /** Messages must leave in the order of their sequence: the mapper takes a lower one for a repeat. */
  private sort(): void {
    const sorted = [...this.entries].toSorted(([a], [b]) => a - b);
    this.entries.clear();
    for (const [sequence, entry] of sorted) this.entries.set(sequence, entry);
  }

  private loseOldest(): void {
    const oldest = this.entries.entries().next();
    if (oldest.done === true) return;
    const [sequence, { rows }] = oldest.value;
    this.remove(sequence);
    this.onLoss('spool_full', rows);
  }

  private writeWhole(name: string, content: Uint8Array): boolean {
    const path = `${this.options.folder}/${name}`;
    try {
      writeFileSync(`${path}.new`, content, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      return true;
    } catch (error) {
      this.log.warn('spool cannot be written', { path, error: String(error) });
      return false;
    }
  }
}

/** Level by level: where the kernel says that a new folder is not there (procfs), Node's own recursion never ends. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another sniffer made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function fileName(sequence: number): string {
  return `${String(sequence).padStart(16, '0')}.report`;
}
