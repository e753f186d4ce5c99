import { readUint16, readUint16LittleEndian, readUint32, readUint32LittleEndian, readUint8 } from '../bytes.ts';
import type { ByteFeed } from './byte-feed.ts';
import { MAX_CAPTURED_LENGTH } from './capture-record.ts';
import type { CaptureRecord, CaptureStep } from './capture-record.ts';
import { createTimestampUnit, toMilliseconds } from './timestamp.ts';
import type { TimestampUnit } from './timestamp.ts';

/** Block types, draft-ietf-opsawg-pcapng 4 and A. */
export const BLOCK_SECTION = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
const BLOCK_PACKET_OBSOLETE = 2;
const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_ENHANCED_PACKET = 6;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

const OPTION_END = 0;
export const OPTION_INTERFACE_RESOLUTION = 9;
const OPTION_INTERFACE_OFFSET = 14;

/** Type, length, body, length again. */
const MIN_BLOCK_LENGTH = 12;
/** A packet and as many options as anybody writes. */
const MAX_PACKET_BLOCK_LENGTH = MAX_CAPTURED_LENGTH + 65_536;
const MAX_HEADER_BLOCK_LENGTH = 1_048_576;
/** Interfaces of one section; each costs some 100 bytes. */
const MAX_INTERFACES = 4096;

interface CaptureInterface {
  readonly linkType: number;
  /** 0: no limit. */
  readonly snapLength: number;
  readonly unit: TimestampUnit;
}

/** Reads a pcapng block by block. */
export class PcapNgReader {
  /** Well-framed blocks whose content was of no use: packets of an interface that nobody described, lengths that do not fit. */
  skippedBlocks = 0;
  private isLittleEndian = false;
  private interfaces: CaptureInterface[] = [];
  private hasSection = false;
  /** Simple packets have no time of their own: the last time that was read. */
  private lastAt = 0;

  read(feed: ByteFeed, record: CaptureRecord): CaptureStep {
    for (;;) {
      const step = this.readBlock(feed, record);
      if (step !== undefined) return step;
    }
  }

  /** undefined: a block without a packet. */
  private readBlock(feed: ByteFeed, record: CaptureRecord): CaptureStep | undefined {
    if (!feed.need(MIN_BLOCK_LENGTH)) return 'more';
    // The section's type is a palindrome: it can be read before the byte order is known.
    if (readUint32(feed.bytes, feed.position) === BLOCK_SECTION) return this.readSection(feed);
    if (!this.hasSection) return 'not-a-capture';
    const type = this.uint32(feed.bytes, feed.position);
    const length = this.uint32(feed.bytes, feed.position + 4);
    if (length < MIN_BLOCK_LENGTH || length % 4 !== 0) return 'bad-block';
    switch (type) {
      case BLOCK_INTERFACE:
      case BLOCK_ENHANCED_PACKET:
      case BLOCK_SIMPLE_PACKET:
      case BLOCK_PACKET_OBSOLETE:
        break;
      default:
        feed.skip(length);
        return undefined;
    }
    if (length > (type === BLOCK_INTERFACE ? MAX_HEADER_BLOCK_LENGTH : MAX_PACKET_BLOCK_LENGTH)) {
      this.skippedBlocks += 1;
      feed.skip(length);
      return undefined;
    }
    if (!feed.need(length)) return 'more';
    if (this.uint32(feed.bytes, feed.position + length - 4) !== length) return 'bad-block';
    const step = this.readKnownBlock(type, feed.bytes, feed.position, length, record);
    if (step !== 'too-many-interfaces') feed.skip(length);
    return step;
  }

  private readSection(feed: ByteFeed): CaptureStep | undefined {
    const magic = readUint32(feed.bytes, feed.position + 8);
    const isLittleEndian = magic !== BYTE_ORDER_MAGIC;
    if (isLittleEndian && readUint32LittleEndian(feed.bytes, feed.position + 8) !== BYTE_ORDER_MAGIC) return this.badSection();
    this.isLittleEndian = isLittleEndian;
    const length = this.uint32(feed.bytes, feed.position + 4);
    if (length < 28 || length % 4 !== 0 || length > MAX_HEADER_BLOCK_LENGTH) return this.badSection();
    if (!feed.need(length)) return 'more';
    if (this.uint32(feed.bytes, feed.position + length - 4) !== length) return this.badSection();
    if (this.uint16(feed.bytes, feed.position + 12) !== 1) return this.badSection();
    feed.skip(length);
    this.interfaces = [];
    this.hasSection = true;
    return undefined;
  }

  private badSection(): CaptureStep {
    return this.hasSection ? 'bad-section' : 'not-a-capture';
  }

  private readKnownBlock(type: number, bytes: Uint8Array, start: number, length: number, record: CaptureRecord): CaptureStep | undefined {
    switch (type) {
      case BLOCK_INTERFACE:
        return this.readInterface(bytes, start, length);
      case BLOCK_SIMPLE_PACKET:
        return this.readSimplePacket(bytes, start, length, record);
      case BLOCK_ENHANCED_PACKET:
        return length < 32 ? this.skipped() : this.readPacket(bytes, start, length, this.uint32(bytes, start + 8), record);
      default:
        return length < 32 ? this.skipped() : this.readPacket(bytes, start, length, this.uint16(bytes, start + 8), record);
    }
  }

  private readInterface(bytes: Uint8Array, start: number, length: number): CaptureStep | undefined {
    if (this.interfaces.length === MAX_INTERFACES) return 'too-many-interfaces';
    let resolution = 6;
    let offsetSeconds = 0;
    const end = start + length - 4;
    for (let at = start + 16; at + 4 <= end;) {
      const code = this.uint16(bytes, at);
      const optionLength = this.uint16(bytes, at + 2);
      if (code === OPTION_END || at + 4 + optionLength > end) break;
      if (code === OPTION_INTERFACE_RESOLUTION && optionLength === 1) resolution = readUint8(bytes, at + 4);
      if (code === OPTION_INTERFACE_OFFSET && optionLength === 8) offsetSeconds = this.int64(bytes, at + 4);
      at += 4 + Math.ceil(optionLength / 4) * 4;
    }
    // A block too short for its fields still takes a number, or all later packets would belong to the wrong interface.
    const isWhole = length >= 20;
    if (!isWhole) this.skippedBlocks += 1;
    this.interfaces.push({
      linkType: isWhole ? this.uint16(bytes, start + 8) : -1,
      snapLength: isWhole ? this.uint32(bytes, start + 12) : 0,
      unit: createTimestampUnit(resolution, offsetSeconds),
    });
    return undefined;
  }

  /** Enhanced and obsolete packet blocks: the same fields at the same places after the interface's number. */
  private readPacket(bytes: Uint8Array, start: number, length: number, id: number, record: CaptureRecord): CaptureStep | undefined {
    const source = this.interfaces[id];
    const capturedLength = this.uint32(bytes, start + 20);
    if (source === undefined || capturedLength > length - 32 || capturedLength > MAX_CAPTURED_LENGTH) return this.skipped();
    record.at = toMilliseconds(source.unit, this.uint32(bytes, start + 12), this.uint32(bytes, start + 16));
    this.lastAt = record.at;
    return fillRecord(record, source, bytes, start + 28, capturedLength, this.uint32(bytes, start + 24));
  }

  private readSimplePacket(bytes: Uint8Array, start: number, length: number, record: CaptureRecord): CaptureStep | undefined {
    const source = this.interfaces[0];
    if (source === undefined || length < 16) return this.skipped();
    const originalLength = this.uint32(bytes, start + 8);
    const limit = source.snapLength === 0 ? MAX_CAPTURED_LENGTH : source.snapLength;
    record.at = this.lastAt;
    return fillRecord(record, source, bytes, start + 12, Math.min(originalLength, limit, length - 16), originalLength);
  }

  private skipped(): undefined {
    this.skippedBlocks += 1;
  }

  private uint16(bytes: Uint8Array, at: number): number {
    return this.isLittleEndian ? readUint16LittleEndian(bytes, at) : readUint16(bytes, at);
  }

  private uint32(bytes: Uint8Array, at: number): number {
    return this.isLittleEndian ? readUint32LittleEndian(bytes, at) : readUint32(bytes, at);
  }

  private int64(bytes: Uint8Array, at: number): number {
    const high = this.uint32(bytes, this.isLittleEndian ? at + 4 : at) | 0;
    return high * 4_294_967_296 + this.uint32(bytes, this.isLittleEndian ? at : at + 4);
  }
}

function fillRecord(
  record: CaptureRecord,
  source: CaptureInterface,
  bytes: Uint8Array,
  offset: number,
  capturedLength: number,
  originalLength: number,
): CaptureStep {
  record.bytes = bytes;
  record.offset = offset;
  record.capturedLength = capturedLength;
  record.originalLength = Math.max(originalLength, capturedLength);
  record.linkType = source.linkType;
  return 'record';
}
