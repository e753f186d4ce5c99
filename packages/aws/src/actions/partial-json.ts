/** A JSON-like value. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

const MAX_DEPTH = 64;

/** Reads JSON whose end may be missing: everything that is complete up to there is kept. Never throws. */
export function parsePartialJson(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value;
  } catch {
    const reader = { text, at: 0 };
    return readValue(reader, 0);
  }
}

interface Reader {
  readonly text: string;
  at: number;
}

function skipSpace(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at += 1;
}

function readValue(reader: Reader, depth: number): Value | undefined {
  if (depth > MAX_DEPTH) return undefined;
  skipSpace(reader);
  const first = reader.text[reader.at];
  if (first === '{') return readObject(reader, depth);
  if (first === '[') return readArray(reader, depth);
  if (first === '"') return readString(reader);
  const literal = /^(true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(reader.text.slice(reader.at, reader.at + 40))?.[0];
  if (literal === undefined) return undefined;
  reader.at += literal.length;
  return JSON.parse(literal) as Value;
}

/** A string that is complete, else undefined. */
function readString(reader: Reader): string | undefined {
  let end = reader.at + 1;
  while (end < reader.text.length && reader.text[end] !== '"') end += reader.text[end] === '\\' ? 2 : 1;
  if (end >= reader.text.length) {
    reader.at = reader.text.length;
    return undefined;
  }
  const raw = reader.text.slice(reader.at, end + 1);
  reader.at = end + 1;
  try {
    return JSON.parse(raw) as string;
  } catch {
    return undefined;
  }
}

function readObject(reader: Reader, depth: number): Value {
  const entries: Record<string, Value> = Object.create(null) as Record<string, Value>;
  reader.at += 1;
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] !== '"') break;
    const key = readString(reader);
    skipSpace(reader);
    if (key === undefined || reader.text[reader.at] !== ':') break;
    reader.at += 1;
    const value = readValue(reader, depth + 1);
    if (value === undefined) break;
    entries[key] = value;
    skipSpace(reader);
    if (reader.text[reader.at] !== ',') break;
    reader.at += 1;
  }
  skipSpace(reader);
  if (reader.text[reader.at] === '}') reader.at += 1;
  return entries;
}

function readArray(reader: Reader, depth: number): Value {
  const items: Value[] = [];
  reader.at += 1;
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] === ']') break;
    const value = readValue(reader, depth + 1);
    if (value === undefined) break;
    items.push(value);
    skipSpace(reader);
    if (reader.text[reader.at] !== ',') break;
    reader.at += 1;
  }
  if (reader.text[reader.at] === ']') reader.at += 1;
  return items;
}
