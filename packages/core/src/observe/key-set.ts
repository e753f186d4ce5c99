/** A set of 64-bit keys in open addressing over typed arrays, made once for a known number of keys. */
export class KeySet {
  size = 0;
  private readonly mask: number;
  private readonly high: Uint32Array;
  private readonly low: Uint32Array;

  constructor(expected: number) {
    let capacity = 4;
    while (capacity < expected * 2) capacity *= 2;
    this.mask = capacity - 1;
    this.high = new Uint32Array(capacity);
    this.low = new Uint32Array(capacity);
  }

  has(high: number, low: number): boolean {
    return this.high[this.find(high, low)] !== 0;
  }

  /** True when the key was not there. The caller adds no more keys than it announced. */
  add(high: number, low: number): boolean {
    const at = this.find(high, low);
    if (this.high[at] !== 0) return false;
    this.high[at] = high | 1;
    this.low[at] = low;
    this.size += 1;
    return true;
  }

  /** Place of a key: where it is, or the free place where it would go. The lowest bit of `high` marks used places. */
  private find(high: number, low: number): number {
    const marked = (high | 1) >>> 0;
    let at = (low ^ Math.imul(marked, 0x85ebca6b)) & this.mask;
    while (this.high[at] !== 0 && !(this.high[at] === marked && this.low[at] === low >>> 0)) at = (at + 1) & this.mask;
    return at;
  }
}
