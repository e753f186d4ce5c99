/**
 * IP addresses and prefixes as text. Canonical form everywhere: dotted IPv4 without leading zeros, IPv6 as RFC 5952
 * section 4 says (lower case, longest run of zeros compressed), IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2) as IPv4,
 * zone identifiers (RFC 4007) dropped.
 */
export type IpFamily = 4 | 6;

/** A prefix; `bytes` are the network's first address (4 or 16 bytes, host bits cleared). */
export interface Cidr {
  readonly family: IpFamily;
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
  /** Canonical text, e.g. `10.0.0.0/8`. */
  readonly text: string;
}

const MAPPED_PREFIX_BYTES = 12;
const LONGEST_ADDRESS_TEXT = 128;
const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;

/** 4 or 16 bytes of an address in text form, or undefined when it is none. IPv4-mapped addresses give 4 bytes. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length < 2 || text.length > LONGEST_ADDRESS_TEXT) return undefined;
  if (!text.includes(':')) return parseIpv4(text);
  const zone = text.indexOf('%');
  const bytes = parseIpv6(zone === -1 ? text : text.slice(0, zone));
  if (bytes === undefined) return undefined;
  return isMapped(bytes) ? bytes.slice(MAPPED_PREFIX_BYTES) : bytes;
}

/** Canonical text of 4 or 16 address bytes. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${byteAt(bytes, 0)}.${byteAt(bytes, 1)}.${byteAt(bytes, 2)}.${byteAt(bytes, 3)}`;
  if (isMapped(bytes)) return formatAddress(bytes.subarray(MAPPED_PREFIX_BYTES));
  return formatIpv6(bytes);
}

/** Canonical text of an address given as text, or undefined when it is none. */
export function canonicalAddress(text: string): string | undefined {
  // IPv4 that is read at all is canonical as it is, and every report is full of it.
  if (!text.includes(':')) return isIpv4(text) ? text : undefined;
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : formatAddress(bytes);
}

/** A prefix in CIDR notation; host bits are cleared. A bare address is the prefix of that one address. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const bytes = parseAddress(address);
  if (bytes === undefined) return undefined;
  const bits = bytes.length * 8;
  let prefixLength = bits;
  if (slash !== -1) {
    const length = text.slice(slash + 1);
    if (!/^\d{1,3}$/.test(length)) return undefined;
    // ::ffff:10.0.0.0/104 is the IPv4 prefix 10.0.0.0/8.
    prefixLength = Number(length) - (bytes.length === 4 && address.includes(':') ? MAPPED_PREFIX_BYTES * 8 : 0);
    if (prefixLength < 0 || prefixLength > bits) return undefined;
  }
  const network = bytes.map((byte, index) => byte & maskByte(prefixLength, index));
  return { family: bytes.length === 4 ? 4 : 6, bytes: network, prefixLength, text: `${formatAddress(network)}/${prefixLength}` };
}

/** Whether an address (text or bytes) lies in a prefix. */
export function cidrContains(cidr: Cidr, address: string | Uint8Array): boolean {
  const bytes = typeof address === 'string' ? parseAddress(address) : address;
  if (bytes === undefined || bytes.length !== cidr.bytes.length) return false;
  const whole = cidr.prefixLength >> 3;
  for (let index = 0; index < whole; index += 1) if (bytes[index] !== cidr.bytes[index]) return false;
  if (whole === cidr.bytes.length) return true;
  return (byteAt(bytes, whole) & maskByte(cidr.prefixLength, whole)) === byteAt(cidr.bytes, whole);
}

/** The `n`-th address of a prefix in canonical text (0 is the network itself), or undefined when the prefix is smaller. */
export function addressInCidr(cidr: Cidr, n: number): string | undefined {
  const bytes = cidr.bytes.slice();
  let carry = n;
  for (let index = bytes.length - 1; index >= 0 && carry > 0; index -= 1) {
    const sum = byteAt(bytes, index) + carry;
    bytes[index] = sum % 256;
    carry = Math.floor(sum / 256);
  }
  return carry === 0 && cidrContains(cidr, bytes) ? formatAddress(bytes) : undefined;
}

/** Whether `parseIpv4` reads it; makes nothing. */
function isIpv4(text: string): boolean {
  if (text.length > 15) return false;
  let part = 0;
  let value = -1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (value < 0) return false;
      part += 1;
      value = -1;
    } else if (code < ZERO || code > NINE || value === 0) return false;
    else {
      value = (value < 0 ? 0 : value * 10) + code - ZERO;
      if (value > 255) return false;
    }
  }
  return part === 3 && value >= 0;
}

function parseIpv4(text: string): Uint8Array | undefined {
  if (text.length > 15) return undefined;
  const bytes = new Uint8Array(4);
  let part = 0;
  let value = 0;
  let digits = 0;
  for (let index = 0; index <= text.length; index += 1) {
    const code = index === text.length ? DOT : text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || part > 3) return undefined;
      bytes[part] = value;
      part += 1;
      value = 0;
      digits = 0;
    } else if (code >= ZERO && code <= NINE) {
      // A leading zero is refused: some read it as octal.
      if (digits > 0 && value === 0) return undefined;
      value = value * 10 + code - ZERO;
      digits += 1;
      if (value > 255) return undefined;
    } else return undefined;
  }
  return part === 4 ? bytes : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const count = head.length + tail.length;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const groups = [...head, ...Array.from({ length: 8 - count }, () => 0), ...tail];
  const bytes = new Uint8Array(16);
  groups.forEach((group, index) => {
    bytes[index * 2] = group >> 8;
    bytes[index * 2 + 1] = group & 0xff;
  });
  return bytes;
}

/** 16-bit groups of one side of `::`; an embedded IPv4 address may close the last side. */
function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (isLast && index === parts.length - 1 && part.includes('.')) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === undefined) return undefined;
      groups.push((byteAt(ipv4, 0) << 8) | byteAt(ipv4, 1), (byteAt(ipv4, 2) << 8) | byteAt(ipv4, 3));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (byteAt(bytes, index * 2) << 8) | byteAt(bytes, index * 2 + 1));
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

/** The longest run of zero groups, the first one of equals (RFC 5952 section 4.2.3). */
function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  for (let index = 0; index < 10; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

function maskByte(prefixLength: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
