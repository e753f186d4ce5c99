import { canonicalAddress } from '@nm/core';

/** Reading untrusted JSON: each function gives the field in the wanted form, or what "absent" means for it. */
export type JsonObject = Readonly<Record<string, unknown>>;

const NO_OBJECT: JsonObject = Object.freeze({});
const NO_TEXTS: Readonly<Record<string, string>> = Object.freeze({});

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. */
export function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : NO_OBJECT;
}

/** The objects of a list; everything else in it is left out. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** A text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string' && item !== '') : [];
}

/** A map of texts: labels, annotations, selectors. */
export function textMapOf(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return NO_TEXTS;
  const entries = Object.entries(value);
  if (entries.every((entry) => typeof entry[1] === 'string')) return value as Readonly<Record<string, string>>;
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** An instant in RFC 3339 as milliseconds since the Unix epoch. */
export function instantOf(value: unknown): number | undefined {
  // YAML readers may already have made a date of it.
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  if (typeof value !== 'string' || value.length < 10) return undefined;
  const instant = Date.parse(value);
  return Number.isNaN(instant) ? undefined : instant;
}

/** A port number from 1 to 65535. */
export function portOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536 ? value : undefined;
}

/** Transport protocol; Kubernetes' default is TCP. */
export function protocolOf(value: unknown): 'TCP' | 'UDP' | 'SCTP' {
  return value === 'UDP' || value === 'SCTP' ? value : 'TCP';
}

/** Canonical addresses of a list of texts, without repeats; what is no address is left out. */
export function addressesOf(texts: Iterable<unknown>): readonly string[] {
  const found = new Set<string>();
  for (const text of texts) {
    const address = typeof text === 'string' ? canonicalAddress(text) : undefined;
    if (address !== undefined) found.add(address);
  }
  return [...found];
}

/** `{ key: value }`, or nothing when the value is absent: for optional properties. */
export function optional<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: Value });
}

/** JSON inside an annotation, or undefined when it is none. */
export function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
