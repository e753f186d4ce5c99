import { createPacketView, TCP_ACK } from '../frame/packet-view.ts';
import type { PacketView } from '../frame/packet-view.ts';
import { bytesOf, uint16 } from './bytes.ts';
import { aRecord, dnsMessage, pointer } from './dns.ts';

const ADDRESSES = bytesOf([10, 0, 0, 1], [10, 96, 0, 10], 'fd 00', new Uint8Array(13), '07', 'fd 00', new Uint8Array(13), '09');

export interface SegmentSpec {
  readonly sequence: number;
  readonly payload?: Uint8Array;
  readonly flags?: number;
  readonly at?: number;
  readonly port?: number;
  readonly family?: 4 | 6;
}

/** A decoded TCP segment from 10.0.0.1 to 10.96.0.10, or fd00::7 to fd00::9, port 53. */
export function segment(spec: SegmentSpec): PacketView {
  const payload = spec.payload ?? new Uint8Array(0);
  const isIpv4 = spec.family !== 6;
  return {
    ...createPacketView(),
    at: spec.at ?? 1000,
    bytes: bytesOf(ADDRESSES, payload),
    family: spec.family ?? 4,
    sourceOffset: isIpv4 ? 0 : 8,
    destinationOffset: isIpv4 ? 4 : 24,
    protocol: 6,
    sourcePort: spec.port ?? 40_000,
    destinationPort: 53,
    tcpFlags: spec.flags ?? TCP_ACK,
    sequence: spec.sequence >>> 0,
    payloadOffset: ADDRESSES.length,
    payloadLength: payload.length,
  };
}

/** An answer with its length, as TCP carries it. */
export function framed(id: number, answers = 1): Uint8Array {
  const message = dnsMessage({
    id,
    answers: Array.from({ length: answers }, (_, index) => aRecord(pointer(12), `10.0.${index >> 8}.${index & 255}`)),
  });
  return bytesOf(uint16(message.length), message);
}
