import type { CaptureFormat } from '@nm/wire';
import { BATCH_RECORDS } from './capture-batch.ts';
import type { CaptureBatch } from './capture-batch.ts';
import { tooMany } from './capture-error.ts';
import type { CaptureWarning } from './capture-error.ts';
import { CaptureFile } from './capture-file.ts';
import { ChunkPool } from './chunk-pool.ts';
import { RecordWindow } from './record-window.ts';

export interface OpenCapturesOptions {
  readonly signal?: AbortSignal;
  /** Records of one file may be so much out of order (ms) and are put right. Default 2,000 (rule 5). */
  readonly skewMs?: number;
  /** Called after each batch. */
  readonly onProgress?: (progress: CaptureProgress) => void;
}

export interface CaptureProgress {
  /** Bytes of the files on disk; `bytesTotal` is 0 when it cannot be known (pipes). */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly records: number;
}

export interface CaptureFileSummary {
  readonly path: string;
  readonly format: CaptureFormat | undefined;
  readonly records: number;
}

/** Records of all files, merged by time. Can be iterated once. */
export interface Captures extends AsyncIterable<CaptureBatch> {
  /** Files in the order of the paths, and what has been read of them so far. */
  readonly files: readonly CaptureFileSummary[];
  /** What was wrong with files that were read all the same; complete after the last batch. */
  readonly warnings: readonly CaptureWarning[];
}

/** Files that are merged at once; each needs a read buffer. */
export const MAX_CAPTURE_FILES = 256;
export const DEFAULT_SKEW_MS = 2000;
/** Read buffers of all files together, before records wait in them; each is at most MAX_CHUNK_BYTES. */
const READ_BUFFER_BYTES = 16_777_216;
const MAX_CHUNK_BYTES = 262_144;

/**
 * Reads pcap and pcapng files, plain or gzip'ed, in constant memory, and merges their records by time. Iteration throws
 * an AppError (CaptureFileErrorCode) before the first batch for files that cannot be read or are no captures; a file that is
 * damaged further on gives what is readable and a warning.
 */
export function openCaptures(paths: readonly string[], options: OpenCapturesOptions = {}): Captures {
  return new MergedCaptures(paths, options);
}

class MergedCaptures implements Captures {
  private opened: CaptureFile[] = [];
  private readonly paths: readonly string[];
  private readonly options: OpenCapturesOptions;
  private readonly pool: ChunkPool;
  private readonly window: RecordWindow;

  constructor(paths: readonly string[], options: OpenCapturesOptions) {
    if (paths.length > MAX_CAPTURE_FILES) throw tooMany(paths.length, MAX_CAPTURE_FILES);
    this.paths = paths;
    this.options = options;
    this.pool = new ChunkPool(Math.min(MAX_CHUNK_BYTES, Math.floor(READ_BUFFER_BYTES / Math.max(paths.length, 1))));
    this.window = new RecordWindow(this.pool);
  }

  get files(): readonly CaptureFileSummary[] {
    return this.opened.map(({ path, format, records }) => ({ path, format, records }));
  }

  get warnings(): readonly CaptureWarning[] {
    const { late } = this.window;
    const warnings = this.opened.flatMap((file) => file.warnings);
    if (late === 0) return warnings;
    const message = `${late} records were more than ${this.skewMs} ms out of order; counts near them may be off`;
    return [...warnings, { code: 'capture-out-of-order', message, count: late }];
  }

  private get skewMs(): number {
    return this.options.skewMs ?? DEFAULT_SKEW_MS;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CaptureBatch, void, undefined> {
    try {
      await this.openAll();
      for (;;) {
        this.options.signal?.throwIfAborted();
        const isAtEnd = await this.advance();
        for (;;) {
          const batch = this.window.take(this.horizon());
          if (batch.count === 0) break;
          this.report();
          yield batch;
          this.options.signal?.throwIfAborted();
        }
        if (isAtEnd) return;
      }
    } finally {
      for (const file of this.opened) await file.close();
    }
  }

  /** Opens every file and reads its first records, so that a wrong one is named before anything is given out. */
  private async openAll(): Promise<void> {
    for (const path of this.paths) this.opened.push(await CaptureFile.open(path, this.pool));
    for (const file of this.opened) await file.fill();
  }

  /** Reads until a batch is worth giving out; true when all files are at their end. */
  private async advance(): Promise<boolean> {
    for (let read = 0; read < BATCH_RECORDS && !this.window.isFull;) {
      const index = this.earliest(-1);
      const file = this.opened[index];
      if (file === undefined) return true;
      const count = this.readWhileEarliest(file, index);
      read += Math.max(count, 1);
      if (count === 0 && !this.window.isFull) await file.fill();
    }
    return false;
  }

  /** Takes records of the file that is behind until it is ahead of another, or until it needs to be read on; 0 for that. */
  private readWhileEarliest(file: CaptureFile, index: number): number {
    const { window } = this;
    const next = this.opened[this.earliest(index)]?.frontier ?? Number.POSITIVE_INFINITY;
    let count = 0;
    while (count < BATCH_RECORDS && !window.isFull && file.next()) {
      window.add(file.record, index, file.recordChunk);
      count += 1;
      if (file.frontier > next) break;
    }
    return count;
  }

  /** The file that has come least far in time and is not at its end, other than `except`; -1 for none. */
  private earliest(except: number): number {
    let best = -1;
    let bestFrontier = Number.POSITIVE_INFINITY;
    // Indexed: this runs for every record while files take turns.
    for (let index = 0; index < this.opened.length; index += 1) {
      const { frontier } = this.opened[index] as CaptureFile;
      if (index === except || frontier >= bestFrontier) continue;
      best = index;
      bestFrontier = frontier;
    }
    return best;
  }

  /** Up to here no file will bring an earlier record, unless it is further out of order than tolerated. */
  private horizon(): number {
    if (this.window.isFull) return Number.POSITIVE_INFINITY;
    const index = this.earliest(-1);
    return index < 0 ? Number.POSITIVE_INFINITY : (this.opened[index] as CaptureFile).frontier - this.skewMs;
  }

  private report(): void {
    const { onProgress } = this.options;
    if (onProgress === undefined) return;
    onProgress({
      bytesRead: this.opened.reduce((sum, file) => sum + file.bytesRead, 0),
      bytesTotal: this.opened.reduce((sum, file) => sum + file.totalBytes, 0),
      records: this.opened.reduce((sum, file) => sum + file.records, 0),
    });
  }
}
