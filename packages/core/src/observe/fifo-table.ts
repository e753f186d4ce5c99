/**
 * A bounded hash table over typed arrays: 64-bit keys (two signed 32-bit halves) to slot numbers. The caller keeps
 * its values in arrays indexed by slot, so that finding and adding allocate nothing. Full: the oldest entry goes.
 * Freed slots are used again last-in first-out, so a lightly used table touches little memory.
 */
export class FifoTable {
  readonly capacity: number;
  /** Entries that had to go because the table was full. */
  evictions = 0;
  private readonly heads: Int32Array;
  private readonly mask: number;
  private readonly next: Int32Array;
  private readonly newer: Int32Array;
  private readonly keyHigh: Int32Array;
  private readonly keyLow: Int32Array;
  private readonly addedAt: Float64Array;
  private oldest = -1;
  private newest = -1;
  private freed = -1;
  private untouched = 0;
  private used = 0;
  private readonly onEvict: ((slot: number) => void) | undefined;

  /** @param capacity entries, rounded up to a power of two. @param onEvict told of a slot before it is used again. */
  constructor(capacity: number, onEvict?: (slot: number) => void) {
    let size = 16;
    while (size < capacity) size *= 2;
    this.capacity = size;
    this.mask = size * 2 - 1;
    this.heads = new Int32Array(size * 2);
    this.next = new Int32Array(size);
    this.newer = new Int32Array(size);
    this.keyHigh = new Int32Array(size);
    this.keyLow = new Int32Array(size);
    this.addedAt = new Float64Array(size);
    this.onEvict = onEvict;
  }

  get size(): number {
    return this.used;
  }

  /** Slot of a key, or -1. Buckets hold slot + 1, so that fresh (zero) memory means empty. */
  find(high: number, low: number): number {
    const { next, keyHigh, keyLow } = this;
    let slot = (this.heads[bucketOf(high, low, this.mask)] ?? 0) - 1;
    while (slot >= 0) {
      if (keyLow[slot] === low && keyHigh[slot] === high) return slot;
      slot = (next[slot] ?? 0) - 1;
    }
    return -1;
  }

  /** Adds a key that is not there yet; `at` orders entries for `expire`. */
  add(high: number, low: number, at: number): number {
    const slot = this.takeSlot();
    const bucket = bucketOf(high, low, this.mask);
    this.keyHigh[slot] = high;
    this.keyLow[slot] = low;
    this.addedAt[slot] = at;
    this.next[slot] = this.heads[bucket] ?? 0;
    this.heads[bucket] = slot + 1;
    this.newer[slot] = -1;
    if (this.newest >= 0) this.newer[this.newest] = slot;
    else this.oldest = slot;
    this.newest = slot;
    this.used += 1;
    return slot;
  }

  /** Slot of the entry added first, or -1. */
  oldestSlot(): number {
    return this.oldest;
  }

  /** Slot added right after `slot`, or -1. */
  nextNewer(slot: number): number {
    return this.newer[slot] ?? -1;
  }

  timeOf(slot: number): number {
    return this.addedAt[slot] ?? 0;
  }

  /** Removes the entries added before `before`, oldest first. */
  expire(before: number): void {
    while (this.oldest >= 0 && (this.addedAt[this.oldest] ?? 0) < before) this.dropOldest();
  }

  clear(): void {
    this.heads.fill(0);
    this.oldest = -1;
    this.newest = -1;
    this.freed = -1;
    this.untouched = 0;
    this.used = 0;
  }

  private takeSlot(): number {
    if (this.freed < 0 && this.untouched === this.capacity) {
      this.evictions += 1;
      this.dropOldest();
    }
    if (this.freed >= 0) {
      const slot = this.freed;
      this.freed = (this.next[slot] ?? 0) - 1;
      return slot;
    }
    return this.untouched++;
  }

  private dropOldest(): void {
    const slot = this.oldest;
    this.onEvict?.(slot);
    const bucket = bucketOf(this.keyHigh[slot] ?? 0, this.keyLow[slot] ?? 0, this.mask);
    let at = (this.heads[bucket] ?? 0) - 1;
    if (at === slot) {
      this.heads[bucket] = this.next[slot] ?? 0;
    } else {
      while (at >= 0 && (this.next[at] ?? 0) - 1 !== slot) at = (this.next[at] ?? 0) - 1;
      if (at >= 0) this.next[at] = this.next[slot] ?? 0;
    }
    this.oldest = this.newer[slot] ?? -1;
    if (this.oldest < 0) this.newest = -1;
    this.next[slot] = this.freed + 1;
    this.freed = slot;
    this.used -= 1;
  }
}

function bucketOf(high: number, low: number, mask: number): number {
  const mixed = Math.imul(Math.imul(high ^ 0x9e3779b9, 0x85ebca6b) ^ low, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) & mask;
}
