/** One sample of the Prometheus text format or of OpenMetrics. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** Where the labels end in the line: what comes before tells one series from another. */
  readonly seriesEnd: number;
}

/**
 * Parses one line `name{label="value",…} value [timestamp] [# exemplar]`; undefined for comments and anything else.
 * Formats: prometheus.io/docs/instrumenting/exposition_formats and OpenMetrics 1.0. Escapes: `\\`, `\"`, `\n`.
 */
export function parseSample(line: string): Sample | undefined {
  let at = skipSpace(line, 0);
  const nameAt = at;
  while (isNameCharacter(line.charCodeAt(at))) at += 1;
  if (at === nameAt) return undefined;
  const name = line.slice(nameAt, at);
  const labels = new Map<string, string>();
  at = skipSpace(line, at);
  if (line.charCodeAt(at) === OPEN) {
    at += 1;
    for (;;) {
      at = skipSpace(line, at);
      const code = line.charCodeAt(at);
      if (code === CLOSE) break;
      if (code === COMMA) {
        at += 1;
        continue;
      }
      const keyAt = at;
      while (isNameCharacter(line.charCodeAt(at))) at += 1;
      const key = line.slice(keyAt, at);
      at = skipSpace(line, at);
      if (key === '' || line.charCodeAt(at) !== EQUALS) return undefined;
      at = skipSpace(line, at + 1);
      if (line.charCodeAt(at) !== QUOTE) return undefined;
      const end = closingQuote(line, at + 1);
      if (end < 0) return undefined;
      labels.set(key, unescape(line.slice(at + 1, end)));
      at = end + 1;
    }
    at += 1;
  }
  const seriesEnd = at;
  at = skipSpace(line, at);
  let end = at;
  while (end < line.length && !isSpace(line.charCodeAt(end))) end += 1;
  const value = toNumber(line.slice(at, end));
  return value === undefined ? undefined : { name, labels, value, seriesEnd };
}

function toNumber(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function closingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return -1;
}

function unescape(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\(.)/g, (whole, character: string) =>
    character === 'n' ? '\n' : character === '\\' || character === '"' ? character : whole,
  );
}

function skipSpace(line: string, from: number): number {
  let at = from;
  while (isSpace(line.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x3a) || code === 0x5f || code === 0x2e
  );
}

const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
