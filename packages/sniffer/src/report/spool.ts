import { gunzipSync, gzipSync } from 'node:zlib';
import type { DiskSpool } from './disk-spool.ts';
import { PackedReport } from './packed-report.ts';
import type { ReportMessage } from './report-protocol.ts';

export interface SpoolOptions {
  /** Compressed bytes kept in memory. */
  readonly memoryBytes: number;
  /** Rows that wait as they are, default MAX_UNPACKED_ROWS. */
  readonly unpackedRows?: number;
}

export interface SpoolStats {
  readonly messages: number;
  readonly rows: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** The last message was not taken. */
  readonly isAway: boolean;
}

/** Rows that wait as they are: what a drain of a busy node leaves, about to be sent; more than these are compressed. */
export const MAX_UNPACKED_ROWS = 32_768;

/** A message that waits; compressed unless it is about to be sent. */
interface Waiting {
  readonly sequence: number;
  readonly rows: number;
  payload: unknown;
  packed: Uint8Array | undefined;
}

/**
 * Messages that are not acknowledged yet, oldest first. While the mapper answers they wait in memory. When it does not,
 * they go to disk where there is a folder for them, so that a crash loses none, and else wait in memory up to a bound.
 * Full: the oldest is lost and counted.
 */
export class Spool {
  /** With a disk in use, only the message that is being sent. */
  private readonly waiting: Waiting[] = [];
  private bytes = 0;
  private unpackedRows = 0;
  /** The last message was not taken: what comes now will wait. */
  private isAway = false;
  private readonly disk: DiskSpool | undefined;
  private readonly options: SpoolOptions;
  private readonly onLoss: (reason: string, rows: number) => void;

  constructor(disk: DiskSpool | undefined, options: SpoolOptions, onLoss: (reason: string, rows: number) => void) {
    this.disk = disk;
    this.options = options;
    this.onLoss = onLoss;
  }

  push(message: ReportMessage): void {
    const item: Waiting = { ...message, packed: undefined };
    if (this.disk !== undefined && this.disk.size > 0 && this.toDisk(item)) return;
    if (this.waiting.length > 0 && (this.isAway || this.unpackedRows + item.rows > (this.options.unpackedRows ?? MAX_UNPACKED_ROWS)))
      this.compress(item);
    else this.unpackedRows += item.rows;
    this.waiting.push(item);
    while (this.bytes > this.options.memoryBytes && this.waiting.length > 1) this.relieve();
  }

  /** The oldest message, to be sent. */
  first(): ReportMessage | undefined {
    if (this.waiting.length === 0) this.refill();
    const item = this.waiting[0];
    if (item === undefined) return undefined;
    const payload = item.packed === undefined ? item.payload : unpack(item.packed);
    return { sequence: item.sequence, rows: item.rows, payload };
  }

  /** The oldest message is acknowledged, or will never be taken. */
  drop(sequence: number): void {
    const item = this.waiting[0];
    if (item === undefined || item.sequence !== sequence) return;
    this.waiting.shift();
    this.isAway = false;
    this.forget(item);
    this.disk?.remove(sequence);
  }

  /** Sending failed: what waits goes where a crash does not lose it. */
  keep(): void {
    this.isAway = true;
    for (const item of this.waiting.slice(1)) {
      if (item.packed !== undefined) continue;
      this.unpackedRows -= item.rows;
      this.compress(item);
    }
    while (this.waiting.length > 1) {
      const newest = this.waiting.at(-1);
      if (newest === undefined || !this.toDisk(newest)) break;
      this.waiting.pop();
      this.forget(newest);
    }
    const first = this.waiting[0];
    if (first !== undefined) this.toDisk(first);
  }

  stats(): SpoolStats {
    const inMemory = this.waiting.filter(({ sequence }) => this.disk?.has(sequence) !== true);
    return {
      messages: inMemory.length + (this.disk?.size ?? 0),
      rows: inMemory.reduce((sum, { rows }) => sum + rows, 0) + (this.disk?.rows ?? 0),
      memoryBytes: this.bytes,
      diskBytes: this.disk?.bytes ?? 0,
      isAway: this.isAway,
    };
  }

  private forget(item: Waiting): void {
    if (item.packed === undefined) this.unpackedRows -= item.rows;
    else this.bytes -= item.packed.length;
  }

  private toDisk(item: Waiting): boolean {
    if (this.disk === undefined) return false;
    return this.disk.write(item.sequence, item.rows, item.packed ?? pack(item.payload));
  }

  private compress(item: Waiting): void {
    item.packed ??= pack(item.payload);
    item.payload = undefined;
    this.bytes += item.packed.length;
  }

  /** Memory is full: the newest message goes to disk; without a disk the oldest is lost. */
  private relieve(): void {
    const newest = this.waiting.at(-1);
    if (newest !== undefined && this.toDisk(newest)) {
      this.waiting.pop();
      this.forget(newest);
      return;
    }
    const lost = this.waiting.shift();
    if (lost === undefined) return;
    this.forget(lost);
    this.onLoss('spool_full', lost.rows);
  }

  private refill(): void {
    const next = this.disk?.readFirst();
    if (next === undefined) return;
    this.waiting.push({ sequence: next.sequence, rows: next.rows, payload: undefined, packed: next.bytes });
    this.bytes += next.bytes.length;
  }
}

function pack(payload: unknown): Uint8Array {
  return gzipSync(payload instanceof PackedReport ? payload.toBytes() : JSON.stringify(payload), { level: 1 });
}

function unpack(bytes: Uint8Array): unknown {
  const unpacked = gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  return PackedReport.fromBytes(unpacked) ?? JSON.parse(unpacked.toString('utf8'));
}

const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
