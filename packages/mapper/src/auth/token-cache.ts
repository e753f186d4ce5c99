import { createHash } from 'node:crypto';
import type { Clock } from '@nm/core';

interface CacheEntry<T> {
  readonly value: T;
  readonly expiresAt: number;
}

export interface TokenCacheOptions {
  /** Tokens of each kind, accepted and refused: whoever shows many that are refused drives no accepted one out. */
  readonly maxEntries: number;
  readonly acceptedMs: number;
  readonly refusedMs: number;
  /** Looks at the same time; others wait for their turn. */
  readonly maxLooks: number;
}

/** Remembers what was found out about tokens, by their digest: the tokens themselves are not kept. Undefined is a refusal. */
export class TokenCache<T> {
  readonly #accepted = new Map<string, CacheEntry<T>>();
  readonly #refused = new Map<string, CacheEntry<undefined>>();
  readonly #looking = new Map<string, Promise<T | undefined>>();
  /** No longer than there are connections: each waits for one. */
  readonly #turns: (() => void)[] = [];
  #looks = 0;
  readonly #clock: Clock;
  readonly #options: TokenCacheOptions;

  constructor(deps: { readonly clock: Clock }, options: TokenCacheOptions) {
    this.#clock = deps.clock;
    this.#options = options;
  }

  /** The remembered answer, or that of `look`; many that ask at once look once. A failed look is not remembered. */
  async get(token: string, look: () => Promise<T | undefined>): Promise<{ readonly value: T | undefined; readonly cached: boolean }> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#accepted.get(key) ?? this.#refused.get(key);
    if (known !== undefined && known.expiresAt > this.#clock.now()) return { value: known.value, cached: true };
    const looking = this.#looking.get(key);
    if (looking !== undefined) return { value: await looking, cached: true };
    const started = this.#inTurn(look);
    this.#looking.set(key, started);
    try {
      const value = await started;
      this.#accepted.delete(key);
      this.#refused.delete(key);
      const now = this.#clock.now();
      if (value === undefined) this.#keep(this.#refused, key, { value, expiresAt: now + this.#options.refusedMs });
      else this.#keep(this.#accepted, key, { value, expiresAt: now + this.#options.acceptedMs });
      return { value, cached: false };
    } finally {
      this.#looking.delete(key);
    }
  }

  #keep<E>(entries: Map<string, E>, key: string, entry: E): void {
    entries.set(key, entry);
    if (entries.size > this.#options.maxEntries) entries.delete(entries.keys().next().value ?? '');
  }

  async #inTurn(look: () => Promise<T | undefined>): Promise<T | undefined> {
    if (this.#looks < this.#options.maxLooks) this.#looks += 1;
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
    try {
      return await look();
    } finally {
      // Whoever is next takes over the turn.
      const next = this.#turns.shift();
      if (next === undefined) this.#looks -= 1;
      else next();
    }
  }
}
