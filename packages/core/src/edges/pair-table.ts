/** Words of an entry: the pair, and its value and one. */
const STRIDE = 3;
const VALUE = 2;
const MIN_ENTRIES = 1024;

/**
 * Numbers by pairs of numbers, in one typed array: open addressing with linear probing. A `Map` over pairs packed into
 * one double would keep an object for nearly every key.
 */
export class PairTable {
  private words = new Int32Array(MIN_ENTRIES * STRIDE);
  private mask = MIN_ENTRIES - 1;
  private used = 0;

  get size(): number {
    return this.used;
  }

  /** Value of a pair, or -1. */
  get(first: number, second: number): number {
    return (this.words[this.placeOf(first, second) + VALUE] as number) - 1;
  }

  /** @param value 0 or more. */
  set(first: number, second: number, value: number): void {
    const place = this.placeOf(first, second);
    const { words } = this;
    const isNew = words[place + VALUE] === 0;
    words[place] = first;
    words[place + 1] = second;
    words[place + VALUE] = value + 1;
    if (!isNew) return;
    this.used += 1;
    if (this.used * 2 > this.mask) this.grow();
  }

  private placeOf(first: number, second: number): number {
    const { words, mask } = this;
    let slot = hash(first, second) & mask;
    for (;;) {
      const place = slot * STRIDE;
      if (words[place + VALUE] === 0 || (words[place] === first && words[place + 1] === second)) return place;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const before = this.words;
    const entries = (this.mask + 1) * 2;
    this.words = new Int32Array(entries * STRIDE);
    this.mask = entries - 1;
    for (let from = 0; from < before.length; from += STRIDE) {
      if (before[from + VALUE] === 0) continue;
      const place = this.placeOf(before[from] as number, before[from + 1] as number);
      this.words.set(before.subarray(from, from + STRIDE), place);
    }
  }
}

function hash(first: number, second: number): number {
  const mixed = Math.imul(Math.imul(first, 0x9e3779b1) ^ (second + 0x7f4a7c15), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 8;
}
