/**
 * A bounded map. A full young generation becomes the old one, and what is asked for again moves back, so between
 * `max` and twice `max` entries are kept, and forgetting costs nothing per entry.
 */
export class Generations<K, V> {
  readonly #max: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#young.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    this.#young.set(key, value);
  }

  /** Forgets the old generation if the young one is full; says whether it did. */
  rotate(): boolean {
    if (this.#young.size < this.#max) return false;
    this.#old = this.#young;
    this.#young = new Map();
    return true;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
