/** Why a frame gave no packet. */
export const FRAME_REASONS = ['link-type', 'truncated', 'not-ip', 'malformed', 'fragment', 'protocol', 'too-deep'] as const;
/**
 * - `link-type`: a kind of interface that is not decoded
 * - `truncated`: the bytes end before the headers do
 * - `not-ip`: ARP, LLDP and the like
 * - `malformed`: a header contradicts itself
 * - `fragment`: a later IP fragment, which has no ports
 * - `protocol`: IP, but neither TCP nor UDP (ICMP, ESP, …)
 * - `too-deep`: more tunnels, tags or extension headers inside each other than the bounds allow
 */
export type FrameReason = (typeof FRAME_REASONS)[number];

/** Where decoding of a frame stands. One object per decoder; every layer moves `position` behind its own header. */
export interface FrameCursor {
  bytes: Uint8Array;
  position: number;
  /** End of what may be read: the captured bytes, clipped by the lengths of the enclosing headers. */
  end: number;
  /** What comes next, after a link layer or a tunnel header (IEEE EtherType). */
  etherType: number;
  /** What comes next, after an IP header (IANA protocol number). */
  protocol: number;
  family: 4 | 6;
  sourceOffset: number;
  destinationOffset: number;
}

export function createFrameCursor(): FrameCursor {
  return { bytes: new Uint8Array(0), position: 0, end: 0, etherType: 0, protocol: 0, family: 4, sourceOffset: 0, destinationOffset: 0 };
}
