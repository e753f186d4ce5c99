import { canonicalAddress, formatAddress } from '@nm/core';

/**
 * Local IPv4 addresses of a namespace from net/fib_trie: a leaf `|-- ADDRESS` followed by `/32 host LOCAL`.
 * The main and the local table can both show it; loopback is left out.
 */
export function parseFibTrie(text: string): string[] {
  const found = new Set<string>();
  let leaf = '';
  for (const line of text.split('\n')) {
    const at = line.indexOf('|-- ');
    if (at >= 0) leaf = line.slice(at + 4).trim();
    else if (line.includes('/32 host LOCAL') && !leaf.startsWith('127.')) {
      const address = canonicalAddress(leaf);
      if (address !== undefined) found.add(address);
    }
  }
  return [...found];
}

/** Global scope in net/if_inet6; link-local (0x20) and loopback (0x10) addresses identify nobody. */
const SCOPE_HOST = 0x10;
const SCOPE_LINK = 0x20;

export interface Inet6Address {
  readonly address: string;
  readonly device: string;
}

/** IPv6 addresses from net/if_inet6: `ADDRESS INDEX PREFIX SCOPE FLAGS DEVICE`, all hexadecimal but the device. */
export function parseIfInet6(text: string): Inet6Address[] {
  return text.split('\n').flatMap((line) => {
    const [hex, , , scope, , device] = line.trim().split(/\s+/);
    if (hex === undefined || device === undefined || !/^[0-9a-f]{32}$/i.test(hex)) return [];
    const kind = Number.parseInt(scope ?? '', 16);
    if (kind === SCOPE_HOST || kind === SCOPE_LINK) return [];
    const address = formatAddress(Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
    return [{ address, device }];
  });
}
