import type { CliHost } from '../host.ts';

export interface Styles {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

const plain = (text: string): string => text;
const PLAIN: Styles = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };

const sgr = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;
const COLOURED: Styles = { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), yellow: sgr(33, 39) };

/** Colours only on a terminal that can show them, and never when NO_COLOR is set (no-color.org). */
export function stylesFor(host: Pick<CliHost, 'stdout' | 'env'>): Styles {
  const refused = (host.env['NO_COLOR'] ?? '') !== '' || host.env['TERM'] === 'dumb';
  return host.stdout.isTTY === true && !refused ? COLOURED : PLAIN;
}
