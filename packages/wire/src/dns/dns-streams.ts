import { readUint16 } from '../bytes.ts';
import { TCP_RST, TCP_SYN } from '../frame/packet-view.ts';
import type { PacketView } from '../frame/packet-view.ts';
import { DnsStream } from './dns-stream.ts';
import type { DnsStreamCounts, DnsStreamLimits, OnDnsMessage } from './dns-stream.ts';

export interface DnsStreamsOptions {
  /** Directions of connections that are remembered; the longest unused goes first. Default 4096. */
  readonly maxStreams?: number;
  /** Bytes that one stream may hold: an incomplete message and segments that came too early. Default 128 KiB. */
  readonly maxBytesPerStream?: number;
  /** Bytes that all streams may hold. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Segments of one stream that wait for a missing one. Default 64. */
  readonly maxHeldSegments?: number;
  /** So long (capture time) a missing segment is waited for. Default 3,000 ms: two retransmissions. */
  readonly maxGapMs?: number;
  /** Streams without a segment for so long (capture time) are forgotten. Default 120,000 ms. */
  readonly maxIdleMs?: number;
}

/**
 * DNS over TCP: segments in, whole messages out. Each direction of a connection is one stream, so copies of a segment
 * from several interfaces are duplicates, and copies whose address was translated are streams of their own.
 */
export interface DnsStreams {
  readonly counts: Readonly<DnsStreamCounts>;
  /** Streams remembered, and bytes that they hold. */
  readonly size: number;
  readonly bytes: number;
  /**
   * Takes one TCP segment. `onMessage` gets a view whose payload is one message without its length; it is reused, and
   * its bytes are the segment's own or a buffer.
   */
  push(segment: PacketView, onMessage: OnDnsMessage): void;
  /** Gives out what can be had without the segments that are still missing, and forgets all streams. */
  flush(onMessage: OnDnsMessage): void;
}

export const DEFAULT_MAX_STREAMS = 4096;
export const DEFAULT_MAX_BYTES_PER_STREAM = 131_072;
export const DEFAULT_MAX_BYTES = 8_388_608;
export const DEFAULT_MAX_HELD_SEGMENTS = 64;
export const DEFAULT_MAX_GAP_MS = 3000;
export const DEFAULT_MAX_IDLE_MS = 120_000;

export function createDnsStreams(options: DnsStreamsOptions = {}): DnsStreams {
  return new DnsStreamTable(options);
}

class DnsStreamTable implements DnsStreams {
  readonly counts: DnsStreamCounts = { messages: 0, duplicates: 0, unsynchronised: 0, gaps: 0, malformed: 0, abandoned: 0 };
  bytes = 0;
  /** In the order of last use. */
  private readonly streams = new Map<string, DnsStream>();
  private readonly maxStreams: number;
  private readonly maxBytes: number;
  private readonly maxIdleMs: number;
  private readonly limits: DnsStreamLimits;

  constructor(options: DnsStreamsOptions) {
    this.maxStreams = options.maxStreams ?? DEFAULT_MAX_STREAMS;
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.maxIdleMs = options.maxIdleMs ?? DEFAULT_MAX_IDLE_MS;
    this.limits = {
      maxBytesPerStream: options.maxBytesPerStream ?? DEFAULT_MAX_BYTES_PER_STREAM,
      maxHeldSegments: options.maxHeldSegments ?? DEFAULT_MAX_HELD_SEGMENTS,
      maxGapMs: options.maxGapMs ?? DEFAULT_MAX_GAP_MS,
    };
  }

  get size(): number {
    return this.streams.size;
  }

  push(segment: PacketView, onMessage: OnDnsMessage): void {
    const isSyn = (segment.tcpFlags & TCP_SYN) !== 0;
    const isReset = (segment.tcpFlags & TCP_RST) !== 0;
    if (segment.payloadLength === 0 && !isSyn && !isReset) return;
    const key = streamKey(segment);
    const known = this.streams.get(key);
    if (isReset) {
      // A reset may carry text for people (RFC 9293 3.10.7.4); it is never DNS.
      if (known !== undefined) this.remove(key, known, onMessage);
      return;
    }
    const stream = known ?? new DnsStream(this.counts, this.limits);
    const bytesBefore = known === undefined ? 0 : stream.bytes;
    // A SYN takes a number itself (RFC 9293 3.4); data may come with it (RFC 7413).
    const sequence = isSyn ? (segment.sequence + 1) >>> 0 : segment.sequence;
    if (isSyn) stream.open(sequence);
    if (segment.payloadLength > 0) stream.accept(segment, sequence, onMessage);
    stream.lastAt = segment.at;
    this.bytes += stream.bytes - bytesBefore;
    if (known !== undefined) this.streams.delete(key);
    // A stream that could not be begun leaves nothing behind.
    if (known !== undefined || stream.isSynchronous) this.streams.set(key, stream);
    this.keepBounds(segment.at, onMessage);
  }

  flush(onMessage: OnDnsMessage): void {
    for (const [key, stream] of this.streams) this.remove(key, stream, onMessage);
  }

  private keepBounds(now: number, onMessage: OnDnsMessage): void {
    for (const [key, stream] of this.streams) {
      const isOver = this.streams.size > this.maxStreams || this.bytes > this.maxBytes;
      if (!isOver && now - stream.lastAt <= this.maxIdleMs) return;
      this.remove(key, stream, onMessage);
    }
  }

  private remove(key: string, stream: DnsStream, onMessage: OnDnsMessage): void {
    this.bytes -= stream.bytes;
    this.streams.delete(key);
    stream.flush(onMessage);
    if (stream.isIncomplete) this.counts.abandoned += 1;
  }
}

/** Addresses and ports as 16-bit characters: both directions and both families give different keys. */
function streamKey(segment: PacketView): string {
  const { bytes, sourceOffset: source, destinationOffset: destination, sourcePort, destinationPort } = segment;
  if (segment.family === 4) {
    return String.fromCharCode(
      readUint16(bytes, source),
      readUint16(bytes, source + 2),
      readUint16(bytes, destination),
      readUint16(bytes, destination + 2),
      sourcePort,
      destinationPort,
    );
  }
  return groups(bytes, source) + groups(bytes, destination) + String.fromCharCode(sourcePort, destinationPort);
}

function groups(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(
    readUint16(bytes, offset),
    readUint16(bytes, offset + 2),
    readUint16(bytes, offset + 4),
    readUint16(bytes, offset + 6),
    readUint16(bytes, offset + 8),
    readUint16(bytes, offset + 10),
    readUint16(bytes, offset + 12),
    readUint16(bytes, offset + 14),
  );
}
