import { readUint16 } from '../bytes.ts';
import { createPacketView } from '../frame/packet-view.ts';
import type { PacketView } from '../frame/packet-view.ts';
import { DNS_HEADER_LENGTH } from './constants.ts';
import { beginsWithMessage, looksLikeMessage } from './dns-stream-start.ts';

export interface DnsStreamLimits {
  readonly maxBytesPerStream: number;
  readonly maxHeldSegments: number;
  readonly maxGapMs: number;
}

/** What happened to the bytes of all streams. */
export interface DnsStreamCounts {
  /** Whole messages given out. */
  messages: number;
  /** Segments with nothing new: retransmissions, and copies from other interfaces. */
  duplicates: number;
  /** Segments of streams whose beginning was not seen and that do not begin with a message for sure. */
  unsynchronised: number;
  /** Missing stretches that were given up, because they did not come in time or too much waited for them. */
  gaps: number;
  /** Streams that turned out not to be DNS, or no longer. */
  malformed: number;
  /** Streams dropped with an incomplete message: too many streams, too many bytes, reset, or idle. */
  abandoned: number;
}

export type OnDnsMessage = (view: PacketView) => void;

/** The assembled message follows its two addresses, so that a view of it looks like any other packet. */
const ADDRESS_BYTES = 32;
const LENGTH_BYTES = 2;
const MESSAGE_OFFSET = ADDRESS_BYTES + LENGTH_BYTES;
/** Memory follows the bytes that came, not the length that was promised. */
const FIRST_CAPACITY = 2048;
/** Further back than this is not a retransmission but another connection of the same ports (a window is at most 1 GiB, commonly 64 KiB). */
const MAX_RETRANSMISSION_DISTANCE = 1_048_576;

const EMPTY = new Uint8Array(0);
const message: PacketView = createPacketView();

/** One direction of one TCP connection: puts segments into order and cuts messages out (RFC 1035 4.2.2, RFC 7766). */
export class DnsStream {
  /** Capture time of the last segment. */
  lastAt = 0;
  /** Bytes that this stream holds. */
  bytes = 0;
  /** Number of the next byte, and of the first one if the SYN was seen. */
  private next = 0;
  private opened = -1;
  private isSynchronised = false;
  /** Begun at a SYN, or a message was found where one was expected. */
  private isConfirmed = false;
  /** The incomplete message with its length, from ADDRESS_BYTES on. */
  private buffer = EMPTY;
  private filled = 0;
  private held: PacketView[] = [];
  private gapAt = 0;
  private readonly counts: DnsStreamCounts;
  private readonly limits: DnsStreamLimits;

  constructor(counts: DnsStreamCounts, limits: DnsStreamLimits) {
    this.counts = counts;
    this.limits = limits;
  }

  get isSynchronous(): boolean {
    return this.isSynchronised;
  }

  get isIncomplete(): boolean {
    return this.filled > 0 || this.held.length > 0;
  }

  /** A SYN: the first byte has number `next`. A copy of the SYN that began this stream changes nothing. */
  open(next: number): void {
    if (this.isSynchronised && this.opened === next) return;
    this.abandon();
    this.opened = next;
    this.next = next;
    this.isSynchronised = true;
    this.isConfirmed = true;
  }

  /** Takes a segment with payload whose first byte has number `sequence`. */
  accept(segment: PacketView, sequence: number, onMessage: OnDnsMessage): void {
    this.lastAt = segment.at;
    if (this.held.length > 0 && segment.at - this.gapAt > this.limits.maxGapMs) this.giveUpGap(onMessage);
    this.place(segment, sequence, onMessage);
    if (this.held.length > this.limits.maxHeldSegments || this.bytes > this.limits.maxBytesPerStream) this.giveUpGap(onMessage);
    if (this.bytes > this.limits.maxBytesPerStream) this.abandon();
    this.drain(segment.at, onMessage);
  }

  /** Gives out what can still be had of the held segments. */
  flush(onMessage: OnDnsMessage): void {
    while (this.held.length > 0) this.giveUpGap(onMessage);
  }

  private place(segment: PacketView, sequence: number, onMessage: OnDnsMessage): void {
    let ahead = (sequence - this.next) | 0;
    if (this.isSynchronised && (ahead < -MAX_RETRANSMISSION_DISTANCE || ahead > this.limits.maxBytesPerStream)) {
      this.abandon();
    }
    if (!this.isSynchronised) {
      if (!beginsWithMessage(segment)) {
        this.counts.unsynchronised += 1;
        return;
      }
      this.isSynchronised = true;
      this.next = sequence;
      ahead = 0;
    }
    if (ahead > 0) this.hold(segment, sequence);
    else if (-ahead >= segment.payloadLength) this.counts.duplicates += 1;
    else this.consume(segment, segment.payloadOffset - ahead, segment.payloadLength + ahead, onMessage);
  }

  /** Keeps a copy of a segment that came too early. */
  private hold(segment: PacketView, sequence: number): void {
    if (this.held.length === 0) this.gapAt = segment.at;
    let index = this.held.length;
    while (index > 0 && (((this.held[index - 1] as PacketView).sequence - sequence) | 0) > 0) index -= 1;
    const before = this.held[index - 1];
    if (before !== undefined && before.sequence === sequence && before.payloadLength >= segment.payloadLength) {
      this.counts.duplicates += 1;
      return;
    }
    const bytes = new Uint8Array(ADDRESS_BYTES + segment.payloadLength);
    copyAddresses(segment, bytes);
    bytes.set(segment.bytes.subarray(segment.payloadOffset, segment.payloadOffset + segment.payloadLength), ADDRESS_BYTES);
    this.held.splice(index, 0, { ...segment, bytes, sequence, sourceOffset: 0, destinationOffset: 16, payloadOffset: ADDRESS_BYTES });
    this.bytes += bytes.length;
  }

  /** Takes the held segments that now follow. Their messages are complete since `at`. */
  private drain(at: number, onMessage: OnDnsMessage): void {
    for (;;) {
      const first = this.held[0];
      if (first === undefined || !this.isSynchronised || ((first.sequence - this.next) | 0) > 0) return;
      this.release();
      first.at = at;
      this.place(first, first.sequence, onMessage);
    }
  }

  private release(): void {
    const first = this.held.shift();
    if (first !== undefined) this.bytes -= first.bytes.length;
  }

  /** What is missing will not come: starts again at the first held segment that begins a message for sure. */
  private giveUpGap(onMessage: OnDnsMessage): void {
    if (this.held.length === 0) return;
    this.counts.gaps += 1;
    this.lose();
    while (this.held.length > 0 && !this.isSynchronised) {
      const first = this.held[0] as PacketView;
      this.release();
      this.place(first, first.sequence, onMessage);
    }
    this.gapAt = this.lastAt;
    this.drain(this.lastAt, onMessage);
  }

  /** Cuts messages out of bytes that are next in order. */
  private consume(segment: PacketView, offset: number, length: number, onMessage: OnDnsMessage): void {
    this.next = (this.next + length) >>> 0;
    const end = offset + length;
    let at = offset;
    while (at < end) {
      if (this.filled === 0 && end - at >= LENGTH_BYTES) {
        const messageLength = readUint16(segment.bytes, at);
        if (messageLength <= end - at - LENGTH_BYTES) {
          at += LENGTH_BYTES;
          if (!this.give(segment, segment.bytes, segment.sourceOffset, segment.destinationOffset, at, messageLength, onMessage)) return;
          at += messageLength;
          continue;
        }
      }
      at = this.collect(segment, at, end);
      if (this.filled < LENGTH_BYTES) continue;
      const messageLength = readUint16(this.buffer, ADDRESS_BYTES);
      if (messageLength < DNS_HEADER_LENGTH) return this.reject();
      if (this.filled < LENGTH_BYTES + messageLength) continue;
      const { buffer } = this;
      this.dropBuffer();
      if (!this.give(segment, buffer, 0, 16, MESSAGE_OFFSET, messageLength, onMessage)) return;
    }
  }

  /** Adds bytes to the incomplete message: its length first, then as much as it says. Returns the offset behind them. */
  private collect(segment: PacketView, at: number, end: number): number {
    const wanted = this.filled < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + readUint16(this.buffer, ADDRESS_BYTES);
    const count = Math.min(wanted - this.filled, end - at);
    this.reserve(segment, this.filled + count, wanted);
    this.buffer.set(segment.bytes.subarray(at, at + count), ADDRESS_BYTES + this.filled);
    this.filled += count;
    return at + count;
  }

  private reserve(segment: PacketView, needed: number, wanted: number): void {
    if (ADDRESS_BYTES + needed <= this.buffer.length) return;
    const capacity = Math.min(wanted, Math.max(needed, this.filled * 2, FIRST_CAPACITY));
    const larger = new Uint8Array(ADDRESS_BYTES + capacity);
    copyAddresses(segment, larger);
    larger.set(this.buffer.subarray(ADDRESS_BYTES, ADDRESS_BYTES + this.filled), ADDRESS_BYTES);
    this.bytes += larger.length - this.buffer.length;
    this.buffer = larger;
  }

  /** False when what should have been a message is none: the stream is then out of step. */
  private give(
    segment: PacketView,
    bytes: Uint8Array,
    sourceOffset: number,
    destinationOffset: number,
    offset: number,
    length: number,
    onMessage: OnDnsMessage,
  ): boolean {
    if (length < DNS_HEADER_LENGTH || (!this.isConfirmed && !looksLikeMessage(bytes, offset, offset + length))) {
      this.reject();
      return false;
    }
    this.isConfirmed = true;
    this.counts.messages += 1;
    message.at = segment.at;
    message.bytes = bytes;
    message.family = segment.family;
    message.sourceOffset = sourceOffset;
    message.destinationOffset = destinationOffset;
    message.protocol = segment.protocol;
    message.sourcePort = segment.sourcePort;
    message.destinationPort = segment.destinationPort;
    message.tcpFlags = segment.tcpFlags;
    message.sequence = segment.sequence;
    message.payloadOffset = offset;
    message.payloadLength = length;
    onMessage(message);
    return true;
  }

  private reject(): void {
    this.counts.malformed += 1;
    this.lose();
  }

  private lose(): void {
    this.isSynchronised = false;
    this.isConfirmed = false;
    this.dropBuffer();
  }

  private dropBuffer(): void {
    this.bytes -= this.buffer.length;
    this.buffer = EMPTY;
    this.filled = 0;
  }

  private abandon(): void {
    if (this.isIncomplete) this.counts.abandoned += 1;
    this.lose();
    this.opened = -1;
    this.held = [];
    this.bytes = 0;
  }
}

function copyAddresses(segment: PacketView, target: Uint8Array): void {
  const length = segment.family === 4 ? 4 : 16;
  target.set(segment.bytes.subarray(segment.sourceOffset, segment.sourceOffset + length), 0);
  target.set(segment.bytes.subarray(segment.destinationOffset, segment.destinationOffset + length), 16);
}
