import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { dumpError } from './dump-error.ts';
import { reasonOf } from './find-files.ts';

/** One file must fit into one JavaScript string (V8: 2^29 - 24 characters). Watch streams may be of any length. */
export const MAX_DOCUMENT_BYTES = 512 * 1024 * 1024 - 64;
/** One line of a watch stream; an object in etcd is at most 1.5 MiB by default. */
export const MAX_LINE_CHARACTERS = 32 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Text of a file: gzip by its first bytes, UTF-8 or (as PowerShell writes it) UTF-16 by its byte order mark. */
export async function readText(path: string, signal?: AbortSignal): Promise<{ readonly text: string; readonly modifiedAt: number }> {
  const { bytes, modifiedAt } = await readBytes(path, signal);
  const plain = isGzip(bytes) ? await unzip(bytes, path) : bytes;
  if (plain.length > MAX_DOCUMENT_BYTES) throw tooLarge(path);
  return { text: decode(plain), modifiedAt };
}

async function readBytes(path: string, signal?: AbortSignal): Promise<{ readonly bytes: Buffer; readonly modifiedAt: number }> {
  try {
    const file = await open(path);
    try {
      const { mtimeMs, size } = await file.stat();
      if (size > MAX_DOCUMENT_BYTES) throw tooLarge(path);
      return { bytes: await readFile(file, { signal }), modifiedAt: mtimeMs };
    } finally {
      await file.close();
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof Error && 'fields' in cause) throw cause;
    throw dumpError('dump-unreadable', path, `cannot be read (${reasonOf(cause)})`, cause);
  }
}

async function unzip(bytes: Buffer, path: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_DOCUMENT_BYTES });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(path);
    throw dumpError('dump-unreadable', path, `is not whole gzip data (${reasonOf(cause)})`, cause);
  }
}

/** Lines of a stream file with their numbers from 1; a line beyond the bound comes as undefined. Memory: one line. */
export async function* readLines(
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly text: string | undefined; readonly number: number }> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let number = 0;
  let isTooLong = false;
  let source: Readable | undefined;
  try {
    source = await openChunks(path, signal);
    for await (const chunk of source) {
      const [first = '', ...more] = decoder.write(chunk as Buffer).split('\n');
      // Only the new text is searched: a line of many chunks is not looked through again with each.
      if (!isTooLong) rest += first;
      if (rest.length > MAX_LINE_CHARACTERS) {
        rest = '';
        isTooLong = true;
      }
      for (const next of more) {
        number += 1;
        yield { text: isTooLong ? undefined : rest, number };
        isTooLong = false;
        rest = next;
      }
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw dumpError('dump-unreadable', path, `cannot be read after line ${number} (${reasonOf(cause)})`, cause);
  } finally {
    source?.destroy();
  }
  if (rest !== '' || isTooLong) yield { text: isTooLong ? undefined : rest, number: number + 1 };
}

/** The bytes of a file, unpacked when it is gzip. Its errors come to whoever reads it. */
export async function openChunks(path: string, signal?: AbortSignal): Promise<Readable> {
  const isPacked = await startsAsGzip(path);
  const source = createReadStream(path, { signal, highWaterMark: CHUNK_BYTES });
  if (!isPacked) return source;
  const plain = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on('error', (error) => plain.destroy(error));
  plain.on('close', () => source.destroy());
  return source.pipe(plain);
}

async function startsAsGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && isGzip(buffer);
  } finally {
    await file.close();
  }
}

/** RFC 1952 section 2.3.1. */
function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.toString('utf8', 3);
  return bytes.toString('utf8');
}

function tooLarge(path: string): Error {
  return dumpError('dump-too-large', path, `is larger than ${MAX_DOCUMENT_BYTES} bytes; split it, or give it as a watch stream (.ndjson)`);
}
