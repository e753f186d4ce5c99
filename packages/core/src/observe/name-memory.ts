import { parseAddress } from '../model/address.ts';
import { keyOfAddress } from './address-table.ts';
import type { DnsAnswer } from './dns-port.ts';
import { finishHash, hashNumber, startHash } from './hash.ts';
import type { Hash64 } from './hash.ts';
import { RING_OWN_WORDS, RingTable } from './ring-table.ts';

/** Rule 14: a name is remembered for a client and an address for 24 hours. */
const NAME_MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** Learned again after this long, so that a busy client does not renew its entries with every lookup. */
const RENEW_AFTER_MS = 30_000;
/** Texts of addresses of which the key is kept. */
const MAX_TEXTS = 4_096;
/** Words of an entry: when the answer was learned, as a double. */
const LEARNED_AT = RING_OWN_WORDS;

/** Which names each client was given for an address, newest first. Bounded; per client, so nobody learns from another's answers. */
export class NameMemory {
  private readonly table: RingTable;
  /** By an entry's number, of which the lower bits tell the living ones apart. */
  private readonly answers: (DnsAnswer | undefined)[] = [];
  private readonly keysOfTexts = new Map<string, Readonly<Hash64>>();
  private readonly seed: number;
  private readonly mask: number;
  private early = 0;
  /** How often something was learned; wraps around. What was not found before is not there as long as this stays. */
  changes = 0;
  private readonly key: Hash64 = { high: 0, low: 0 };
  private readonly address: Hash64 = { high: 0, low: 0 };

  constructor(capacity: number, seed: number) {
    this.table = new RingTable(capacity, 2, seed);
    this.mask = this.table.maxCapacity - 1;
    this.seed = seed;
  }

  get evictions(): number {
    return this.early;
  }

  get size(): number {
    return this.table.size;
  }

  /** Keys of an answer's addresses, for `learn`: computed once per answer. */
  keysOf(answer: DnsAnswer): Int32Array {
    const keys: number[] = [];
    for (const text of answer.addresses) {
      const bytes = parseAddress(text);
      if (bytes === undefined) continue;
      keyOfAddress(this.address, bytes, this.seed);
      keys.push(this.address.high, this.address.low);
    }
    return Int32Array.from(keys);
  }

  /** @param client key of the client's address (addressKey). @param keys of the answer's addresses (keysOf). */
  learn(client: Readonly<Hash64>, answer: DnsAnswer, keys: Int32Array, at: number): void {
    this.table.expire(at - NAME_MAX_AGE_MS);
    for (let i = 0; i < keys.length; i += 2) {
      this.address.high = keys[i] ?? 0;
      this.address.low = keys[i + 1] ?? 0;
      this.pairKey(client, this.address);
      const known = this.table.find(this.key.high, this.key.low);
      if (known < 0) this.add(answer, at);
      else this.renew(known, answer, at);
    }
  }

  /** Newest answer by which this client got this address, at most 24 hours before `at`. */
  find(client: Readonly<Hash64>, address: Readonly<Hash64>, at: number): DnsAnswer | undefined {
    if (this.table.size === 0) return undefined;
    this.pairKey(client, address);
    const place = this.table.find(this.key.high, this.key.low);
    if (place < 0 || at - this.learnedAt(place) > NAME_MAX_AGE_MS) return undefined;
    return this.answerAt(place);
  }

  /** The same by the addresses' texts; undefined also for what is no address. For what is looked up seldom. */
  findByText(client: string, address: string, at: number): DnsAnswer | undefined {
    const from = this.keyOfText(client);
    const to = this.keyOfText(address);
    return from === undefined || to === undefined ? undefined : this.find(from, to, at);
  }

  private keyOfText(text: string): Readonly<Hash64> | undefined {
    const known = this.keysOfTexts.get(text);
    if (known !== undefined) return known;
    const bytes = parseAddress(text);
    if (bytes === undefined) return undefined;
    const key: Hash64 = { high: 0, low: 0 };
    keyOfAddress(key, bytes, this.seed);
    if (this.keysOfTexts.size >= MAX_TEXTS) this.keysOfTexts.clear();
    this.keysOfTexts.set(text, key);
    return key;
  }

  private add(answer: DnsAnswer, at: number): void {
    const { table } = this;
    if (table.isFull) this.early += 1;
    this.keep(table.add(this.key.high, this.key.low, at), answer, at);
  }

  private renew(place: number, answer: DnsAnswer, at: number): void {
    const learnedAt = this.learnedAt(place);
    if (at < learnedAt || (this.answerAt(place) === answer && at - learnedAt < RENEW_AFTER_MS)) return;
    this.keep(place, answer, at);
  }

  private keep(place: number, answer: DnsAnswer, at: number): void {
    this.changes = (this.changes + 1) | 0;
    this.table.doubles[(place + LEARNED_AT) >> 1] = at;
    this.answers[this.table.entryAt(place) & this.mask] = answer;
  }

  private learnedAt(place: number): number {
    return this.table.doubles[(place + LEARNED_AT) >> 1] as number;
  }

  private answerAt(place: number): DnsAnswer | undefined {
    return this.answers[this.table.entryAt(place) & this.mask];
  }

  private pairKey(client: Readonly<Hash64>, address: Readonly<Hash64>): void {
    const { key } = this;
    startHash(key, this.seed);
    hashNumber(key, client.high);
    hashNumber(key, client.low);
    hashNumber(key, address.high);
    hashNumber(key, address.low);
    finishHash(key);
  }
}
