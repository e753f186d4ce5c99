/** A read buffer, shared by the records in it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  /** Allocated elsewhere: counted while in use, then left to the garbage collector. */
  readonly isForeign: boolean;
  /** Who still needs it: the file that reads it, and each of its records. */
  users: number;
}

/** Read buffers that are used again once no record points into them. */
export class ChunkPool {
  /** Bytes of the buffers in use. */
  heldBytes = 0;
  readonly chunkBytes: number;
  private readonly free: Chunk[] = [];

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes;
  }

  take(): Chunk {
    const chunk = this.free.pop() ?? { bytes: new Uint8Array(this.chunkBytes), isForeign: false, users: 0 };
    chunk.users = 1;
    this.heldBytes += this.chunkBytes;
    return chunk;
  }

  /** Counts bytes that were allocated elsewhere. */
  adopt(bytes: Uint8Array): Chunk {
    this.heldBytes += bytes.length;
    return { bytes, isForeign: true, users: 1 };
  }

  release(chunk: Chunk): void {
    chunk.users -= 1;
    if (chunk.users > 0) return;
    this.heldBytes -= chunk.bytes.length;
    if (!chunk.isForeign) this.free.push(chunk);
  }
}
