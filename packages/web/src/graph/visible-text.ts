/**
 * Names come from packets, logs and files. Characters that nobody sees, or that turn around what stands beside them
 * (Unicode UAX #9 controls, zero-width and C0/C1 controls), would let one name pass for another: they become visible.
 */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, '\u{FFFD}');
}

const HIDDEN = /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu;

/** A name of a file to save: nothing that a file system or its windows could take for something else. */
export function toFileName(text: string): string {
  return (
    text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 100) || 'map'
  );
}
