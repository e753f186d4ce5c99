/** What one look at a counter tells. */
export const NEVER_SEEN = -1;

export interface CounterTable {
  readonly size: number;
  /** Series not kept because the table was full. */
  readonly refused: number;
  /** Starts a look. */
  begin(): void;
  /** The counter's value now; answers its value at the last look, or NEVER_SEEN. A refused series answers its own value. */
  look(key: number, value: number): number;
  /** Ends a look; after a whole one, series that were not in it are forgotten: the proxy dropped them. */
  end(whole: boolean): void;
  clear(): void;
}

const MIN_CAPACITY = 64;

/**
 * Last values of one proxy's counters by a 53-bit hash of the series, in typed arrays: a proxy has thousands of
 * series with names of a kilobyte, and a mesh hundreds of proxies, so names are not kept. Bounded by `maxSeries`.
 */
export function createCounterTable(maxSeries: number): CounterTable {
  let keys = new Float64Array(MIN_CAPACITY);
  let values = new Float64Array(MIN_CAPACITY);
  let seen = new Uint8Array(MIN_CAPACITY);
  let size = 0;
  let refused = 0;

  function slotOf(table: Float64Array, key: number): number {
    const mask = table.length - 1;
    let slot = (key % 4294967296) & mask;
    while (table[slot] !== 0 && table[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  function rebuild(capacity: number, keepsOnlySeen: boolean): void {
    const oldKeys = keys;
    const oldValues = values;
    const oldSeen = seen;
    keys = new Float64Array(capacity);
    values = new Float64Array(capacity);
    seen = new Uint8Array(capacity);
    size = 0;
    for (let index = 0; index < oldKeys.length; index += 1) {
      const key = oldKeys[index] ?? 0;
      if (key === 0 || (keepsOnlySeen && oldSeen[index] === 0)) continue;
      const slot = slotOf(keys, key);
      keys[slot] = key;
      values[slot] = oldValues[index] ?? 0;
      seen[slot] = oldSeen[index] ?? 0;
      size += 1;
    }
  }

  let lookedAt = 0;
  return {
    get size(): number {
      return size;
    },
    get refused(): number {
      return refused;
    },
    begin(): void {
      seen.fill(0);
      lookedAt = 0;
    },
    look(key, value): number {
      let slot = slotOf(keys, key);
      if (keys[slot] === key) {
        const last = values[slot] ?? 0;
        values[slot] = value;
        if (seen[slot] === 0) lookedAt += 1;
        seen[slot] = 1;
        return last;
      }
      if (size >= maxSeries) {
        refused += 1;
        return value;
      }
      if ((size + 1) * 4 > keys.length * 3) {
        rebuild(keys.length * 2, false);
        slot = slotOf(keys, key);
      }
      keys[slot] = key;
      values[slot] = value;
      seen[slot] = 1;
      size += 1;
      lookedAt += 1;
      return NEVER_SEEN;
    },
    end(whole): void {
      if (whole && lookedAt < size) rebuild(keys.length, true);
    },
    clear(): void {
      keys = new Float64Array(MIN_CAPACITY);
      values = new Float64Array(MIN_CAPACITY);
      seen = new Uint8Array(MIN_CAPACITY);
      size = 0;
    },
  };
}
