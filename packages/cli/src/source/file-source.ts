import { isAscii } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { AppError, isAppError, parseMapDocument, parseRfc3339, toEdges } from '@nm/core';
import type { CliHost } from '../host.ts';
import type { LoadedMap, MapSource } from './map-source.ts';

/** Largest map file; a longer text does not fit into one JavaScript string (V8's limit is 2^29 - 24 characters). */
export const MAX_MAP_BYTES = 500 * 1024 * 1024;

/** A map file, or standard input for `-`. Nothing is read before the first load. */
export function createFileSource(path: string, host: Pick<CliHost, 'stdin' | 'cwd'>): MapSource {
  const name = mapFileName(path);
  return {
    name,
    loadEdges: async (_query, signal) => parseMap(name, await readMapBytes(path, host, signal)),
    close: () => Promise.resolve(),
  };
}

/** The bytes of a map file, or of standard input for `-`; gzip is unpacked. */
export async function readMapBytes(path: string, host: Pick<CliHost, 'stdin' | 'cwd'>, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = path === '-' ? await readStream(host.stdin, STDIN_NAME) : await readInput(resolve(host.cwd, path), path, signal);
  return isGzip(bytes) ? unzip(bytes, mapFileName(path)) : bytes;
}

/** RFC 1952 2.3.1. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function unzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const { gunzip } = await import('node:zlib');
  try {
    return await promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(gunzip)(bytes, { maxOutputLength: MAX_MAP_BYTES });
  } catch (cause) {
    const reason =
      cause instanceof RangeError
        ? `more than ${MAX_MAP_BYTES} bytes unpacked; make a smaller map (-n, --since)`
        : `is not whole gzip data (${reasonOf(cause)})`;
    throw new AppError('MAP_INVALID', `${name}: ${reason}`, { cause });
  }
}

const STDIN_NAME = 'standard input';

/** How messages call a map file. */
export function mapFileName(path: string): string {
  return path === '-' ? STDIN_NAME : path;
}

/**
 * A map file's text as edges.
 * @throws AppError MAP_INVALID naming the file and, within it, the JSON path or the position.
 */
export function parseMap(name: string, bytes: Uint8Array): LoadedMap {
  try {
    const document = parseMapDocument(parseJson(bytes));
    return {
      edges: toEdges(document),
      generatedAt: parseRfc3339(document.generatedAt) ?? 0,
      window: { ...instantOf('since', document.window.since), ...instantOf('until', document.window.until) },
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(error.code, `${name}: ${error.message}`, { fields: { ...error.fields, file: name } });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_MAP_BYTES)
    throw new AppError('MAP_INVALID', `${bytes.length} bytes; at most ${MAX_MAP_BYTES} can be read: make a smaller map (-n, --since)`);
  const text = toText(bytes);
  if (text.trim() === '') throw new AppError('MAP_INVALID', 'the file is empty');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('MAP_INVALID', `not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Plain ASCII, the usual case, is taken as it is: a quarter of the time and half the memory of decoding it. */
function toText(bytes: Uint8Array): string {
  return isAscii(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') : new TextDecoder().decode(bytes);
}

async function readInput(file: string, name: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await readFile(file, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AppError('INPUT_UNREADABLE', `${name}: ${reasonOf(error)}`, { fields: { file }, cause: error });
  }
}

async function readStream(stream: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_MAP_BYTES)
      throw new AppError('MAP_INVALID', `${name}: more than ${MAX_MAP_BYTES} bytes; make a smaller map (-n, --since)`);
  }
  return Buffer.concat(chunks, length);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'no space left',
  EROFS: 'the file system is read-only',
  EEXIST: 'exists already and is not a folder',
};

/** What went wrong with a file, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

function instantOf<K extends 'since' | 'until'>(key: K, text: string | undefined): { readonly [P in K]?: number } {
  const instant = text === undefined ? undefined : parseRfc3339(text);
  return instant === undefined ? {} : ({ [key]: instant } as { readonly [P in K]?: number });
}
