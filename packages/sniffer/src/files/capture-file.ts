import { createCaptureDecoder } from '@nm/wire';
import type { CaptureDecoder, CaptureFormat, CaptureProblemReason, CaptureRecord } from '@nm/wire';
import { notRecognised } from './capture-error.ts';
import type { CaptureWarning } from './capture-error.ts';
import type { Chunk, ChunkPool } from './chunk-pool.ts';
import { openChunkSource } from './chunk-source.ts';
import type { ChunkSource } from './chunk-source.ts';

const PROBLEM_TEXTS: Readonly<Record<Exclude<CaptureProblemReason, 'not-a-capture'>, string>> = {
  'record-too-long': 'a record claims more bytes than any capture holds',
  'bad-block': 'the lengths of a block contradict each other',
  'bad-section': 'a section header is damaged or of an unknown version',
  'too-many-interfaces': 'a section describes too many interfaces',
  truncated: 'it ends inside a record, as when the capturing program was killed',
};
/** A clock does not jump so far within a capture: a single record that does is damaged. */
const MAX_JUMP_MS = 86_400_000;

/** One capture file being read: its records in file order, and how far in time it has come. */
export class CaptureFile {
  readonly path: string;
  readonly warnings: CaptureWarning[] = [];
  records = 0;
  /** Latest time that was read; -Infinity before the first record, Infinity at the end. */
  frontier = Number.NEGATIVE_INFINITY;
  private hasJumped = false;
  private chunk: Chunk | undefined;
  private chunkBytes: ArrayBufferLike | undefined;
  private readonly decoder: CaptureDecoder = createCaptureDecoder();
  private readonly source: ChunkSource;
  private readonly pool: ChunkPool;

  private constructor(path: string, source: ChunkSource, pool: ChunkPool) {
    this.path = path;
    this.source = source;
    this.pool = pool;
  }

  static async open(path: string, pool: ChunkPool): Promise<CaptureFile> {
    return new CaptureFile(path, await openChunkSource(path, pool), pool);
  }

  get format(): CaptureFormat | undefined {
    return this.decoder.format;
  }

  get record(): CaptureRecord {
    return this.decoder.record;
  }

  /** The read buffer that the current record is in; undefined when it spans two and has a buffer of its own. */
  get recordChunk(): Chunk | undefined {
    return this.decoder.record.bytes.buffer === this.chunkBytes ? this.chunk : undefined;
  }

  get bytesRead(): number {
    return this.source.bytesRead;
  }

  get totalBytes(): number {
    return this.source.totalBytes;
  }

  get isAtEnd(): boolean {
    return this.frontier === Number.POSITIVE_INFINITY;
  }

  /** Moves on to the next record of what has been read; false: `fill` first. */
  next(): boolean {
    if (!this.decoder.next()) return false;
    const { at } = this.decoder.record;
    const isJump = at - this.frontier > MAX_JUMP_MS && this.records > 0 && !this.hasJumped;
    this.hasJumped = isJump;
    if (!isJump && at > this.frontier) this.frontier = at;
    this.records += 1;
    return true;
  }

  /** Reads more of the file, or ends it. Throws AppError for what is no capture at all. */
  async fill(): Promise<void> {
    this.releaseChunk();
    const step = this.decoder.problem === undefined ? await this.source.read() : undefined;
    if (step === undefined) {
      this.finish();
      return;
    }
    this.chunk = step.chunk;
    this.chunkBytes = step.chunk.bytes.buffer;
    this.decoder.push(step.bytes);
  }

  async close(): Promise<void> {
    this.releaseChunk();
    await this.source.close();
  }

  private releaseChunk(): void {
    if (this.chunk !== undefined) this.pool.release(this.chunk);
    this.chunk = undefined;
    this.chunkBytes = undefined;
  }

  private finish(): void {
    this.decoder.end();
    this.frontier = Number.POSITIVE_INFINITY;
    const { path, decoder, source } = this;
    const { problem, skippedBlocks } = decoder;
    if (problem?.reason === 'not-a-capture') {
      throw notRecognised(path, source.damage ?? (source.bytesRead === 0 ? 'it is empty' : 'it begins with other bytes than one does'));
    }
    // Nothing tells what would have been in it: this is no capture of which a part was read.
    if (problem?.reason === 'truncated' && problem.byteOffset === 0)
      throw notRecognised(path, source.damage ?? 'it ends within its header');
    if (problem !== undefined || source.damage !== undefined) {
      const isTruncated = problem?.reason === 'truncated' && source.damage === undefined;
      const detail = source.damage ?? (problem === undefined ? '' : PROBLEM_TEXTS[problem.reason]);
      this.warnings.push({
        code: isTruncated ? 'capture-truncated' : 'capture-damaged',
        path,
        message: `${path}: ${detail}; the ${this.records} records before that were read`,
        ...(problem === undefined ? {} : { byteOffset: problem.byteOffset }),
      });
    }
    if (skippedBlocks > 0) {
      const message = `${path}: ${skippedBlocks} blocks of no use were skipped (unknown interface, or lengths that do not fit)`;
      this.warnings.push({ code: 'capture-blocks-skipped', path, message, count: skippedBlocks });
    }
  }
}
