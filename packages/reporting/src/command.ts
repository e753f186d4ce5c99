import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, isAppError } from '@nm/core';
import type { Clock } from '@nm/core';
import { describeOptions, loadOptions, reasonOf, toShownConfig } from '@nm/runtime';
import type { CommandContext, OptionTable, OptionValues } from '@nm/runtime';
import { packingOf, unpacked } from './unpacked.ts';

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

export function writerOf(context: CommandContext): (text: string) => void {
  return context.stdout ?? ((text) => void process.stdout.write(text));
}

/** A command's options; undefined when only its help or `config show` was asked for, which is printed then. */
export async function loadCommandOptions<Table extends OptionTable>(
  context: CommandContext,
  table: Table,
  { part, usage, advice }: { readonly part: string; readonly usage: string; readonly advice?: string },
): Promise<OptionValues<Table> | undefined> {
  const write = writerOf(context);
  if (context.argv.includes('--help') || context.argv.includes('-h')) {
    write(`Usage: ${usage}\n\n${describeOptions(table)}`);
    return undefined;
  }
  const { argv, env, cwd } = context;
  const loaded = await loadOptions(table, { argv, env, readFile: (path) => readFile(resolve(cwd, path), 'utf8') }, { part });
  // Refuses other arguments that are no flags.
  const shown = toShownConfig(table, loaded, advice);
  if (shown === undefined) return loaded.values;
  write(shown);
  return undefined;
}

/** A line for whoever runs the command, beside what it prints. */
export function note(text: string): void {
  process.stderr.write(`network-mapper: ${text}\n`);
}

/** How messages call an input. */
export function inputName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/** A file's bytes, or standard input for `-`; gzip and zstd are unpacked. Throws AppError `input-unreadable`. */
export async function* readInput(context: CommandContext, path: string): AsyncGenerator<Uint8Array> {
  try {
    const stream = path === '-' ? process.stdin : createReadStream(resolve(context.cwd, path), { highWaterMark: 256 * 1024 });
    yield* unpacked(stream);
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError('input-unreadable', `${inputName(path)} cannot be read: ${reasonOf(cause)}`, { fields: { path }, cause });
  }
}

/** A packed file has an end: nothing is written to it that could be followed. Throws AppError `input-packed`. */
export async function refusePacked(context: CommandContext, path: string, advice: string): Promise<void> {
  // A file that is not there yet will be plain: it is waited for.
  const file = await open(resolve(context.cwd, path)).catch(() => undefined);
  if (file === undefined) return;
  try {
    // What has no positions, such as a named pipe, is not packed.
    const first = await file.read(Buffer.alloc(4), 0, 4, 0).catch(() => undefined);
    const packing = first === undefined ? undefined : packingOf(first.buffer);
    if (packing !== undefined) throw new AppError('input-packed', `${path} is packed with ${packing} and cannot be followed: ${advice}`);
  } finally {
    await file.close();
  }
}

/** A file's text. Throws AppError `input-unreadable`. */
export async function readText(context: CommandContext, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readInput(context, path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
