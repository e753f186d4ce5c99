/**
 * One decoded packet: offsets into the frame, no copies. Same shape as core's PacketView; wire imports nothing, so it
 * is declared here too and the compiler compares the two where they meet. The decoder owns the object and reuses it
 * for the next frame.
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
  isCut: boolean;
}

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_ACK = 0x10;

export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

export function createPacketView(): PacketView {
  return {
    // A fraction from the start: the engine then keeps the field as a double and never changes the object's layout.
    at: 0.5,
    bytes: new Uint8Array(0),
    family: 4,
    sourceOffset: 0,
    destinationOffset: 0,
    protocol: 0,
    sourcePort: 0,
    destinationPort: 0,
    tcpFlags: 0,
    sequence: 0,
    payloadOffset: 0,
    payloadLength: 0,
    isCut: false,
  };
}
