import { canonicalAddress } from '@nm/core';
import type { Destination, Endpoint, TransportProtocol } from '@nm/core';
import { parseDetail } from './detail.ts';
import type { ReportDetail } from './detail.ts';
import { toDnsName } from './dns-name.ts';

const UNSEEN = 0;
const UID = /^[0-9A-Za-z-]{1,64}$/;

type Checked = (string | null | typeof UNSEEN)[];

/**
 * The strings of one batch, each checked at most once per use however many rows refer to it. Lookups give the value,
 * `undefined` for -1 (absent) and `null` for an index or a text that is not valid for that use.
 */
export class StringTable {
  readonly #texts: readonly string[];
  readonly #addresses: Checked;
  #names: Checked | undefined;
  #uids: Checked | undefined;
  /** Ends that are an address alone, or an address and a port: most rows of a batch have the same few. */
  #sources: (Endpoint | undefined)[] = [];
  #destinations: (Destination | undefined)[] = [];
  readonly #lists = new Map<number, readonly string[] | null>();
  readonly #details = new Map<number, ReportDetail | null>();
  readonly #maxListLength: number;

  constructor(texts: readonly string[], maxListLength: number) {
    this.#texts = texts;
    this.#maxListLength = maxListLength;
    this.#addresses = unchecked(texts);
  }

  /** UID of a pod. */
  uid(index: number): string | null | undefined {
    if (index === -1) return undefined;
    this.#uids ??= unchecked(this.#texts);
    const known = this.#uids[index];
    if (known !== UNSEEN) return known ?? null;
    const text = this.#texts[index] ?? '';
    const uid = UID.test(text) ? text : null;
    this.#uids[index] = uid;
    return uid;
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
    this.#names ??= unchecked(this.#texts);
    const known = this.#names[index];
    if (known !== UNSEEN) return known ?? null;
    const name = toDnsName(this.#texts[index] ?? '') ?? null;
    this.#names[index] = name;
    return name;
  }

  /** The end that is the address with this index, which was found valid, and nothing else. */
  source(index: number, address: string): Endpoint {
    let source = this.#sources[index];
    if (source === undefined) {
      source = { address, port: undefined, podUid: undefined, workload: undefined, memo: undefined };
      this.#sources[index] = source;
    }
    return source;
  }

  /** The same with a port; the last one of each address is kept. */
  destination(index: number, address: string, port: number, protocol: TransportProtocol): Destination {
    const known = this.#destinations[index];
    if (known?.port === port && known.protocol === protocol) return known;
    const destination = toDestination(protocol);
    destination.address = address;
    destination.port = port;
    this.#destinations[index] = destination;
    return destination;
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

/** Every field is always there: one shape of object is read fastest. */
export function toDestination(protocol: TransportProtocol): { -readonly [Key in keyof Destination]: Destination[Key] } {
  return {
    protocol,
    address: undefined,
    port: undefined,
    podUid: undefined,
    name: undefined,
    canonicalName: undefined,
    addresses: undefined,
    asked: undefined,
    workload: undefined,
    memo: undefined,
  };
}

function unchecked(texts: readonly string[]): Checked {
  return texts.map(() => UNSEEN);
}
