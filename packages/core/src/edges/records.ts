const MIN_RECORDS = 1024;

/**
 * Records of a fixed number of 32-bit words that are added and never removed, one after another in one typed array:
 * what belongs together lies in one line of the processor's cache. Record `n` begins at word `n * stride`; an even word
 * `w` is also `doubles[w / 2]`.
 */
export class Records {
  words: Int32Array;
  doubles: Float64Array;
  readonly stride: number;
  private used = 0;

  /** @param stride words of a record, even. */
  constructor(stride: number) {
    this.stride = stride;
    this.words = new Int32Array(MIN_RECORDS * stride);
    this.doubles = new Float64Array(this.words.buffer);
  }

  get size(): number {
    return this.used;
  }

  /** Number of a new record, all its words zero. */
  add(): number {
    if ((this.used + 1) * this.stride > this.words.length) this.grow();
    return this.used++;
  }

  private grow(): void {
    const { words, stride } = this;
    this.words = new Int32Array(Math.ceil((words.length / stride) * 1.5) * stride);
    this.words.set(words);
    this.doubles = new Float64Array(this.words.buffer);
  }
}
