import { readUint32 } from '../bytes.ts';
import { ByteFeed } from './byte-feed.ts';
import { createCaptureRecord } from './capture-record.ts';
import type { CaptureFormat, CaptureProblem, CaptureProblemReason, CaptureRecord } from './capture-record.ts';
import { isPcapMagic, PcapReader } from './pcap.ts';
import { BLOCK_SECTION, PcapNgReader } from './pcapng.ts';

/**
 * Incremental reader of pcap and pcapng: push a chunk, take records while `next()` is true, push the next one.
 * Records are in file order. Never throws.
 */
export interface CaptureDecoder {
  /** The record of the last `next()` that returned true; reused by the next. */
  readonly record: CaptureRecord;
  /** Known after the first four bytes. */
  readonly format: CaptureFormat | undefined;
  /** Set once reading cannot go on. */
  readonly problem: CaptureProblem | undefined;
  /** pcapng blocks that were skipped because their content was of no use; the rest of the file is read. */
  readonly skippedBlocks: number;
  /** Only after `next()` returned false. The chunk must not change while its records are in use. */
  push(chunk: Uint8Array): void;
  /** False: push more, or see `problem`. */
  next(): boolean;
  /** Says that nothing more comes; sets `problem` if that is in the middle of a record. */
  end(): void;
}

export function createCaptureDecoder(): CaptureDecoder {
  return new PushCaptureDecoder();
}

class PushCaptureDecoder implements CaptureDecoder {
  readonly record = createCaptureRecord();
  format: CaptureFormat | undefined;
  problem: CaptureProblem | undefined;
  private readonly feed = new ByteFeed();
  private reader: PcapReader | PcapNgReader | undefined;

  get skippedBlocks(): number {
    return this.reader instanceof PcapNgReader ? this.reader.skippedBlocks : 0;
  }

  push(chunk: Uint8Array): void {
    if (this.problem === undefined) this.feed.push(chunk);
  }

  next(): boolean {
    if (this.problem !== undefined) return false;
    const reader = this.reader ?? this.recognise();
    if (reader === undefined) return false;
    const step = reader.read(this.feed, this.record);
    if (step === 'record') return true;
    if (step !== 'more') this.stop(step);
    return false;
  }

  end(): void {
    if (this.problem !== undefined) return;
    if (this.reader === undefined) this.stop('not-a-capture');
    else if (!this.feed.isAtBoundary) this.stop('truncated');
  }

  private recognise(): PcapReader | PcapNgReader | undefined {
    if (!this.feed.need(4)) return undefined;
    const magic = readUint32(this.feed.bytes, this.feed.position);
    if (magic === BLOCK_SECTION) {
      this.format = 'pcapng';
      this.reader = new PcapNgReader();
    } else if (isPcapMagic(magic)) {
      this.format = 'pcap';
      this.reader = new PcapReader(magic);
    } else this.stop('not-a-capture');
    return this.reader;
  }

  private stop(reason: CaptureProblemReason): void {
    this.problem = { reason, byteOffset: this.feed.inputOffset };
  }
}
