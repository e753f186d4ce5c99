const FIRST_BYTES = 262_144;

/** Writes protobuf messages (protobuf encoding specification) into one buffer that is used again. Field numbers are below 16. */
export class ProtoWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  /** Starts anew; what `bytes` gave before is overwritten. */
  reset(): void {
    this.#at = 0;
  }

  /** What was written since the last reset, without a copy. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  /** Begins a message in a field; give `end` what it returns. */
  begin(field: number): number {
    this.#tag(field, 2);
    // Most lengths take one byte; `end` makes room for those that take more.
    this.#at += 1;
    return this.#at;
  }

  end(start: number): void {
    const length = this.#at - start;
    let extra = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) extra += 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#buffer.copyWithin(start + extra, start, this.#at);
    }
    this.#writeVarint(length, start - 1);
    this.#at += extra;
  }

  string(field: number, text: string): void {
    const start = this.begin(field);
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.#reserve(text.length * 3);
    this.#at += this.#buffer.write(text, this.#at);
    this.end(start);
  }

  /** Below 2^31. */
  varint(field: number, value: number): void {
    this.#tag(field, 0);
    this.#at = this.#writeVarint(value, this.#at);
  }

  /** fixed64 and sfixed64. */
  fixed64(field: number, value: bigint): void {
    this.#tag(field, 1);
    this.#at = this.#buffer.writeBigInt64LE(BigInt.asIntN(64, value), this.#at);
  }

  #tag(field: number, wireType: number): void {
    // The tag and what follows it here: ten bytes at most.
    this.#reserve(16);
    this.#buffer[this.#at] = (field << 3) | wireType;
    this.#at += 1;
  }

  #writeVarint(value: number, from: number): number {
    let at = from;
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#buffer[at++] = (rest & 0x7f) | 0x80;
    this.#buffer[at++] = rest;
    return at;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
