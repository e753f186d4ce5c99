import type { CaptureRecord } from '@nm/wire';
import { BATCH_RECORDS } from './capture-batch.ts';
import type { CaptureBatch } from './capture-batch.ts';
import type { Chunk, ChunkPool } from './chunk-pool.ts';

/** Records that may wait for earlier ones: some seconds of a busy node's DNS. */
export const MAX_WINDOW_RECORDS = 131_072;
/** Bytes of read buffers that waiting records may keep. */
const MAX_WINDOW_BYTES = 33_554_432;

const EMPTY = new Uint8Array(0);
const START = MAX_WINDOW_RECORDS / 2;

/** Puts records of all files into order of time, within bounds; equal times keep the order in which they came. */
export class RecordWindow {
  /** Records that came too late to be put into order; they were given out all the same. */
  late = 0;
  private lastGivenAt = Number.NEGATIVE_INFINITY;
  /** Slots in order of time, from `head` to `tail`, with room on both sides. */
  private readonly order = new Int32Array(MAX_WINDOW_RECORDS * 2);
  private head = START;
  private tail = START;
  private readonly freeSlots = new Int32Array(MAX_WINDOW_RECORDS);
  private freeCount = MAX_WINDOW_RECORDS;
  private readonly ats = new Float64Array(MAX_WINDOW_RECORDS);
  private readonly offsets = new Int32Array(MAX_WINDOW_RECORDS);
  private readonly capturedLengths = new Int32Array(MAX_WINDOW_RECORDS);
  private readonly originalLengths = new Int32Array(MAX_WINDOW_RECORDS);
  private readonly linkTypes = new Int32Array(MAX_WINDOW_RECORDS);
  private readonly files = new Uint16Array(MAX_WINDOW_RECORDS);
  private readonly bytes: Uint8Array[] = [];
  private readonly chunks: (Chunk | undefined)[] = [];
  private readonly batch = createBatch();
  private readonly batchChunks: (Chunk | undefined)[] = [];
  private readonly pool: ChunkPool;

  constructor(pool: ChunkPool) {
    this.pool = pool;
    for (let slot = 0; slot < MAX_WINDOW_RECORDS; slot += 1) this.freeSlots[slot] = MAX_WINDOW_RECORDS - 1 - slot;
  }

  get size(): number {
    return this.tail - this.head;
  }

  get isFull(): boolean {
    return this.freeCount === 0 || this.pool.heldBytes >= MAX_WINDOW_BYTES;
  }

  /** Only while not full. `chunk`: the read buffer that the record's bytes are in; none when they have one of their own. */
  add(record: CaptureRecord, file: number, chunk: Chunk | undefined): void {
    this.freeCount -= 1;
    const slot = this.freeSlots[this.freeCount] as number;
    this.ats[slot] = record.at;
    this.offsets[slot] = record.offset;
    this.capturedLengths[slot] = record.capturedLength;
    this.originalLengths[slot] = record.originalLength;
    this.linkTypes[slot] = record.linkType;
    this.files[slot] = file;
    this.bytes[slot] = record.bytes;
    this.chunks[slot] = chunk ?? this.pool.adopt(record.bytes);
    if (chunk !== undefined) chunk.users += 1;
    if (record.at < this.lastGivenAt) this.late += 1;
    this.insert(slot, record.at);
  }

  /** The earliest records up to time `until`, as many as a batch holds; what the batch before it pointed to is released. */
  take(until: number): CaptureBatch {
    this.releaseBatch();
    const { batch } = this;
    let count = 0;
    for (; count < BATCH_RECORDS && this.head < this.tail; count += 1) {
      const slot = this.order[this.head] as number;
      const at = this.ats[slot] as number;
      if (at > until) break;
      this.head += 1;
      batch.ats[count] = at;
      batch.offsets[count] = this.offsets[slot] as number;
      batch.capturedLengths[count] = this.capturedLengths[slot] as number;
      batch.originalLengths[count] = this.originalLengths[slot] as number;
      batch.linkTypes[count] = this.linkTypes[slot] as number;
      batch.files[count] = this.files[slot] as number;
      batch.bytes[count] = this.bytes[slot] as Uint8Array;
      this.batchChunks[count] = this.chunks[slot];
      // Nothing may keep a buffer alive that is no longer counted.
      this.bytes[slot] = EMPTY;
      this.chunks[slot] = undefined;
      this.freeSlots[this.freeCount] = slot;
      this.freeCount += 1;
      if (at > this.lastGivenAt) this.lastGivenAt = at;
    }
    batch.count = count;
    return batch;
  }

  private insert(slot: number, at: number): void {
    const { order } = this;
    if (this.tail === order.length) this.center();
    if (this.head === this.tail || at >= (this.ats[order[this.tail - 1] as number] as number)) {
      order[this.tail] = slot;
      this.tail += 1;
      return;
    }
    const index = this.placeOf(at);
    // The shorter side moves: a file whose clock was set back adds at the front for a long time.
    if (index - this.head < this.tail - index && this.head > 0) {
      order.copyWithin(this.head - 1, this.head, index);
      order[index - 1] = slot;
      this.head -= 1;
    } else {
      order.copyWithin(index + 1, index, this.tail);
      order[index] = slot;
      this.tail += 1;
    }
  }

  /** Moves the records back to where both sides have room. */
  private center(): void {
    const start = Math.min(START, this.order.length - this.size - 1);
    this.order.copyWithin(start, this.head, this.tail);
    this.tail = start + this.size;
    this.head = start;
  }

  /** Index in `order` of the first record later than `at`. */
  private placeOf(at: number): number {
    let low = this.head;
    let high = this.tail;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ats[this.order[middle] as number] as number) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private releaseBatch(): void {
    for (let index = 0; index < this.batch.count; index += 1) {
      const chunk = this.batchChunks[index];
      if (chunk !== undefined) this.pool.release(chunk);
      this.batchChunks[index] = undefined;
      this.batch.bytes[index] = EMPTY;
    }
    this.batch.count = 0;
  }
}

interface MutableBatch extends CaptureBatch {
  count: number;
  readonly bytes: Uint8Array[];
}

function createBatch(): MutableBatch {
  return {
    count: 0,
    bytes: [],
    offsets: new Int32Array(BATCH_RECORDS),
    capturedLengths: new Int32Array(BATCH_RECORDS),
    originalLengths: new Int32Array(BATCH_RECORDS),
    linkTypes: new Int32Array(BATCH_RECORDS),
    ats: new Float64Array(BATCH_RECORDS),
    files: new Uint16Array(BATCH_RECORDS),
  };
}
