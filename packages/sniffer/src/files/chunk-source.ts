import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { unreadable } from './capture-error.ts';
import type { Chunk, ChunkPool } from './chunk-pool.ts';

/** Bytes of a file in order. */
export interface ChunkSource {
  /** Size of the file on disk; 0 for pipes. */
  readonly totalBytes: number;
  /** Bytes read from disk so far. */
  readonly bytesRead: number;
  /** Set when compressed data ended or broke in the middle; what came before was given out. */
  readonly damage: string | undefined;
  /** The next bytes, and the buffer that they are in, whose first user is the caller; undefined at the end. */
  read(): Promise<ReadChunk | undefined>;
  close(): Promise<void>;
}

interface ReadChunk {
  readonly bytes: Uint8Array;
  readonly chunk: Chunk;
}

/** RFC 1952 2.3.1. */
const GZIP_MAGIC: readonly [number, number] = [0x1f, 0x8b];

/** Opens a file and looks at its first bytes to see whether it is compressed. */
export async function openChunkSource(path: string, pool: ChunkPool): Promise<ChunkSource> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const totalBytes = (await handle.stat()).size;
    const source = new PlainChunkSource(path, handle, totalBytes, pool);
    const first = await source.read();
    const isGzip = first !== undefined && first.bytes[0] === GZIP_MAGIC[0] && first.bytes[1] === GZIP_MAGIC[1];
    source.unread(first);
    return isGzip ? new GzipChunkSource(source, pool) : source;
  } catch (error) {
    await handle?.close();
    throw isOurs(error) ? error : unreadable(path, error);
  }
}

function isOurs(error: unknown): boolean {
  return error instanceof Error && error.name === 'AppError';
}

class PlainChunkSource implements ChunkSource {
  readonly totalBytes: number;
  readonly damage: string | undefined = undefined;
  bytesRead = 0;
  private first: ReadChunk | undefined;
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly pool: ChunkPool;

  constructor(path: string, handle: FileHandle, totalBytes: number, pool: ChunkPool) {
    this.path = path;
    this.handle = handle;
    this.totalBytes = totalBytes;
    this.pool = pool;
  }

  unread(chunk: ReadChunk | undefined): void {
    this.first = chunk;
  }

  async read(): Promise<ReadChunk | undefined> {
    const { first } = this;
    this.first = undefined;
    if (first !== undefined) return first;
    const chunk = this.pool.take();
    try {
      const { bytesRead } = await this.handle.read(chunk.bytes, 0, chunk.bytes.length, null);
      this.bytesRead += bytesRead;
      if (bytesRead > 0) return { bytes: chunk.bytes.subarray(0, bytesRead), chunk };
    } catch (error) {
      this.pool.release(chunk);
      throw unreadable(this.path, error);
    }
    this.pool.release(chunk);
    return undefined;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Bytes out of one decompression step: large, because each costs a turn of the event loop. */
const GUNZIP_CHUNK_BYTES = 262_144;

class GzipChunkSource implements ChunkSource {
  readonly totalBytes: number;
  damage: string | undefined;
  private failure: Error | undefined;
  private readonly plain: PlainChunkSource;
  private readonly pool: ChunkPool;
  private readonly output: AsyncIterator<Uint8Array>;

  constructor(plain: PlainChunkSource, pool: ChunkPool) {
    this.plain = plain;
    this.pool = pool;
    this.totalBytes = plain.totalBytes;
    const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
    // Errors arrive through the iterator; the callback is there so that they do not arrive twice.
    pipeline(Readable.from(this.compressed(), { objectMode: false, highWaterMark: 1 }), gunzip, () => undefined);
    this.output = gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  get bytesRead(): number {
    return this.plain.bytesRead;
  }

  async read(): Promise<ReadChunk | undefined> {
    try {
      const step = await this.output.next();
      return step.done === true ? undefined : { bytes: step.value, chunk: this.pool.adopt(step.value) };
    } catch (error) {
      if (this.failure !== undefined) throw this.failure;
      this.damage = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.output.return?.();
    await this.plain.close();
  }

  private async *compressed(): AsyncGenerator<Uint8Array> {
    try {
      for (let step = await this.plain.read(); step !== undefined; step = await this.plain.read()) {
        // A copy: the decompressor reads it when the buffer may be another file's already.
        yield step.bytes.slice();
        this.pool.release(step.chunk);
      }
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      throw this.failure;
    }
  }
}
