const FIRST_BYTES = 64 * 1024;
const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Text that is written as bytes at once, numbers above all: a string for each of them would be garbage. */
export class ByteWriter {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private length = 0;

  /** Room for what is written next by `byte`, `integer` and `tenths`, which do not look for it. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length);
  }

  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** A whole number below 2^53, in at most 17 characters. */
  integer(value: number): void {
    if (value < 0) this.byte(MINUS);
    this.digits(Math.abs(value));
  }

  /** A tenth of a whole number, in at most 19 characters. */
  tenths(value: number): void {
    if (value < 0) this.byte(MINUS);
    const whole = Math.abs(value);
    const tenth = whole % 10;
    this.digits((whole - tenth) / 10);
    if (tenth === 0) return;
    this.byte(POINT);
    this.byte(ZERO + tenth);
  }

  /** What was written; the next `clear` or write changes it. */
  toBytes(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  toText(): string {
    return this.bytes.toString('utf8', 0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  private digits(value: number): void {
    if (value < 10) {
      this.byte(ZERO + value);
      return;
    }
    let count = 1;
    for (let bound = 10; value >= bound; bound *= 10) count += 1;
    let at = this.length + count;
    this.length = at;
    let rest = value;
    // Two loops: division of small numbers is that of integers.
    for (; rest > 0x3fffffff; rest = Math.floor(rest / 10)) this.bytes[--at] = ZERO + (rest % 10);
    for (; at > this.length - count; rest = (rest / 10) | 0) this.bytes[--at] = ZERO + (rest % 10);
  }
}
