import type { CountRow } from './count-table.ts';

const FIRST_BYTES = 4_096;
/** Of one row: five varints of at most eight bytes. */
const MAX_ROW_BYTES = 48;
/** Up to here bit operations are exact. */
const MAX_BITS = 2 ** 31;

/**
 * Counts as the log keeps them, about ten bytes each: varints (little-endian groups of seven bits) of the evidence's id, the
 * bucket's start as the distance from the one before (zigzag), count, first and last. The count's lowest bit is `isEarly`.
 */
export class CountsWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #start = 0;

  add(id: number, start: number, count: number, first: number, last: number, isEarly: boolean): void {
    if (this.#length + MAX_ROW_BYTES > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2 + MAX_ROW_BYTES);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#put(id);
    const distance = start - this.#start;
    this.#put(distance < 0 ? -distance * 2 - 1 : distance * 2);
    this.#start = start;
    this.#put(count * 2 + (isEarly ? 1 : 0));
    this.#put(first);
    this.#put(last);
  }

  /** What was added since the last time; valid until more is. */
  finish(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    this.#start = 0;
    return bytes;
  }

  #put(value: number): void {
    let rest = value;
    while (rest >= MAX_BITS) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }
}

/** What CountsWriter wrote. */
export function* decodeCounts(bytes: Uint8Array): Generator<CountRow> {
  let at = 0;
  const take = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('counts in the log end too early');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  let start = 0;
  while (at < bytes.length) {
    const id = take();
    const distance = take();
    start += distance % 2 === 1 ? -(distance + 1) / 2 : distance / 2;
    const count = take();
    yield { id, start, count: Math.floor(count / 2), first: take(), last: take(), isEarly: count % 2 === 1 };
  }
}
