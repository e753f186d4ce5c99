/**
 * A bounded hash table over typed arrays: 64-bit keys (two signed 32-bit halves) to slot numbers. The caller keeps
 * its values in arrays indexed by slot, so that finding and adding allocate nothing. Full: the oldest entry goes.
 * Unlike the places of a RingTable, a slot stays the same as long as its entry lives.
 */
export class FifoTable {
  readonly capacity: number;
  /** Entries that had to go because the table was full. */
  evictions = 0;
  private readonly heads: Int32Array;
  private readonly mask: number;
  private readonly seed: number;
  private readonly next: Int32Array;
  private readonly keyHigh: Int32Array;
  private readonly keyLow: Int32Array;
  /** Slots are taken in turn, so that the next one is free or holds the oldest entry. */
  private nextSlot = 0;
  private used = 0;

  /** @param capacity entries, rounded up to a power of two. @param seed against chosen collisions. */
  constructor(capacity: number, seed: number) {
    this.seed = seed;
    let size = 16;
    while (size < capacity) size *= 2;
    this.capacity = size;
    this.mask = size * 2 - 1;
    this.heads = new Int32Array(size * 2);
    this.next = new Int32Array(size);
    this.keyHigh = new Int32Array(size);
    this.keyLow = new Int32Array(size);
  }

  /** Slot of a key, or -1. Buckets hold slot + 1, so that fresh (zero) memory means empty. */
  find(high: number, low: number): number {
    const { next, keyHigh, keyLow } = this;
    let slot = (this.heads[this.bucketOf(high, low)] ?? 0) - 1;
    while (slot >= 0) {
      if (keyLow[slot] === low && keyHigh[slot] === high) return slot;
      slot = (next[slot] ?? 0) - 1;
    }
    return -1;
  }

  /** Adds a key that is not there yet and returns its slot. */
  add(high: number, low: number): number {
    const slot = this.nextSlot;
    if (this.used === this.capacity) this.evict(slot);
    else this.used += 1;
    this.nextSlot = (slot + 1) & (this.capacity - 1);
    const bucket = this.bucketOf(high, low);
    this.keyHigh[slot] = high;
    this.keyLow[slot] = low;
    this.next[slot] = this.heads[bucket] ?? 0;
    this.heads[bucket] = slot + 1;
    return slot;
  }

  /** Takes an entry out of its bucket. */
  private evict(slot: number): void {
    this.evictions += 1;
    const { heads, next } = this;
    const bucket = this.bucketOf(this.keyHigh[slot] ?? 0, this.keyLow[slot] ?? 0);
    let at = (heads[bucket] ?? 0) - 1;
    if (at === slot) {
      heads[bucket] = next[slot] ?? 0;
      return;
    }
    while (at >= 0 && (next[at] ?? 0) - 1 !== slot) at = (next[at] ?? 0) - 1;
    if (at >= 0) next[at] = next[slot] ?? 0;
  }

  /** Keys may be plain addresses, which senders choose. */
  private bucketOf(high: number, low: number): number {
    let mixed = Math.imul(high ^ this.seed, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ low, this.seed | 1);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }
}
