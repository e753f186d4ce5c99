/**
 * A copy that does not keep the text alive from which it was cut: engines give a piece of a long line as a view of it,
 * and what is remembered of thousands of lines would keep them all.
 */
export function ownText(text: string): string {
  const encoding = BEYOND_LATIN_1.test(text) ? 'utf16le' : 'latin1';
  return Buffer.from(text, encoding).toString(encoding);
}

const BEYOND_LATIN_1 = /[\u0100-\uffff]/;
