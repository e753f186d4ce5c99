const MAX_WIRE_OCTETS = 255;
const MAX_LABEL_OCTETS = 63;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;

/**
 * A DNS name in presentation form (RFC 1035 5.1): lower case, without the final dot; or undefined when a label or the
 * whole is too long (RFC 1035 2.3.4), a label is empty, or an unusual byte is not escaped.
 */
export function toDnsName(text: string): string | undefined {
  const end = text.endsWith('.') && !text.endsWith('\\.') ? text.length - 1 : text.length;
  if (end === 0) return undefined;
  let octets = 1;
  let label = 0;
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (label === 0) return undefined;
      label = 0;
      octets++;
      continue;
    }
    if (code === BACKSLASH) {
      const width = escapeLength(text, i);
      if (width === 0) return undefined;
      i += width - 1;
    } else if (code <= SPACE || code >= DELETE) {
      return undefined;
    }
    label++;
    octets++;
    if (label > MAX_LABEL_OCTETS) return undefined;
  }
  if (label === 0 || octets + 1 > MAX_WIRE_OCTETS) return undefined;
  return text.slice(0, end).toLowerCase();
}

/** Length of the escape at `i`: `\DDD` (an octet) or `\X`; 0 when it is neither. */
function escapeLength(text: string, i: number): number {
  const digits = /^\d{3}$/.test(text.slice(i + 1, i + 4));
  if (digits) return Number(text.slice(i + 1, i + 4)) <= 255 ? 4 : 0;
  const next = text.charCodeAt(i + 1);
  const isDigit = next >= 0x30 && next <= 0x39;
  return Number.isNaN(next) || isDigit || next <= SPACE || next >= DELETE ? 0 : 2;
}
