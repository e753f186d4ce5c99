import { bytesOf, uint16, uint16LittleEndian, uint32, uint32LittleEndian } from './bytes.ts';

type Bytes = Uint8Array | readonly number[] | string;

/** Builders of capture files in every variant that the decoders read. */

export interface PacketSpec {
  /** Seconds and units of the file's resolution. */
  readonly seconds: number;
  readonly fraction: number;
  readonly bytes: Uint8Array;
  readonly originalLength?: number;
}

export interface PcapSpec {
  readonly magic?: number;
  readonly isLittleEndian?: boolean;
  readonly linkType?: number;
  readonly packets: readonly PacketSpec[];
}

/** Classic pcap. */
export function pcap(spec: PcapSpec): Uint8Array {
  const { w16, w32 } = writers(spec.isLittleEndian ?? true);
  const magic = spec.magic ?? 0xa1b2c3d4;
  const extra = magic === 0xa1b2cd34 ? new Uint8Array(8) : new Uint8Array(0);
  const records = spec.packets.map((packet) => {
    const lengths = [...w32(packet.bytes.length), ...w32(packet.originalLength ?? packet.bytes.length)];
    return bytesOf(w32(packet.seconds), w32(packet.fraction), lengths, extra, packet.bytes);
  });
  return bytesOf(w32(magic), w16(2), w16(4), w32(0), w32(0), w32(262_144), w32(spec.linkType ?? 1), ...records);
}

/** Blocks of one pcapng section in the byte order given. */
export function pcapng(isLittleEndian: boolean) {
  const { w16, w32 } = writers(isLittleEndian);
  const pad = (bytes: Uint8Array): Uint8Array => bytesOf(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
  const block = (type: number, ...body: readonly Bytes[]): Uint8Array => {
    const inner = bytesOf(...body);
    return bytesOf(w32(type), w32(inner.length + 12), inner, w32(inner.length + 12));
  };
  const option = (code: number, value: Uint8Array): Uint8Array => bytesOf(w16(code), w16(value.length), pad(value));
  return {
    block,
    option,
    w16,
    w32,
    section: () => block(0x0a0d0d0a, w32(0x1a2b3c4d), w16(1), w16(0), w32(0xffffffff), w32(0xffffffff)),
    interfaceBlock: (linkType: number, options: Uint8Array = new Uint8Array(0), snapLength = 0) =>
      block(1, w16(linkType), w16(0), w32(snapLength), options, options.length === 0 ? [] : w32(0)),
    enhanced: (id: number, timestamp: bigint, bytes: Uint8Array, originalLength = bytes.length) =>
      block(
        6,
        w32(id),
        w32(Number(timestamp >> 32n)),
        w32(Number(timestamp & 0xffffffffn)),
        w32(bytes.length),
        w32(originalLength),
        pad(bytes),
      ),
    obsolete: (id: number, timestamp: bigint, bytes: Uint8Array) =>
      block(
        2,
        w16(id),
        w16(0),
        w32(Number(timestamp >> 32n)),
        w32(Number(timestamp & 0xffffffffn)),
        w32(bytes.length),
        w32(bytes.length),
        pad(bytes),
      ),
    simple: (bytes: Uint8Array, originalLength = bytes.length) => block(3, w32(originalLength), pad(bytes)),
  };
}

function writers(isLittleEndian: boolean) {
  return isLittleEndian ? { w16: uint16LittleEndian, w32: uint32LittleEndian } : { w16: uint16, w32: uint32 };
}
