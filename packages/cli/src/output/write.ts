import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { AppError } from '@nm/core';
import type { CliHost } from '../host.ts';
import { reasonOf } from '../source/file-source.ts';

/** The reader went away (`| head`): nothing is wrong and nothing is left to do. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}

/** Writes and waits until it is handed on, so that a slow reader slows us and not our memory. */
export async function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  if (chunk.length === 0) return;
  await new Promise<void>((done, fail) => {
    const onError = (error: Error): void => fail(asOutputError(error));
    stream.once('error', onError);
    stream.write(chunk, (error) => {
      stream.off('error', onError);
      if (error === undefined || error === null) done();
      else fail(asOutputError(error));
    });
  });
}

/** Writes a result to a file, or to standard output for `-` and when no file is named. */
export async function writeResult(host: CliHost, output: string | undefined, chunks: Iterable<string | Uint8Array>): Promise<void> {
  if (output === undefined || output === '-') {
    for (const chunk of joined(chunks)) await writeTo(host.stdout, chunk);
    return;
  }
  await writeOutputFile(resolve(host.cwd, output), output, chunks);
}

/** @throws AppError OUTPUT_UNWRITABLE that names the file as the user did. */
export async function writeOutputFile(file: string, shownName: string, chunks: Iterable<string | Uint8Array>): Promise<void> {
  try {
    await writeFile(file, joined(chunks));
  } catch (error) {
    throw new AppError(
      'OUTPUT_UNWRITABLE',
      `${shownName}: cannot be written: ${isMissing(error) ? 'there is no such folder' : reasonOf(error)}`,
      { fields: { file }, cause: error },
    );
  }
}

/** A file that is written need not be there, its folder must. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Characters that are handed on at once: a call for each line would cost more than making the line. */
const CHUNK_LENGTH = 64 * 1024;

function* joined(chunks: Iterable<string | Uint8Array>): Generator<string | Uint8Array> {
  let text = '';
  for (const chunk of chunks) {
    if (typeof chunk === 'string') text += chunk;
    else yield chunk;
    if (text.length >= CHUNK_LENGTH) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}

function asOutputError(error: Error): Error {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return new BrokenPipe('the reader went away');
  return new AppError('OUTPUT_UNWRITABLE', `standard output: ${reasonOf(error)}`, { cause: error });
}
