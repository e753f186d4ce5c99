/**
 * Names come from packets, logs and files. Characters that nobody sees, or that turn around what stands beside them
 * (Unicode's control and format characters, those of UAX #9 among them), would let one name pass for another: they become visible.
 */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, '\u{FFFD}');
}

const HIDDEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A name of a file to save: nothing that a file system or its windows could take for something else. */
export function toFileName(text: string): string {
  return (
    text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 100) || 'map'
  );
}
