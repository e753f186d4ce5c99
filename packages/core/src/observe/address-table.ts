import { formatAddress, parseAddress } from '../model/address.ts';
import { Memo } from '../model/memo.ts';
import { FifoTable } from './fifo-table.ts';
import { finishHash, hashBytes, startHash, wordAt } from './hash.ts';
import type { Hash64 } from './hash.ts';
import { KeySet } from './key-set.ts';

/**
 * Key of an address as two signed 32-bit halves: an IPv4 address is its own key (high 0), an IPv6 address is hashed, an
 * IPv4-mapped one counts as IPv4. Written into `out`; no allocation.
 */
export function addressKey(out: Hash64, bytes: Uint8Array, offset: number, family: 4 | 6, seed: number): void {
  const at = family === 4 ? offset : mappedOffset(bytes, offset);
  if (at >= 0) {
    out.high = 0;
    out.low = wordAt(bytes, at);
    return;
  }
  startHash(out, seed);
  hashBytes(out, bytes, offset, 16, seed);
  finishHash(out);
  if (out.high === 0) out.high = 1;
}

/** Offset of the IPv4 address inside an IPv4-mapped one (::ffff:0:0/96, RFC 4291 2.5.5.2), or -1. */
function mappedOffset(bytes: Uint8Array, offset: number): number {
  if (bytes[offset + 10] !== 0xff || bytes[offset + 11] !== 0xff) return -1;
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return -1;
  return offset + 12;
}

/** A set of addresses that is asked with raw bytes from a packet. */
export interface AddressSet {
  has(bytes: Uint8Array, offset: number, family: 4 | 6): boolean;
}

/** @param addresses canonical text; what is not an address is left out. */
export function createAddressSet(addresses: Iterable<string>): AddressSet {
  const key: Hash64 = { high: 0, low: 0 };
  const raw = [...addresses].map((text) => parseAddress(text)).filter((bytes) => bytes !== undefined);
  const keys = new KeySet(raw.length);
  for (const bytes of raw) {
    addressKey(key, bytes, 0, bytes.length === 4 ? 4 : 6, 0);
    keys.add(key.high, key.low);
  }
  const wanted: Hash64 = { high: 0, low: 0 };
  return {
    has(bytes, offset, family) {
      addressKey(wanted, bytes, offset, family, 0);
      return keys.has(wanted.high, wanted.low);
    },
  };
}

/** Numbers addresses of packets, so that tables keep small integers. Bounded: `isFull` tells its owner to start over. */
export class AddressTable {
  private readonly table: FifoTable;
  private readonly families: Uint8Array;
  private readonly raw: Uint8Array;
  readonly keepsMemos: boolean;
  private readonly memos: (Memo | undefined)[] = [];
  private readonly texts: (string | undefined)[] = [];
  private readonly key: Hash64 = { high: 0, low: 0 };
  private readonly seed: number;

  /** @param keepsMemos for whoever resolves what is observed */
  constructor(capacity: number, seed: number, keepsMemos = false) {
    this.keepsMemos = keepsMemos;
    this.table = new FifoTable(capacity);
    this.families = new Uint8Array(this.table.capacity);
    this.raw = new Uint8Array(this.table.capacity * 16);
    this.seed = seed;
  }

  /** True when fewer than `room` new addresses fit; call before a packet's addresses are numbered. */
  isFull(room: number): boolean {
    return this.table.size + room > this.table.capacity;
  }

  idOf(bytes: Uint8Array, offset: number, family: 4 | 6): number {
    const { key } = this;
    addressKey(key, bytes, offset, family, this.seed);
    const found = this.table.find(key.high, key.low);
    if (found >= 0) return found;
    const id = this.table.add(key.high, key.low, 0);
    this.families[id] = family;
    for (let i = 0; i < (family === 4 ? 4 : 16); i++) this.raw[id * 16 + i] = bytes[offset + i] ?? 0;
    this.texts[id] = undefined;
    if (this.keepsMemos) this.memos[id] = undefined;
    return id;
  }

  /** Canonical text of an address. */
  textOf(id: number): string {
    const known = this.texts[id];
    if (known !== undefined) return known;
    const text = formatAddress(this.raw.subarray(id * 16, id * 16 + (this.families[id] === 4 ? 4 : 16)));
    this.texts[id] = text;
    return text;
  }

  /** The address's memo, if memos are kept. */
  memoOf(id: number): Memo | undefined {
    if (!this.keepsMemos) return undefined;
    let memo = this.memos[id];
    if (memo === undefined) {
      memo = new Memo();
      this.memos[id] = memo;
    }
    return memo;
  }

  clear(): void {
    this.table.clear();
    this.memos.length = 0;
    this.texts.length = 0;
  }
}
