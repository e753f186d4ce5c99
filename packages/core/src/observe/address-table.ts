import { formatAddress, parseAddress } from '../model/address.ts';
import { Memo } from '../model/memo.ts';
import { dataViewOf, finishHash, hashWords, startHash, wordAt } from './hash.ts';
import type { Hash64 } from './hash.ts';
import { KeySet } from './key-set.ts';
import { RING_OWN_WORD, RingTable } from './ring-table.ts';

/** Word of an entry: in which minute the address sent something last. */
const SENT_IN = RING_OWN_WORD;
/** 65.5 s: whoever sent nothing in this one is new again. */
const MINUTE_MS = 65_536;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;

/**
 * Key of an address as two signed 32-bit halves: an IPv4 address is its own key (high 0), an IPv6 address is hashed, an
 * IPv4-mapped one counts as IPv4. Written into `out`; no allocation.
 */
export function addressKey(out: Hash64, data: DataView, offset: number, family: 4 | 6, seed: number): void {
  const at = family === 4 ? offset : mappedOffset(data, offset);
  if (at >= 0) {
    out.high = 0;
    out.low = wordAt(data, at);
    return;
  }
  startHash(out, seed);
  hashWords(out, data, offset, offset + IPV6_BYTES, seed);
  finishHash(out);
  if (out.high === 0) out.high = 1;
}

/** Offset of the IPv4 address inside an IPv4-mapped one (::ffff:0:0/96, RFC 4291 2.5.5.2), or -1. */
function mappedOffset(data: DataView, offset: number): number {
  const isMapped = data.getInt32(offset + 8) === 0xffff && data.getInt32(offset + 4) === 0 && data.getInt32(offset) === 0;
  return isMapped ? offset + 12 : -1;
}

/** Key of an address as parseAddress gives it. */
export function keyOfAddress(out: Hash64, address: Uint8Array, seed: number): void {
  addressKey(out, dataViewOf(address), 0, address.length === IPV4_BYTES ? 4 : 6, seed);
}

/** A set of addresses that is asked with keys (addressKey, of the same seed). */
export class AddressSet {
  private readonly keys: KeySet;

  /** @param addresses canonical text; what is not an address is left out. */
  constructor(addresses: Iterable<string>, seed: number) {
    const raw = [...addresses].map((text) => parseAddress(text)).filter((bytes) => bytes !== undefined);
    this.keys = new KeySet(raw.length);
    const key: Hash64 = { high: 0, low: 0 };
    for (const bytes of raw) {
      keyOfAddress(key, bytes, seed);
      this.keys.add(key.high, key.low);
    }
  }

  has(key: Readonly<Hash64>): boolean {
    return this.keys.has(key.high, key.low);
  }
}

/** Numbers addresses of packets, so that tables keep small integers. Bounded: `isFull` tells its owner to start over. */
export class AddressTable {
  private readonly table: RingTable;
  private readonly families: Uint8Array;
  private readonly raw: Uint8Array;
  readonly keepsMemos: boolean;
  private readonly memos: (Memo | undefined)[] = [];
  private readonly texts: (string | undefined)[] = [];
  /** Whether the sender of the last `senderOf` had sent nothing in this minute before. */
  isNewSender = false;

  /** @param keepsMemos for whoever resolves what is observed */
  constructor(capacity: number, seed: number, keepsMemos = false) {
    this.keepsMemos = keepsMemos;
    this.table = new RingTable(capacity, 0, seed);
    this.families = new Uint8Array(this.table.maxCapacity);
    this.raw = new Uint8Array(this.table.maxCapacity * IPV6_BYTES);
  }

  /** True when fewer than `room` new addresses fit; call before a packet's addresses are numbered. */
  isFull(room: number): boolean {
    return this.table.size + room > this.table.maxCapacity;
  }

  /** @param key of the address (addressKey with the table's seed). */
  idOf(key: Readonly<Hash64>, data: DataView, offset: number, family: 4 | 6): number {
    const found = this.table.find(key.high, key.low);
    return this.idAt(found >= 0 ? found : this.add(key, data, offset, family));
  }

  /** The same of who sent a packet at `at`, and notes that it did. */
  senderOf(key: Readonly<Hash64>, data: DataView, offset: number, family: 4 | 6, at: number): number {
    const { table } = this;
    const found = table.find(key.high, key.low);
    const place = found >= 0 ? found : this.add(key, data, offset, family);
    const minute = (at / MINUTE_MS) | 0;
    this.isNewSender = table.words[place + SENT_IN] !== minute;
    if (this.isNewSender) table.words[place + SENT_IN] = minute;
    return this.idAt(place);
  }

  /** Whether a number is that of the address with this key. */
  isKeyOf(key: Readonly<Hash64>, id: number): boolean {
    const place = this.placeOf(id);
    return this.table.keyLowAt(place) === key.low && this.table.keyHighAt(place) === key.high;
  }

  /** Writes the key of an address into `out`. */
  keyOf(out: Hash64, id: number): void {
    const place = this.placeOf(id);
    out.high = this.table.keyHighAt(place);
    out.low = this.table.keyLowAt(place);
  }

  /** Canonical text of an address. */
  textOf(id: number): string {
    const known = this.texts[id];
    if (known !== undefined) return known;
    const at = id * IPV6_BYTES;
    const text = formatAddress(this.raw.subarray(at, at + (this.families[id] === 4 ? IPV4_BYTES : IPV6_BYTES)));
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

  /** Entries leave all at once only, so that their numbers less the bits above tell them apart. */
  private idAt(place: number): number {
    return this.table.entryAt(place) & (this.table.maxCapacity - 1);
  }

  private placeOf(id: number): number {
    return this.table.placeOf(id === 0 ? this.table.maxCapacity : id);
  }

  /** @returns the place of the entry. */
  private add(key: Readonly<Hash64>, data: DataView, offset: number, family: 4 | 6): number {
    const place = this.table.add(key.high, key.low, 0);
    this.table.words[place + SENT_IN] = 0;
    const id = this.idAt(place);
    this.families[id] = family;
    for (let i = 0; i < (family === 4 ? IPV4_BYTES : IPV6_BYTES); i++) this.raw[id * IPV6_BYTES + i] = data.getUint8(offset + i);
    this.texts[id] = undefined;
    if (this.keepsMemos) this.memos[id] = undefined;
    return place;
  }
}
