const EMPTY = new Uint8Array(0);

/**
 * Chunks of any size in, runs of contiguous bytes out. Bytes are copied only where an item spans chunks, into a buffer
 * of its own, so what was handed out stays valid until the owner of the chunks overwrites them.
 */
export class ByteFeed {
  /** The bytes that `position` points into: the chunk, or a copy for an item that spans chunks. */
  bytes: Uint8Array = EMPTY;
  position = 0;
  end = 0;
  /** Bytes consumed before `bytes[0]`, so that `origin + position` is the offset in the whole input. */
  private origin = 0;
  private toSkip = 0;
  /** What has been pushed and is not yet in `bytes`. */
  private chunk: Uint8Array = EMPTY;
  private chunkPosition = 0;
  private chunkEnd = 0;
  /** `bytes` is a copy that may be filled up further. */
  private isOwned = false;

  /** Offset in the whole input of the next byte. */
  get inputOffset(): number {
    return this.origin + this.position;
  }

  /** Nothing of a further item has been seen, and nothing is left to skip. */
  get isAtBoundary(): boolean {
    return this.end === this.position && this.chunkPosition === this.chunkEnd && this.toSkip === 0;
  }

  /** Only when the last `need` said no: all of the previous chunk is then used up or copied. */
  push(chunk: Uint8Array): void {
    this.chunk = chunk;
    this.chunkPosition = 0;
    this.chunkEnd = chunk.length;
  }

  /** Whether `length` bytes are contiguous at `position`; if not, push another chunk and ask again. */
  need(length: number): boolean {
    if (this.end - this.position >= length) return true;
    if (this.toSkip > 0 && !this.skipPending()) return false;
    if (this.end === this.position) this.useChunk();
    return this.end - this.position >= length || this.gather(length);
  }

  /** Drops `length` bytes, also those that have not been pushed yet. */
  skip(length: number): void {
    const here = Math.min(length, this.end - this.position);
    this.position += here;
    this.toSkip += length - here;
  }

  private skipPending(): boolean {
    this.useChunk();
    const here = Math.min(this.toSkip, this.end - this.position);
    this.position += here;
    this.toSkip -= here;
    return this.toSkip === 0;
  }

  /** All of `bytes` is consumed: goes on with the chunk itself. */
  private useChunk(): void {
    if (this.chunkPosition === this.chunkEnd) return;
    this.origin = this.origin + this.position - this.chunkPosition;
    this.bytes = this.chunk;
    this.position = this.chunkPosition;
    this.end = this.chunkEnd;
    this.chunkPosition = this.chunkEnd;
    this.isOwned = false;
  }

  /** Copies the rest of `bytes` and what the chunk can add into a buffer that has room for `length`. */
  private gather(length: number): boolean {
    const have = this.end - this.position;
    if (this.bytes.length - this.position < length || !this.isOwned) {
      const owned = new Uint8Array(length);
      owned.set(this.bytes.subarray(this.position, this.end));
      this.origin += this.position;
      this.bytes = owned;
      this.position = 0;
      this.end = have;
      this.isOwned = true;
    }
    const added = Math.min(length - have, this.chunkEnd - this.chunkPosition);
    this.bytes.set(this.chunk.subarray(this.chunkPosition, this.chunkPosition + added), this.end);
    this.end += added;
    this.chunkPosition += added;
    return have + added >= length;
  }
}
