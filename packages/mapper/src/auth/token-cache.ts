import { createHash } from 'node:crypto';
import type { Clock } from '@nm/core';

interface CacheEntry<T> {
  readonly value: Promise<T>;
  expiresAt: number;
}

/** Remembers what was found out about tokens, by their digest: the tokens themselves are not kept. */
export class TokenCache<T> {
  readonly #entries = new Map<string, CacheEntry<T>>();
  readonly #clock: Clock;
  readonly #maxEntries: number;

  constructor(deps: { readonly clock: Clock }, options: { readonly maxEntries: number }) {
    this.#clock = deps.clock;
    this.#maxEntries = options.maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The remembered answer, or that of `look`; many that ask at once look once. A failed look is not remembered. */
  async get(
    token: string,
    look: () => Promise<T>,
    ttlMsOf: (value: T) => number,
  ): Promise<{ readonly value: T; readonly cached: boolean }> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#entries.get(key);
    if (known !== undefined && known.expiresAt > this.#clock.now()) return { value: await known.value, cached: true };
    const entry: CacheEntry<T> = { value: look(), expiresAt: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value ?? '');
    try {
      const value = await entry.value;
      entry.expiresAt = this.#clock.now() + ttlMsOf(value);
      return { value, cached: false };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }
}
