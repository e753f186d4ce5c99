/**
 * Control characters behind ASCII's first ones, format and separator characters: JSON may hold them, terminals obey them.
 * Only those of the basic plane, whose escapes JSON and YAML write alike.
 */
const UNSAFE = /(?![\u{10000}-\u{10ffff}])[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\ufffe\uffff]/gu;
/** All of them; tells most texts apart much faster. */
const MAY_BE_UNSAFE = /[\u007f-\uffff]/;

export function hasUnsafe(text: string): boolean {
  return MAY_BE_UNSAFE.test(text) && text.search(UNSAFE) >= 0;
}

/**
 * JSON, or YAML whose unsafe texts stand in double quotes, with these characters as escapes, which mean the same: kubectl
 * refuses a whole file with one of them, and they could rewrite a terminal's lines.
 */
export function escapeUnsafe(text: string): string {
  if (!MAY_BE_UNSAFE.test(text)) return text;
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
