import { EVIDENCE_KINDS, parseRfc3339 } from '@nm/core';
import type { EvidenceKind, NameFilter } from '@nm/core';
import { InvalidArgumentError } from 'commander';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `24h`, `15m`, `7d`, `1h30m` before now, or an instant of RFC 3339; milliseconds since the Unix epoch. */
export function parseInstant(text: string, now: number): number {
  const instant = parseRfc3339(text);
  if (instant !== undefined) return instant;
  if (!/^(\d+(\.\d+)?[smhdw])+$/.test(text)) {
    throw new InvalidArgumentError('Give a duration (15m, 24h, 7d) or a time (2026-01-31T12:00:00Z).');
  }
  return [...text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)].reduce(
    (at, [, number, unit]) => at - Number(number) * (UNIT_MS[unit ?? ''] ?? 0),
    now,
  );
}

/** `90s`, `10m`, `1h30m` in milliseconds. */
export function parseLength(text: string): number {
  if (!/^(\d+(\.\d+)?[smhdw])+$/.test(text)) throw new InvalidArgumentError('Give a duration (30s, 10m, 1h).');
  const length = -parseInstant(text, 0);
  // The longest that a timer takes (Node.js, timers).
  if (length <= 0 || length > 2 ** 31 - 1) throw new InvalidArgumentError('Give a duration between a second and 24 days.');
  return length;
}

/** `a,b` given once or several times. */
export function parseList(text: string, previous: readonly string[] | undefined): string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) throw new InvalidArgumentError('Give at least one name.');
  return [...(previous ?? []), ...items];
}

/** A path that may be given several times; commas belong to it. */
export function parsePaths(text: string, previous: readonly string[] | undefined): string[] {
  if (text === '') throw new InvalidArgumentError('Give a path.');
  return [...(previous ?? []), text];
}

/** `name` or `name.namespace`. Domains hold dots too: a text with dots is both a whole name and one with a namespace. */
export function toNameFilters(text: string): NameFilter[] {
  const dot = text.lastIndexOf('.');
  if (dot <= 0 || dot === text.length - 1) return [{ name: text }];
  return [{ name: text }, { name: text.slice(0, dot), namespace: text.slice(dot + 1) }];
}

export function parseServer(text: string): NameFilter {
  const parts = text.split('.');
  const [name = '', namespace = ''] = parts;
  if (parts.length !== 2 || name === '' || namespace === '') {
    throw new InvalidArgumentError('invalid server filter. Expected format: <server-name>.<namespace>');
  }
  return { name, namespace };
}

/** `key=value`; a bare key means an empty value, as in the existing command line. */
export function toLabel(text: string): { key: string; value: string } {
  const equals = text.indexOf('=');
  return equals < 0 ? { key: text, value: '' } : { key: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** Whether a text is a list of evidence kinds: `--evidence` takes one, but does not need it. */
export function isEvidenceList(text: string): boolean {
  return text !== '' && text.split(',').every((kind) => (EVIDENCE_KINDS as readonly string[]).includes(kind));
}

/** Kinds, or true when evidence is only to be shown. */
export function parseEvidence(text: string): EvidenceKind[] | true {
  if (text === '' || text === 'true') return true;
  if (!isEvidenceList(text)) throw new InvalidArgumentError(`Give one or more of ${EVIDENCE_KINDS.join(',')}.`);
  return EVIDENCE_KINDS.filter((kind) => text.split(',').includes(kind));
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('Give a port, 1 to 65535.');
  return port;
}

/** One of some words, with the existing command line's words when it is none. */
export function parseWord<W extends string>(
  what: string,
  words: readonly W[],
  aliases: Readonly<Record<string, W>> = {},
): (text: string) => W {
  return (text) => {
    const word = Object.hasOwn(aliases, text) ? aliases[text] : words.find((one) => one === text);
    if (word === undefined) throw new InvalidArgumentError(`unexpected ${what} ${text}, use one of (${words.join(', ')})`);
    return word;
  };
}
