/**
 * Control, format (bidirectional overrides, zero width), line separator and unpaired surrogate characters, and the two
 * noncharacters that XML forbids: what could move a terminal's cursor, reorder a line or break a document.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffe\uffff]/gu;

/** A name as it may be shown: what is unsafe stands as its escape (`\x1b`, `\u202e`). Everything else stays. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : code > 0xffff
        ? `\\u{${code.toString(16)}}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
