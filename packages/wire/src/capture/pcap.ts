import { readUint16, readUint16LittleEndian, readUint32, readUint32LittleEndian } from '../bytes.ts';
import type { ByteFeed } from './byte-feed.ts';
import { MAX_CAPTURED_LENGTH } from './capture-record.ts';
import type { CaptureRecord, CaptureStep } from './capture-record.ts';

/** draft-ietf-opsawg-pcap 4: magic numbers of files with microseconds and with nanoseconds. */
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
/** Old patched libpcaps: microseconds, and eight more bytes in each record header. */
const MAGIC_MODIFIED = 0xa1b2cd34;
const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
const MODIFIED_RECORD_HEADER_LENGTH = 24;

/** Whether these first four bytes (big-endian) begin a classic pcap of either byte order. */
export function isPcapMagic(magic: number): boolean {
  return isBigEndianMagic(magic) || isBigEndianMagic(swap(magic));
}

/** Reads a classic pcap record by record. */
export class PcapReader {
  private readonly isLittleEndian: boolean;
  private readonly isNanoseconds: boolean;
  private readonly recordHeaderLength: number;
  private linkType = -1;

  constructor(magic: number) {
    this.isLittleEndian = !isBigEndianMagic(magic);
    const value = this.isLittleEndian ? swap(magic) : magic;
    this.isNanoseconds = value === MAGIC_NANOSECONDS;
    this.recordHeaderLength = value === MAGIC_MODIFIED ? MODIFIED_RECORD_HEADER_LENGTH : RECORD_HEADER_LENGTH;
  }

  read(feed: ByteFeed, record: CaptureRecord): CaptureStep {
    if (this.linkType < 0) {
      const step = this.readFileHeader(feed);
      if (step !== undefined) return step;
    }
    const headerLength = this.recordHeaderLength;
    if (!feed.need(headerLength)) return 'more';
    const capturedLength = this.uint32(feed.bytes, feed.position + 8);
    if (capturedLength > MAX_CAPTURED_LENGTH) return 'record-too-long';
    if (!feed.need(headerLength + capturedLength)) return 'more';
    const { bytes, position } = feed;
    const fraction = this.uint32(bytes, position + 4);
    record.at = (this.uint32(bytes, position) * 1_000_000 + (this.isNanoseconds ? fraction / 1000 : fraction)) / 1000;
    record.bytes = bytes;
    record.offset = position + headerLength;
    record.capturedLength = capturedLength;
    record.originalLength = Math.max(this.uint32(bytes, position + 12), capturedLength);
    record.linkType = this.linkType;
    feed.skip(headerLength + capturedLength);
    return 'record';
  }

  private readFileHeader(feed: ByteFeed): CaptureStep | undefined {
    if (!feed.need(FILE_HEADER_LENGTH)) return 'more';
    const major = this.isLittleEndian ? readUint16LittleEndian(feed.bytes, feed.position + 4) : readUint16(feed.bytes, feed.position + 4);
    if (major !== 2) return 'not-a-capture';
    // The upper half has the length of the frame check sequence, which the IP length cuts off anyway.
    this.linkType = this.uint32(feed.bytes, feed.position + 20) & 0xffff;
    feed.skip(FILE_HEADER_LENGTH);
    return undefined;
  }

  private uint32(bytes: Uint8Array, at: number): number {
    return this.isLittleEndian ? readUint32LittleEndian(bytes, at) : readUint32(bytes, at);
  }
}

function isBigEndianMagic(magic: number): boolean {
  return magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS || magic === MAGIC_MODIFIED;
}

function swap(value: number): number {
  return ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24)) >>> 0;
}
