import { BLOCK_ENHANCED_PACKET, BLOCK_INTERFACE, BLOCK_SECTION, BYTE_ORDER_MAGIC, OPTION_INTERFACE_RESOLUTION } from './pcapng.ts';

const OPTION_SECTION_APPLICATION = 4;
const OPTION_INTERFACE_NAME = 2;
const RESOLUTION_MICROSECONDS = 6;
/** Around the packet's bytes in an enhanced packet block without options. */
const PACKET_BLOCK_OVERHEAD = 32;
/** Names that go into options are cut to this. */
const MAX_OPTION_LENGTH = 255;

export interface PcapNgSection {
  /** Program that wrote the file. */
  readonly application?: string;
}

export interface PcapNgInterface {
  /** LINKTYPE_ number. */
  readonly linkType: number;
  /** Most bytes kept of a packet; 0 for no limit. */
  readonly snapLength: number;
  readonly name?: string;
}

export interface PcapNgPacket {
  /** Number of the interface in the order of their blocks, from 0. */
  readonly interfaceId: number;
  /** Milliseconds since the Unix epoch; written to the microsecond. */
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly capturedLength: number;
  readonly originalLength: number;
}

/** Section header block: the beginning of a little-endian pcapng. */
export function encodePcapNgSection(section: PcapNgSection = {}): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true);
  // Section length unknown: all ones.
  view.setUint32(8, 0xffffffff, true);
  view.setUint32(12, 0xffffffff, true);
  return encodeBlock(BLOCK_SECTION, body, encodeTextOption(OPTION_SECTION_APPLICATION, section.application));
}

/** Interface description block with timestamps in microseconds. */
export function encodePcapNgInterface(description: PcapNgInterface): Uint8Array {
  const body = new Uint8Array(8);
  const view = new DataView(body.buffer);
  view.setUint16(0, description.linkType, true);
  view.setUint32(4, description.snapLength, true);
  const name = encodeTextOption(OPTION_INTERFACE_NAME, description.name);
  return encodeBlock(BLOCK_INTERFACE, body, [...name, ...encodeOption(OPTION_INTERFACE_RESOLUTION, [RESOLUTION_MICROSECONDS])]);
}

/** Enhanced packet block. */
export function encodePcapNgPacket(packet: PcapNgPacket): Uint8Array {
  const block = new Uint8Array(pcapNgPacketLength(packet.capturedLength));
  encodePcapNgPacketInto(block, 0, packet);
  return block;
}

/** Length of the block that holds so many captured bytes. */
export function pcapNgPacketLength(capturedLength: number): number {
  return PACKET_BLOCK_OVERHEAD + Math.ceil(capturedLength / 4) * 4;
}

/** Writes an enhanced packet block at `target[at]`; returns the offset behind it, or -1 if it does not fit. */
export function encodePcapNgPacketInto(target: Uint8Array, at: number, packet: PcapNgPacket): number {
  const length = pcapNgPacketLength(packet.capturedLength);
  const end = at + length;
  if (end > target.length) return -1;
  const microseconds = Math.round(packet.at * 1000);
  writeUint32(target, at, BLOCK_ENHANCED_PACKET);
  writeUint32(target, at + 4, length);
  writeUint32(target, at + 8, packet.interfaceId);
  writeUint32(target, at + 12, Math.floor(microseconds / 4_294_967_296));
  writeUint32(target, at + 16, microseconds % 4_294_967_296);
  writeUint32(target, at + 20, packet.capturedLength);
  writeUint32(target, at + 24, packet.originalLength);
  target.set(packet.bytes.subarray(packet.offset, packet.offset + packet.capturedLength), at + 28);
  target.fill(0, at + 28 + packet.capturedLength, end - 4);
  writeUint32(target, end - 4, length);
  return end;
}

function encodeBlock(type: number, body: Uint8Array, options: readonly number[]): Uint8Array {
  const length = 12 + body.length + (options.length === 0 ? 0 : options.length + 4);
  const block = new Uint8Array(length);
  writeUint32(block, 0, type);
  writeUint32(block, 4, length);
  block.set(body, 8);
  // The four zero bytes that are left after the options are the option that ends the list.
  block.set(options, 8 + body.length);
  writeUint32(block, length - 4, length);
  return block;
}

function encodeTextOption(code: number, text: string | undefined): readonly number[] {
  if (text === undefined) return [];
  const ascii = Array.from(text.slice(0, MAX_OPTION_LENGTH), (character) => {
    const unit = character.charCodeAt(0);
    return unit < 0x80 ? unit : 0x3f;
  });
  return encodeOption(code, ascii);
}

function encodeOption(code: number, value: readonly number[]): readonly number[] {
  const padding = Array.from({ length: (4 - (value.length % 4)) % 4 }, () => 0);
  return [code & 0xff, code >> 8, value.length & 0xff, value.length >> 8, ...value, ...padding];
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value & 0xff;
  target[at + 1] = (value >>> 8) & 0xff;
  target[at + 2] = (value >>> 16) & 0xff;
  target[at + 3] = (value >>> 24) & 0xff;
}
