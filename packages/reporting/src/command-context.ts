import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, isAppError } from '@nm/core';
import type { Clock } from '@nm/core';
import { describeOptions, reasonOf, toShownConfig } from '@nm/runtime';
import type { LoadedOptions, OptionTable } from '@nm/runtime';

/** What the process gives a command that it runs. */
export interface CommandContext {
  /** Arguments after the command's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder against which file names in arguments resolve. */
  readonly cwd: string;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
  readonly version?: string;
  /** Standard output unless given. */
  readonly stdout?: (text: string) => void;
}

const EXIT_OK = 0;
const EXIT_USAGE = 2;
const EXIT_INPUT = 3;

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

/**
 * Runs a command: an expected error is one line on standard error and an exit code: 2 for usage (options, a configuration
 * file, and the codes of `usageErrors`), 3 for input.
 */
export async function guarded(work: () => Promise<void>, usageErrors: readonly string[] = []): Promise<number> {
  try {
    await work();
    return EXIT_OK;
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper: ${error.message}\n`);
    const isUsage = error.code.startsWith('option_') || error.code === 'config_unreadable' || usageErrors.includes(error.code);
    return isUsage ? EXIT_USAGE : EXIT_INPUT;
  }
}

export function writerOf(context: CommandContext): (text: string) => void {
  return context.stdout ?? ((text) => void process.stdout.write(text));
}

/** Prints usage and options when they are asked for. */
export function printedHelp(context: CommandContext, usage: string, table: OptionTable): boolean {
  if (!context.argv.includes('--help') && !context.argv.includes('-h')) return false;
  writerOf(context)(`Usage: ${usage}\n\n${describeOptions(table)}`);
  return true;
}

export function optionSources(context: CommandContext): {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
} {
  return { argv: context.argv, env: context.env, readFile: (path) => readFile(resolve(context.cwd, path), 'utf8') };
}

/** Prints the options with their sources for `config show`; refuses other arguments that are no flags, with `advice`. */
export function printedConfig<Table extends OptionTable>(
  context: CommandContext,
  table: Table,
  loaded: LoadedOptions<Table>,
  advice = '',
): boolean {
  const shown = toShownConfig(table, loaded, advice);
  if (shown === undefined) return false;
  writerOf(context)(shown);
  return true;
}

/** A line for whoever runs the command, beside what it prints. */
export function note(text: string): void {
  process.stderr.write(`network-mapper: ${text}\n`);
}

/** How messages call an input. */
export function inputName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/** A file's bytes, or standard input for `-`. Throws AppError `input-unreadable`. */
export async function* readInput(context: CommandContext, path: string): AsyncGenerator<Uint8Array> {
  try {
    const stream = path === '-' ? process.stdin : createReadStream(resolve(context.cwd, path), { highWaterMark: 256 * 1024 });
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError('input-unreadable', `${inputName(path)} cannot be read: ${reasonOf(cause)}`, { fields: { path }, cause });
  }
}

/** A file's text. Throws AppError `input-unreadable`. */
export async function readText(context: CommandContext, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readInput(context, path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
