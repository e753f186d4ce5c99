import { cidrContains, parseAddress, parseCidr } from '../model/address.ts';
import type { Cidr } from '../model/address.ts';

/** A set of CIDR ranges of both families. */
export class RangeSet {
  private readonly ranges: Cidr[] = [];
  private readonly known = new Set<string>();

  /** Adds `address/bits`; false when it is not a CIDR. */
  add(cidr: string): boolean {
    if (this.known.has(cidr)) return true;
    const range = parseCidr(cidr);
    if (range === undefined) return false;
    this.known.add(cidr);
    this.ranges.push(range);
    return true;
  }

  has(address: string): boolean {
    if (this.ranges.length === 0) return false;
    const bytes = parseAddress(address);
    return bytes !== undefined && this.ranges.some((range) => cidrContains(range, bytes));
  }

  get size(): number {
    return this.ranges.length;
  }
}

/** Number of leading bits that two addresses of one family share. */
export function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24;
  }
  return a.length * 8;
}

const LOCAL = rangeSet([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
]);
const LOOPBACK = rangeSet(['0.0.0.0/8', '127.0.0.0/8', '::/128', '::1/128']);
/** RFC 1918, RFC 6598, RFC 4193. Documentation ranges count as public (rule 15). */
const PRIVATE = rangeSet(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', '169.254.0.0/16', 'fe80::/10']);

/** Loopback, unspecified, link-local, multicast: never a peer by address (rules 15, 21). */
export function isLocalAddress(address: string): boolean {
  return LOCAL.has(address);
}

/** Loopback and unspecified addresses: what a name that is blocked or local resolves to. */
export function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.has(address);
}

export function isPrivateAddress(address: string): boolean {
  return PRIVATE.has(address);
}

function rangeSet(cidrs: readonly string[]): RangeSet {
  const set = new RangeSet();
  for (const cidr of cidrs) set.add(cidr);
  return set;
}
