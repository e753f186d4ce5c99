/** An address as a number with its width: 32 bits (IPv4, also IPv4-mapped IPv6) or 128 (IPv6). */
export interface IpNumber {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Parses an IPv4 or IPv6 address; undefined when it is neither. IPv4-mapped IPv6 is IPv4. */
export function parseIp(text: string): IpNumber | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): IpNumber | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { bits: 32, value };
}

function parseIpv6(text: string): IpNumber | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  // ::ffff:0:0/96 (RFC 4291 section 2.5.5.2)
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (v4 === undefined) return undefined;
      groups.push(Number(v4.value >> 16n), Number(v4.value & 0xffffn));
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** Whether an address lies in a CIDR block. False when either cannot be parsed, or the families differ. */
export function cidrContains(cidr: string, address: string): boolean {
  const slash = cidr.lastIndexOf('/');
  const base = parseIp(slash < 0 ? cidr : cidr.slice(0, slash));
  const ip = parseIp(address);
  if (base === undefined || ip === undefined || base.bits !== ip.bits) return false;
  const text = slash < 0 ? String(base.bits) : cidr.slice(slash + 1);
  if (!/^\d{1,3}$/.test(text) || Number(text) > base.bits) return false;
  const shift = BigInt(base.bits - Number(text));
  return base.value >> shift === ip.value >> shift;
}

/** Whether an address lies in an ipBlock: in the block and in none of its exceptions. */
export function ipBlockContains(block: { readonly cidr: string; readonly except?: readonly string[] }, address: string): boolean {
  return cidrContains(block.cidr, address) && !(block.except ?? []).some((except) => cidrContains(except, address));
}
