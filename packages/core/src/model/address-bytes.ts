/** Text of the 4 or 16 address bytes at `offset`: dotted IPv4, RFC 5952 IPv6, IPv4-mapped addresses as IPv4. */
export function formatAddressBytes(bytes: Uint8Array, offset: number, family: 4 | 6): string {
  if (family === 4) return formatV4(bytes, offset);
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(((bytes[offset + i * 2] ?? 0) << 8) | (bytes[offset + i * 2 + 1] ?? 0));
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) return formatV4(bytes, offset + 12);
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.map(toHex).join(':');
  return `${groups.slice(0, start).map(toHex).join(':')}::${groups
    .slice(start + length)
    .map(toHex)
    .join(':')}`;
}

/** The 4 or 16 bytes of an address in any accepted text form (RFC 4291 2.2; a zone is dropped), or undefined. */
export function parseAddressBytes(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return parseV4(text);
  const zone = text.indexOf('%');
  return parseV6(zone < 0 ? text : text.slice(0, zone));
}

function formatV4(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset] ?? 0}.${bytes[offset + 1] ?? 0}.${bytes[offset + 2] ?? 0}.${bytes[offset + 3] ?? 0}`;
}

function toHex(group: number): string {
  return group.toString(16);
}

/** First of the longest runs of zero groups (RFC 5952 4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = -1;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      if (i - start > best.length) best = { start, length: i - start };
      start = -1;
    }
  }
  return best;
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i] ?? '';
    const value = Number(part);
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = toGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? toGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    bytes[i * 2] = group >> 8;
    bytes[i * 2 + 1] = group & 0xff;
  }
  return bytes;
}

/** Groups between colons; the last of the text may be a dotted IPv4 address. */
function toGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (isEnd && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      groups.push(((v4[0] ?? 0) << 8) | (v4[1] ?? 0), ((v4[2] ?? 0) << 8) | (v4[3] ?? 0));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
