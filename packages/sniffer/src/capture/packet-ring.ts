import { AppError } from '@nm/core';
import { encodeBpf } from './bpf.ts';
import type { BpfInstruction } from './bpf.ts';
import type { CapturedFrame, FrameHandler } from './capture-source.ts';
import { lastErrno, loadLibc, viewMemory } from './libc.ts';
import type { SnifferErrorCode } from '../service/sniffer-errors.ts';
import type { Libc } from './libc.ts';

/* linux/if_packet.h, asm-generic/socket.h, sys/mman.h; the same on x64 and arm64. */
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const TPACKET_V3 = 2;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
/* fcntl.h: SIGIO to this process when something can be read. */
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC = 0o20000;
const TP_STATUS_KERNEL = 0;
const TP_STATUS_USER = 1;

/* struct tpacket_block_desc, in 32-bit words. */
const BLOCK_STATUS = 2;
const BLOCK_PACKETS = 3;
const BLOCK_FIRST = 4;
/* struct tpacket3_hdr in words; struct sockaddr_ll follows at byte 48. */
const NEXT_OFFSET = 0;
const SECONDS = 1;
const NANOSECONDS = 2;
const SNAP_LENGTH = 3;
const WIRE_LENGTH = 4;
const MAC_NET = 6;
const SLL_PROTOCOL_BYTE = 48 + 2;
const SLL_INDEX = (48 + 4) / 4;
const SLL_PACKET_TYPE_BYTE = 48 + 10;

export interface PacketRingOptions {
  readonly blockBytes: number;
  readonly blocks: number;
  /** A block that is not full is handed over after this long. */
  readonly blockTimeoutMs: number;
}

export interface RingStatistics {
  readonly dropped: number;
  readonly freezes: number;
}

/** An AF_PACKET socket on all interfaces with a TPACKET_V3 ring (Documentation/networking/packet_mmap.rst). */
export class PacketRing {
  readonly bytes: number;
  private readonly libc: Libc;
  private readonly fd: number;
  private readonly address: bigint;
  private readonly octets: Uint8Array;
  private readonly words: Int32Array;
  private readonly blockWords: number;
  private readonly blocks: number;
  private block = 0;
  private readonly frame: CapturedFrame;

  /** @throws AppError capture-no-right (NET_RAW is missing), capture-failed. */
  constructor(options: PacketRingOptions, filter: readonly BpfInstruction[]) {
    this.libc = loadLibc();
    this.bytes = options.blockBytes * options.blocks;
    this.blocks = options.blocks;
    this.blockWords = options.blockBytes / 4;
    // Protocol 0: nothing arrives before the filter is in place and bind() names the protocol.
    this.fd = this.libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.fd < 0) throw openError(lastErrno());
    try {
      this.setOption(SOL_PACKET, PACKET_VERSION, words(TPACKET_V3));
      const frames = this.bytes / FRAME_BYTES;
      this.setOption(
        SOL_PACKET,
        PACKET_RX_RING,
        words(options.blockBytes, options.blocks, FRAME_BYTES, frames, options.blockTimeoutMs, 0, 0),
      );
      this.setFilter(filter);
      this.address = this.libc.mmap(null, this.bytes, PROT_READ_WRITE, MAP_SHARED, this.fd, 0);
      if (BigInt(this.address) === -1n) throw captureError('map the ring', lastErrno());
      const memory = viewMemory(this.address, this.bytes);
      this.octets = new Uint8Array(memory);
      this.words = new Int32Array(memory);
      this.frame = { at: 0, bytes: this.octets, offset: 0, length: 0, wireLength: 0, interfaceIndex: 0, etherType: 0, packetType: 0 };
      if (this.libc.bind(this.fd, linkLayerAddress(), 20) !== 0) throw captureError('bind to all interfaces', lastErrno());
    } catch (error) {
      this.libc.close(this.fd);
      throw error;
    }
  }

  setFilter(filter: readonly BpfInstruction[]): void {
    const program = encodeBpf(filter);
    const { pointer, keep } = pin(this.libc, program);
    const header = new Uint8Array(16);
    const view = new DataView(header.buffer);
    view.setUint16(0, filter.length, true);
    view.setBigUint64(8, pointer, true);
    try {
      this.setOption(SOL_SOCKET, SO_ATTACH_FILTER, header);
    } finally {
      keep();
    }
  }

  /** Hands out frames of at most `maxBlocks` full blocks; returns the number of blocks. */
  drain(onFrame: FrameHandler, maxBlocks: number): number {
    const { words, blockWords } = this;
    let done = 0;
    while (done < maxBlocks) {
      const start = this.block * blockWords;
      // Atomics: on arm64 the frames must not be read before the status that hands them over.
      if ((Atomics.load(words, start + BLOCK_STATUS) & TP_STATUS_USER) === 0) break;
      this.readBlock(start, onFrame);
      Atomics.store(words, start + BLOCK_STATUS, TP_STATUS_KERNEL);
      this.block = this.block + 1 === this.blocks ? 0 : this.block + 1;
      done += 1;
    }
    return done;
  }

  /** Whether the kernel tells by SIGIO that a block was handed over. The process must have a handler: without one it ends. */
  setSignal(isOn: boolean): void {
    const flags = this.libc.fcntl(this.fd, F_GETFL, 0);
    if (isOn) this.libc.fcntl(this.fd, F_SETOWN, process.pid);
    this.libc.fcntl(this.fd, F_SETFL, isOn ? flags | O_ASYNC : flags & ~O_ASYNC);
  }

  /** Drops and freezes since the last call: reading sets them to zero. */
  readStatistics(): RingStatistics {
    const value = new Uint8Array(12);
    const length = Uint8Array.of(12, 0, 0, 0);
    if (this.libc.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, value, length) !== 0) return { dropped: 0, freezes: 0 };
    const view = new DataView(value.buffer);
    return { dropped: view.getUint32(4, true), freezes: view.getUint32(8, true) };
  }

  close(): void {
    this.setSignal(false);
    this.libc.munmap(this.address, this.bytes);
    this.libc.close(this.fd);
  }

  private readBlock(start: number, onFrame: FrameHandler): void {
    const { words, octets, frame } = this;
    const packets = words[start + BLOCK_PACKETS] ?? 0;
    let at = start + ((words[start + BLOCK_FIRST] ?? 0) >>> 2);
    for (let i = 0; i < packets; i++) {
      const byte = at << 2;
      frame.at = ((words[at + SECONDS] ?? 0) >>> 0) * 1000 + (words[at + NANOSECONDS] ?? 0) / 1e6;
      frame.length = words[at + SNAP_LENGTH] ?? 0;
      frame.wireLength = words[at + WIRE_LENGTH] ?? 0;
      // Kept a 32-bit integer, as which the engine then keeps every offset into the frame.
      frame.offset = (byte + ((words[at + MAC_NET] ?? 0) >>> 16)) | 0;
      frame.etherType = ((octets[byte + SLL_PROTOCOL_BYTE] ?? 0) << 8) | (octets[byte + SLL_PROTOCOL_BYTE + 1] ?? 0);
      frame.interfaceIndex = words[at + SLL_INDEX] ?? 0;
      frame.packetType = octets[byte + SLL_PACKET_TYPE_BYTE] ?? 0;
      onFrame(frame);
      at += (words[at + NEXT_OFFSET] ?? 0) >>> 2;
    }
  }

  private setOption(level: number, name: number, value: Uint8Array): void {
    if (this.libc.setsockopt(this.fd, level, name, value, value.length) !== 0) throw captureError(`set socket option ${name}`, lastErrno());
  }
}

/** TPACKET_V3 packs frames one after the other; the size only has to divide the block. */
export const FRAME_BYTES = 2048;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** Copies bytes to memory that has an address, for the pointer inside struct sock_fprog. */
function pin(libc: Libc, bytes: Uint8Array): { pointer: bigint; keep: () => void } {
  const address = libc.mmap(null, bytes.length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  const pointer = BigInt(address);
  if (pointer === -1n) throw captureError('allocate the filter', lastErrno());
  new Uint8Array(viewMemory(pointer, bytes.length)).set(bytes);
  return { pointer, keep: () => void libc.munmap(pointer, bytes.length) };
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** struct sockaddr_ll for every interface. */
function linkLayerAddress(): Uint8Array {
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL, false);
  return address;
}

function openError(errno: string): AppError {
  if (errno === 'EPERM' || errno === 'EACCES') {
    return new AppError<SnifferErrorCode>(
      'capture-no-right',
      'opening a packet socket was refused: run as root with the capability NET_RAW (securityContext.capabilities.add: ["NET_RAW"], or sudo)',
      { fields: { errno, right: 'NET_RAW' } },
    );
  }
  return captureError('open a packet socket', errno);
}

function captureError(what: string, errno: string): AppError {
  return new AppError<SnifferErrorCode>(
    'capture-failed',
    `the kernel refused to ${what} (${errno}); the node may lack CONFIG_PACKET or memory for the ring`,
    {
      fields: { errno },
    },
  );
}
