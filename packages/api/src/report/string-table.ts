import { canonicalAddress } from '@nm/core';
import { parseDetail } from './detail.ts';
import type { ReportDetail } from './detail.ts';
import { toDnsName } from './dns-name.ts';

const UNSEEN = 0;

/**
 * The strings of one batch, each checked at most once per use however many rows refer to it. Lookups give the value,
 * `undefined` for -1 (absent) and `null` for an index or a text that is not valid for that use.
 */
export class StringTable {
  readonly #texts: readonly string[];
  readonly #addresses: (string | null | typeof UNSEEN)[];
  readonly #names: (string | null | typeof UNSEEN)[];
  readonly #lists = new Map<number, readonly string[] | null>();
  readonly #details = new Map<number, ReportDetail | null>();
  readonly #maxListLength: number;

  constructor(texts: readonly string[], maxListLength: number) {
    this.#texts = texts;
    this.#maxListLength = maxListLength;
    this.#addresses = Array.from({ length: texts.length }, () => UNSEEN);
    this.#names = Array.from({ length: texts.length }, () => UNSEEN);
  }

  text(index: number): string | null | undefined {
    return index === -1 ? undefined : (this.#texts[index] ?? null);
  }

  /** Canonical text of an address. */
  address(index: number): string | null | undefined {
    if (index === -1) return undefined;
    const known = this.#addresses[index];
    if (known !== UNSEEN) return known ?? null;
    const address = canonicalAddress(this.#texts[index] ?? '') ?? null;
    this.#addresses[index] = address;
    return address;
  }

  name(index: number): string | null | undefined {
    if (index === -1) return undefined;
    const known = this.#names[index];
    if (known !== UNSEEN) return known ?? null;
    const name = toDnsName(this.#texts[index] ?? '') ?? null;
    this.#names[index] = name;
    return name;
  }

  /** Addresses joined by one space; what is beyond the bound of one answer is left out. */
  addressList(index: number): readonly string[] | null | undefined {
    if (index === -1) return undefined;
    const known = this.#lists.get(index);
    if (known !== undefined) return known;
    const text = this.#texts[index];
    const parts = text?.split(' ').slice(0, this.#maxListLength).map(canonicalAddress);
    const list = parts === undefined || !parts.every((part) => part !== undefined) ? null : parts;
    this.#lists.set(index, list);
    return list;
  }

  detail(index: number): ReportDetail | null | undefined {
    if (index === -1) return undefined;
    const known = this.#details.get(index);
    if (known !== undefined) return known;
    const text = this.#texts[index];
    const detail = text === undefined ? null : (parseDetail(text) ?? null);
    this.#details.set(index, detail);
    return detail;
  }
}
