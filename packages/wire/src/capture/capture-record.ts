/** One packet of a capture file. The decoder owns the object and reuses it for the next record. */
export interface CaptureRecord {
  /** The captured bytes are `bytes[offset … offset+capturedLength)`; valid until the pushed chunk is overwritten. */
  bytes: Uint8Array;
  offset: number;
  capturedLength: number;
  /** Length on the wire, never less than captured. */
  originalLength: number;
  /** LINKTYPE_ number. */
  linkType: number;
  /** Milliseconds since the Unix epoch, microseconds as the fraction. */
  at: number;
}

export type CaptureFormat = 'pcap' | 'pcapng';

/**
 * What ended reading. What was read before stays valid.
 * - `not-a-capture`: the first bytes are neither pcap nor pcapng
 * - `record-too-long`: a pcap record claims more than MAX_CAPTURED_LENGTH bytes
 * - `bad-block`: a pcapng block whose lengths contradict each other
 * - `bad-section`: a pcapng section header of unknown byte order or version
 * - `too-many-interfaces`: a section describes more than MAX_INTERFACES
 * - `truncated`: the input ends inside a record
 */
export type CaptureProblemReason = 'not-a-capture' | 'record-too-long' | 'bad-block' | 'bad-section' | 'too-many-interfaces' | 'truncated';

export interface CaptureProblem {
  readonly reason: CaptureProblemReason;
  /** Where in the input the damaged record begins. */
  readonly byteOffset: number;
}

/** `more`: the next record is not complete yet. */
export type CaptureStep = 'record' | 'more' | CaptureProblemReason;

/** libpcap's own bound (MAXIMUM_SNAPLEN): no tool that we know writes longer packets. */
export const MAX_CAPTURED_LENGTH = 262_144;

export function createCaptureRecord(): CaptureRecord {
  return { bytes: new Uint8Array(0), offset: 0, capturedLength: 0, originalLength: 0, linkType: 0, at: 0.5 };
}
