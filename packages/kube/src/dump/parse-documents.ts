import { LineCounter, parseAllDocuments } from 'yaml';
import { dumpError } from './dump-error.ts';
import { jsonErrorIndex } from './json-error.ts';

const BINARY_SEARCH = 4096;

/** The documents of a file; `truncated` when the last one is cut off and others came before. */
export interface ParsedFile {
  readonly documents: readonly unknown[];
  readonly truncated: boolean;
}

/**
 * JSON, several JSON values one after the other (`kubectl get --watch -o json`), or YAML with any number of documents.
 * Throws `dump-not-parsable` with line and column.
 */
export function parseDocuments(text: string, path: string): ParsedFile {
  const start = /\S/.exec(text)?.[0];
  if (start === undefined) return { documents: [], truncated: false };
  // Only the beginning: what a program writes for people has no such character, and what it writes for itself has one soon.
  if (text.slice(0, BINARY_SEARCH).includes('\0'))
    throw dumpError('dump-not-parsable', path, 'is not text; give what kubectl get -o json or -o yaml writes, and a capture with --pcap');
  const looksLikeJson = start === '{' || start === '[';
  if (!looksLikeJson) return { documents: parseYaml(text, path), truncated: false };
  try {
    return { documents: [JSON.parse(text)], truncated: false };
  } catch {
    const several = parseSeveral(text);
    if (several !== undefined) return several;
    if (/\.ya?ml(\.gz)?$/i.test(path)) return { documents: parseYaml(text, path), truncated: false };
    throw notParsable(path, 'JSON', ...positionOf(text));
  }
}

/** Values that follow each other; undefined when the first one is broken already. */
function parseSeveral(text: string): ParsedFile | undefined {
  const documents: unknown[] = [];
  let start = 0;
  while (start < text.length) {
    const end = endOfValue(text, start);
    if (end === undefined) break;
    try {
      documents.push(JSON.parse(text.slice(start, end)));
    } catch {
      return undefined;
    }
    start = end;
  }
  if (documents.length === 0) return undefined;
  const rest = text.slice(start).trim();
  // What is left may be the beginning of one more object, but not something else.
  return rest === '' || rest.startsWith('{') ? { documents, truncated: rest !== '' } : undefined;
}

/** Index after the object or array that begins at or after `start` (white space apart). */
function endOfValue(text: string, start: number): number | undefined {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"' && depth > 0) {
      index = endOfText(text, index);
    } else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return index + 1;
      if (depth < 0) return undefined;
    } else if (depth === 0 && !/\s/.test(character ?? '')) return undefined;
  }
  return undefined;
}

function endOfText(text: string, quote: number): number {
  let end = quote;
  do {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, index: number): boolean {
  let slashes = 0;
  while (text[index - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}

function parseYaml(text: string, path: string): unknown[] {
  const lineCounter = new LineCounter();
  // Anchors may refer to each other; the bound on aliases keeps a small file from becoming a large one.
  const documents = parseAllDocuments(text, { lineCounter, logLevel: 'silent', uniqueKeys: false });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const error = document.errors[0];
    if (error !== undefined) {
      const position = error.linePos?.[0];
      throw notParsable(
        path,
        'YAML',
        position?.line ?? 1,
        position?.col ?? 1,
        (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
      );
    }
    const value = aliasSafe(() => document.toJS({ maxAliasCount: 1000 }) as unknown, path);
    if (value === null || value === undefined) return [];
    if (typeof value !== 'object') throw notParsable(path, 'Kubernetes objects', 1, 1, 'the text is neither a JSON nor a YAML object');
    return [value];
  });
}

function aliasSafe(read: () => unknown, path: string): unknown {
  try {
    return read();
  } catch (error) {
    throw notParsable(path, 'YAML', 1, 1, error instanceof Error ? error.message : String(error));
  }
}

function positionOf(text: string): [number, number, string] {
  const index = jsonErrorIndex(text) ?? text.length;
  const before = text.slice(0, index);
  const found = index === text.length ? 'the text ends too early' : `unexpected ${JSON.stringify(text.slice(index, index + 10))}`;
  return [before.split('\n').length, index - before.lastIndexOf('\n'), found];
}

function notParsable(path: string, form: string, line: number, column: number, reason: string): Error {
  return dumpError(
    'dump-not-parsable',
    path,
    `is not ${form} at line ${line}, column ${column}: ${reason}; give what kubectl get -o json or -o yaml writes`,
  );
}
