/**
 * One decoded packet as the observer reads it: offsets into the frame, no copies. The decoder owns the object and
 * reuses it for the next frame, so nobody keeps it or its bytes after the call returns.
 */
export interface PacketView {
  /** Capture time, milliseconds since the Unix epoch with a fraction. */
  at: number;
  bytes: Uint8Array;
  family: 4 | 6;
  /** Offset of the source and destination address in `bytes` (4 or 16 bytes each). */
  sourceOffset: number;
  destinationOffset: number;
  /** 6 TCP, 17 UDP (IANA protocol numbers). */
  protocol: number;
  sourcePort: number;
  destinationPort: number;
  /** TCP flags byte (RFC 9293 3.1: CWR ECE URG ACK PSH RST SYN FIN from the top); 0 for UDP. */
  tcpFlags: number;
  /** TCP sequence number, unsigned; 0 for UDP. */
  sequence: number;
  payloadOffset: number;
  /** Payload bytes present in the frame (a truncated capture has fewer than the packet had). */
  payloadLength: number;
  /** The UDP header tells of more than the frame holds: a short snap length, or the first fragment. */
  isCut?: boolean;
}

export const TCP_SYN = 0x02;
export const TCP_ACK = 0x10;
