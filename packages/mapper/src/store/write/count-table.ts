/** Counts of one evidence in one fine bucket; all there are, unless they are in several rows. */
export interface CountRow {
  /** Of the evidence. */
  readonly id: number;
  /** Minutes since the epoch. */
  readonly start: number;
  readonly count: number;
  /** First and last time, ms after `start`. */
  readonly first: number;
  readonly last: number;
  /** The evidence's row may not say yet that it was seen so early. */
  readonly isEarly: boolean;
}

/** Rows of a new table; a power of two, as each later capacity. */
const FIRST_CAPACITY = 1_024;
/** Slots per row: what is looked for is found within a step or two. */
const SLOTS_PER_ROW = 2;
/** A sort key is an id (up to 2^33) and a row number. */
const MAX_ROWS = 2 ** 20;
const NONE = -1;
/** Buckets of an id that are looked through, newest first: who reports the past in ten thousand of them would keep us busy. */
const MAX_LOOKED = 64;

/**
 * Counts added up by evidence and bucket (one of many buckets may have several rows), in columns and not in objects: there are tens of thousands, they live for
 * seconds, and the garbage collector would have to look at each of them.
 */
export class CountTable {
  #size = 0;
  #ids = new Float64Array(FIRST_CAPACITY);
  #starts = new Uint32Array(FIRST_CAPACITY);
  #counts = new Float64Array(FIRST_CAPACITY);
  #firsts = new Int32Array(FIRST_CAPACITY);
  #lasts = new Int32Array(FIRST_CAPACITY);
  #early = new Uint8Array(FIRST_CAPACITY);
  /** Another row of the same id: of another bucket. */
  #nexts = new Int32Array(FIRST_CAPACITY);
  /** Number + 1 of an id's last row by hash of the id; 0 is free. */
  #slots = new Int32Array(FIRST_CAPACITY * SLOTS_PER_ROW);

  get size(): number {
    return this.#size;
  }

  add(id: number, start: number, count: number, first: number, last: number, isEarly: boolean): void {
    const slot = this.#slotOf(id);
    const newest = (this.#slots[slot] ?? 0) - 1;
    let looked = 0;
    for (let row = newest; row !== NONE && looked < MAX_LOOKED; row = this.#nexts[row] ?? NONE) {
      looked += 1;
      if (this.#starts[row] !== start) continue;
      this.#counts[row] = (this.#counts[row] ?? 0) + count;
      if (first < (this.#firsts[row] ?? 0)) this.#firsts[row] = first;
      if (last > (this.#lasts[row] ?? 0)) this.#lasts[row] = last;
      if (isEarly) this.#early[row] = 1;
      return;
    }
    if (this.#size === MAX_ROWS) throw new Error(`more than ${MAX_ROWS} counts wait`);
    const row = this.#size;
    this.#size += 1;
    this.#slots[slot] = row + 1;
    this.#nexts[row] = newest;
    this.#ids[row] = id;
    this.#starts[row] = start;
    this.#counts[row] = count;
    this.#firsts[row] = first;
    this.#lasts[row] = last;
    this.#early[row] = isEarly ? 1 : 0;
    if (this.#size === this.#ids.length) this.#grow();
  }

  /** Forgets all, and keeps the columns for as many again. */
  clear(): void {
    this.#size = 0;
    this.#slots.fill(0);
  }

  idOf(row: number): number {
    return this.#ids[row] ?? 0;
  }

  row(row: number): CountRow {
    return {
      id: this.idOf(row),
      start: this.#starts[row] ?? 0,
      count: this.#counts[row] ?? 0,
      first: this.#firsts[row] ?? 0,
      last: this.#lasts[row] ?? 0,
      isEarly: this.#early[row] === 1,
    };
  }

  /** All of an id. */
  rowsOf(id: number): CountRow[] {
    const rows: CountRow[] = [];
    for (let row = (this.#slots[this.#slotOf(id)] ?? 0) - 1; row !== NONE; row = this.#nexts[row] ?? NONE) rows.push(this.row(row));
    return rows;
  }

  /** Numbers of the rows in the order of their ids: in that order each page of the database is changed once. */
  byId(): Int32Array {
    const keys = new Float64Array(this.#size);
    for (let row = 0; row < keys.length; row += 1) keys[row] = this.idOf(row) * MAX_ROWS + row;
    keys.sort();
    const rows = new Int32Array(keys.length);
    for (let index = 0; index < rows.length; index += 1) rows[index] = (keys[index] ?? 0) % MAX_ROWS;
    return rows;
  }

  #grow(): void {
    const capacity = this.#size * 2;
    this.#ids = grown(this.#ids, new Float64Array(capacity));
    this.#starts = grown(this.#starts, new Uint32Array(capacity));
    this.#counts = grown(this.#counts, new Float64Array(capacity));
    this.#firsts = grown(this.#firsts, new Int32Array(capacity));
    this.#lasts = grown(this.#lasts, new Int32Array(capacity));
    this.#early = grown(this.#early, new Uint8Array(capacity));
    this.#nexts = grown(this.#nexts, new Int32Array(capacity));
    this.#slots = new Int32Array(capacity * SLOTS_PER_ROW);
    for (let row = 0; row < this.#size; row += 1) this.#slots[this.#slotOf(this.idOf(row))] = row + 1;
  }

  /** Where the id is, or would be. */
  #slotOf(id: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(id) & mask;
    for (;;) {
      const row = this.#slots[slot] ?? 0;
      if (row === 0 || this.#ids[row - 1] === id) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** Knuth's multiplicative hash; its high bits are the good ones. */
function hashOf(id: number): number {
  const hash = Math.imul(id | 0, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

/** A longer column with what a shorter one has. */
export function grown<T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
