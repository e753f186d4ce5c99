import { readUint16, readUint32, readUint8 } from '../bytes.ts';
import { createFrameCursor, FRAME_REASONS } from './frame-cursor.ts';
import type { FrameCursor, FrameReason } from './frame-cursor.ts';
import { readIpv4, readIpv6 } from './ip.ts';
import { ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, readEthernet, readLinkLayer } from './link-layer.ts';
import { createPacketView, PROTOCOL_TCP, PROTOCOL_UDP } from './packet-view.ts';
import type { PacketView } from './packet-view.ts';
import { readGeneve, readGre, readVxlan } from './tunnel.ts';

export interface FrameDecoderOptions {
  /** UDP ports of VXLAN; default 4789 (IANA) and 8472 (Linux, flannel, Cilium). */
  readonly vxlanPorts?: readonly number[];
  /** UDP ports of Geneve; default 6081. */
  readonly genevePorts?: readonly number[];
  /** Tunnels inside each other that are followed, default 3. 0: none is. */
  readonly maxTunnels?: number;
}

/** Decodes frames down to the innermost TCP or UDP header. Never throws, never reads outside the frame, allocates nothing. */
export interface FrameDecoder {
  /** The packet of the last `decode` that returned true; reused by the next. */
  readonly view: PacketView;
  /** Why the last `decode` that returned false did so. */
  readonly reason: FrameReason;
  /** Frames without a packet, by reason. */
  readonly counts: Readonly<Record<FrameReason, number>>;
  /** Packets that came out of a tunnel. */
  readonly tunnelled: number;
  /** `bytes[offset … offset+length)` is one frame of `linkType`, captured at `at` (ms since the epoch). */
  decode(bytes: Uint8Array, offset: number, length: number, linkType: number, at: number): boolean;
}

export const DEFAULT_VXLAN_PORTS: readonly number[] = [4789, 8472];
export const DEFAULT_GENEVE_PORTS: readonly number[] = [6081];
export const DEFAULT_MAX_TUNNELS = 3;

const PROTOCOL_IPV4 = 4;
const PROTOCOL_IPV6 = 41;
const PROTOCOL_GRE = 47;
/** Ethernet inside IPv6 (RFC 8986 9.1). */
const PROTOCOL_ETHERNET = 143;

const PORT_VXLAN = 1;
const PORT_GENEVE = 2;

export function createFrameDecoder(options: FrameDecoderOptions = {}): FrameDecoder {
  return new ReusingFrameDecoder(options);
}

class ReusingFrameDecoder implements FrameDecoder {
  readonly view: PacketView = createPacketView();
  readonly counts: Record<FrameReason, number>;
  reason: FrameReason = 'truncated';
  tunnelled = 0;
  /** Tunnels around the packet in `view`. */
  private depth = 0;
  private readonly cursor: FrameCursor = createFrameCursor();
  private readonly tunnelPorts = new Uint8Array(65_536);
  private readonly maxTunnels: number;

  constructor(options: FrameDecoderOptions) {
    for (const port of options.genevePorts ?? DEFAULT_GENEVE_PORTS) this.tunnelPorts[port] = PORT_GENEVE;
    for (const port of options.vxlanPorts ?? DEFAULT_VXLAN_PORTS) this.tunnelPorts[port] = PORT_VXLAN;
    this.maxTunnels = options.maxTunnels ?? DEFAULT_MAX_TUNNELS;
    this.counts = Object.fromEntries(FRAME_REASONS.map((reason) => [reason, 0])) as Record<FrameReason, number>;
  }

  decode(bytes: Uint8Array, offset: number, length: number, linkType: number, at: number): boolean {
    const { cursor } = this;
    cursor.bytes = bytes;
    cursor.position = offset;
    cursor.end = Math.min(offset + length, bytes.length);
    const reason = offset < 0 ? 'truncated' : (readLinkLayer(cursor, linkType) ?? this.readPacket(0));
    if (reason !== undefined) {
      this.reason = reason;
      this.counts[reason] += 1;
      return false;
    }
    this.view.bytes = bytes;
    this.view.at = at;
    if (this.depth > 0) this.tunnelled += 1;
    return true;
  }

  /** From an IP header on, `tunnels` deep. `view` is written only by a transport header that is whole. */
  private readPacket(tunnels: number): FrameReason | undefined {
    const { cursor } = this;
    const reason = cursor.etherType === ETHER_TYPE_IPV4 ? readIpv4(cursor) : readIpv6(cursor);
    if (reason !== undefined) return reason;
    switch (cursor.protocol) {
      case PROTOCOL_UDP:
        return this.readUdp(tunnels);
      case PROTOCOL_TCP:
        return this.readTcp(tunnels);
      case PROTOCOL_IPV4:
        cursor.etherType = ETHER_TYPE_IPV4;
        return this.readTunnelled(tunnels);
      case PROTOCOL_IPV6:
        cursor.etherType = ETHER_TYPE_IPV6;
        return this.readTunnelled(tunnels);
      case PROTOCOL_GRE:
        return readGre(cursor) ?? this.readTunnelled(tunnels);
      case PROTOCOL_ETHERNET:
        return readEthernet(cursor) ?? this.readTunnelled(tunnels);
      default:
        return 'protocol';
    }
  }

  private readTunnelled(tunnels: number): FrameReason | undefined {
    return tunnels >= this.maxTunnels ? 'too-deep' : this.readPacket(tunnels + 1);
  }

  /** RFC 9293 3.1. Options that the capture cut off leave a packet without payload. */
  private readTcp(tunnels: number): FrameReason | undefined {
    const { bytes, position, end } = this.cursor;
    if (position + 20 > end) return 'truncated';
    const headerLength = (readUint8(bytes, position + 12) >> 4) * 4;
    if (headerLength < 20) return 'malformed';
    const { view } = this;
    view.tcpFlags = readUint8(bytes, position + 13);
    view.sequence = readUint32(bytes, position + 4);
    this.fillView(tunnels, PROTOCOL_TCP, Math.min(position + headerLength, end), end);
    return undefined;
  }

  /** RFC 768. */
  private readUdp(tunnels: number): FrameReason | undefined {
    const { cursor, view } = this;
    const { bytes, position } = cursor;
    if (position + 8 > cursor.end) return 'truncated';
    const length = readUint16(bytes, position + 4);
    // Length 0 is a jumbogram (RFC 2675 4) or was left to segmentation offload.
    if (length !== 0) {
      if (length < 8) return 'malformed';
      if (position + length < cursor.end) cursor.end = position + length;
    }
    view.tcpFlags = 0;
    view.sequence = 0;
    view.isCut = length !== 0 && position + length > cursor.end;
    this.fillView(tunnels, PROTOCOL_UDP, position + 8, cursor.end);
    if (this.maxTunnels === 0) return undefined;
    const kind = this.tunnelPorts[view.destinationPort];
    return kind === 0 ? undefined : this.readUdpTunnel(tunnels, kind === PORT_VXLAN ? readVxlan : readGeneve);
  }

  /** What turns out not to be a tunnel stays the UDP packet that `view` already holds. */
  private readUdpTunnel(tunnels: number, readHeader: (cursor: FrameCursor) => FrameReason | undefined): FrameReason | undefined {
    const { cursor } = this;
    cursor.position = this.view.payloadOffset;
    const reason = readHeader(cursor) ?? this.readTunnelled(tunnels);
    return reason === 'malformed' || reason === 'truncated' ? undefined : reason;
  }

  private fillView(tunnels: number, protocol: number, payloadOffset: number, end: number): void {
    const { cursor, view } = this;
    const { bytes, position } = cursor;
    this.depth = tunnels;
    view.family = cursor.family;
    view.sourceOffset = cursor.sourceOffset;
    view.destinationOffset = cursor.destinationOffset;
    view.protocol = protocol;
    view.sourcePort = readUint16(bytes, position);
    view.destinationPort = readUint16(bytes, position + 2);
    view.payloadOffset = payloadOffset;
    view.payloadLength = end - payloadOffset;
  }
}
