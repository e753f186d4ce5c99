/** Words at the start of an entry: both halves of its key, the older entry of its bucket, one word of the owner's. */
const KEY_HIGH = 0;
const KEY_LOW = 1;
const OLDER = 2;
/** First word of an entry that is the owner's. */
export const RING_OWN_WORD = 3;
/** Words 4 and 5 hold when the entry was added, as a double. */
export const RING_TIME = 4;
/** From here on all words of an entry are the owner's, as many as it asked for. */
export const RING_OWN_WORDS = 6;
const MIN_CAPACITY = 256;
/** Entries of a bucket that its own words tell of; a bucket of that many never crosses a line of the processor's cache. */
const BUCKET_WORDS = 4;
/** A word of a bucket: the lower bits of an entry's number, above them what tells its key from others. */
const NUMBER_BITS = 20;
const NUMBER_MASK = (1 << NUMBER_BITS) - 1;
/** More entries than numbers could not be told apart. */
const MAX_CAPACITY = 1 << NUMBER_BITS;

/**
 * A bounded hash table whose entries leave in the order in which they came. An entry is one run of 32-bit words, key
 * and the owner's values together, so that finding it touches one line of the processor's cache; removing touches
 * nothing, because the entries of a bucket are linked from newer to older and whoever follows them stops at the first
 * that has left. It starts small and doubles up to its bound, so that a quiet node keeps little memory.
 *
 * Keys are two signed 32-bit halves. A place is the index of an entry's first word in `words`; half of it indexes
 * `doubles`. Places hold until the next `add`; entry numbers hold as long as the entry lives.
 */
export class RingTable {
  words: Int32Array;
  doubles: Float64Array;
  private buckets: Int32Array;
  private capacity: number;
  /** Entries at most: a power of two. */
  readonly maxCapacity: number;
  private readonly stride: number;
  private readonly seed: number;
  /** Entry number of the oldest; numbers wrap around, so only differences count. */
  private tail = 1;
  private used = 0;

  /** @param capacity entries, rounded up to a power of two, 2^20 at most. @param ownWords words besides key and time. @param seed against chosen collisions. */
  constructor(capacity: number, ownWords: number, seed: number) {
    let size = MIN_CAPACITY;
    while (size < capacity && size < MAX_CAPACITY) size *= 2;
    this.maxCapacity = size;
    this.capacity = MIN_CAPACITY;
    this.stride = (RING_OWN_WORDS + ownWords + 1) & ~1;
    this.seed = seed | 1;
    this.words = new Int32Array(MIN_CAPACITY * this.stride);
    this.doubles = new Float64Array(this.words.buffer);
    this.buckets = new Int32Array(MIN_CAPACITY * 2);
  }

  get size(): number {
    return this.used;
  }

  /** Entries for which there is room now; the next one beyond makes the table grow, up to its bound. */
  get room(): number {
    return this.capacity;
  }

  /** True when the next `add` needs the place of the oldest entry. */
  get isFull(): boolean {
    return this.used === this.maxCapacity;
  }

  /** Place of the newest entry with this key, or -1. */
  find(high: number, low: number): number {
    const { buckets, words } = this;
    const mixed = this.mix(high, low);
    const bucket = this.bucketOf(mixed);
    for (let at = bucket; at < bucket + BUCKET_WORDS; at++) {
      const word = buckets[at] as number;
      if ((word ^ mixed) >>> NUMBER_BITS !== 0) continue;
      const place = this.placeOf(this.numberOf(word));
      if (place >= 0 && words[place + KEY_LOW] === low && words[place + KEY_HIGH] === high) return place;
    }
    // Only behind the last word may there be more, and only as long as that entry lives.
    const last = this.placeOf(this.numberOf(buckets[bucket + BUCKET_WORDS - 1] as number));
    return last < 0 ? -1 : this.findFrom(words[last + OLDER] as number, high, low);
  }

  /** Place of the next older entry with the key of the one at `place`, or -1. */
  findOlder(place: number): number {
    const { words } = this;
    return this.findFrom(words[place + OLDER] as number, words[place + KEY_HIGH] as number, words[place + KEY_LOW] as number);
  }

  /** Adds an entry and returns its place; a full table loses its oldest. The owner's words hold what was there before. */
  add(high: number, low: number, at: number): number {
    if (this.used === this.capacity) {
      if (this.capacity < this.maxCapacity) this.resize(this.capacity * 2);
      else this.dropOldest();
    }
    const entry = (this.tail + this.used) | 0;
    this.used += 1;
    const place = Math.imul(entry & (this.capacity - 1), this.stride);
    this.words[place + KEY_HIGH] = high;
    this.words[place + KEY_LOW] = low;
    this.doubles[(place + RING_TIME) >> 1] = at;
    this.link(entry, place);
    return place;
  }

  /** Number of the oldest entry; the next is one more, `size` of them in all. */
  get oldest(): number {
    return this.tail;
  }

  /** Number of the entry at a place. */
  entryAt(place: number): number {
    const slot = place / this.stride;
    return (this.tail + ((slot - this.tail) & (this.capacity - 1))) | 0;
  }

  /** Place of an entry, or -1 when it has left. */
  placeOf(entry: number): number {
    return (entry - this.tail) >>> 0 < this.used ? Math.imul(entry & (this.capacity - 1), this.stride) : -1;
  }

  timeAt(place: number): number {
    return this.doubles[(place + RING_TIME) >> 1] as number;
  }

  keyHighAt(place: number): number {
    return this.words[place + KEY_HIGH] as number;
  }

  keyLowAt(place: number): number {
    return this.words[place + KEY_LOW] as number;
  }

  /** When the oldest entry was added; infinity when there is none. */
  oldestTime(): number {
    return this.used === 0 ? Number.POSITIVE_INFINITY : this.timeAt(Math.imul(this.tail & (this.capacity - 1), this.stride));
  }

  dropOldest(): void {
    this.tail = (this.tail + 1) | 0;
    this.used -= 1;
  }

  /** Removes all entries; the next one has the number of the first again. */
  clear(): void {
    this.buckets.fill(0);
    this.tail = 1;
    this.used = 0;
  }

  /** Gives half of the room back when three quarters are not used: what is spread over less memory is found faster. Places change. */
  shrink(least: number): void {
    if (this.capacity > least && this.used * 4 < this.capacity) this.resize(this.capacity / 2);
  }

  /** Removes the entries added before `before`, oldest first. */
  expire(before: number): void {
    while (this.oldestTime() < before) this.dropOldest();
  }

  private findFrom(newest: number, high: number, low: number): number {
    const { words, tail, used, stride } = this;
    const mask = this.capacity - 1;
    let entry = newest;
    while ((entry - tail) >>> 0 < used) {
      const place = Math.imul(entry & mask, stride);
      if (words[place + KEY_LOW] === low && words[place + KEY_HIGH] === high) return place;
      entry = words[place + OLDER] as number;
    }
    return -1;
  }

  /** Makes an entry, newer than all others, the first of its bucket. */
  private link(entry: number, place: number): void {
    const { buckets, words } = this;
    const mixed = this.mix(words[place + KEY_HIGH] as number, words[place + KEY_LOW] as number);
    const at = this.bucketOf(mixed);
    const newest = buckets[at] as number;
    // Older than this entry, whatever the bits above the number's lower ones were: links lead back in time only.
    words[place + OLDER] = (entry - 1 - ((entry - 1 - newest) & NUMBER_MASK)) | 0;
    buckets[at + 3] = buckets[at + 2] as number;
    buckets[at + 2] = buckets[at + 1] as number;
    buckets[at + 1] = newest;
    buckets[at] = (mixed & ~NUMBER_MASK) | (entry & NUMBER_MASK);
  }

  /** Number of the entry, among the newest 2^20, that a bucket's word tells of. */
  private numberOf(word: number): number {
    const newest = this.tail + this.used - 1;
    return (newest - ((newest - word) & NUMBER_MASK)) | 0;
  }

  /** Keys may be plain numbers that differ in a few bits anywhere, as addresses do. */
  private mix(high: number, low: number): number {
    let mixed = Math.imul(high ^ this.seed, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ low, this.seed);
    return Math.imul(mixed ^ (mixed >>> 16), 0xc2b2ae35);
  }

  /** Index of the first word of a bucket. Half as many buckets as entries, so that few have more entries than words. */
  private bucketOf(mixed: number): number {
    return ((mixed ^ (mixed >>> 15)) & (this.capacity / 2 - 1)) * BUCKET_WORDS;
  }

  private resize(capacity: number): void {
    const { words: before, stride, tail, used } = this;
    const maskBefore = this.capacity - 1;
    this.capacity = capacity;
    this.words = new Int32Array(capacity * stride);
    this.doubles = new Float64Array(this.words.buffer);
    this.buckets = new Int32Array(capacity * 2);
    for (let i = 0; i < used; i++) {
      const entry = (tail + i) | 0;
      const from = Math.imul(entry & maskBefore, stride);
      const place = Math.imul(entry & (capacity - 1), stride);
      for (let word = 0; word < stride; word++) this.words[place + word] = before[from + word] as number;
      this.link(entry, place);
    }
  }
}
