import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, isAppError } from '@nm/core';
import { describeOptions } from '@nm/runtime';
import type { OptionTable } from '@nm/runtime';

/** What the process gives a command that it runs. */
export interface AwsContext {
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

const EXIT_USAGE = 2;
const EXIT_INPUT = 3;

/** Runs a command: an expected error is one line on standard error and an exit code (2 for usage, 3 for input). */
export async function guarded(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper: ${error.message}\n`);
    return error.code.startsWith('option_') || error.code === 'config_unreadable' ? EXIT_USAGE : EXIT_INPUT;
  }
}

export function writerOf(context: AwsContext): (text: string) => void {
  return context.stdout ?? ((text) => void process.stdout.write(text));
}

/** Prints usage and options when they are asked for. */
export function printedHelp(context: AwsContext, usage: string, table: OptionTable): boolean {
  if (!context.argv.includes('--help') && !context.argv.includes('-h')) return false;
  writerOf(context)(`Usage: ${usage}\n\n${describeOptions(table)}`);
  return true;
}

export function optionSources(context: AwsContext): {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
} {
  return { argv: context.argv, env: context.env, readFile: (path) => readFile(resolve(context.cwd, path), 'utf8') };
}

/** Bytes of a file, or of standard input for `-`. Throws AppError `input-unreadable`. */
export async function* readInput(context: AwsContext, path: string): AsyncGenerator<Uint8Array> {
  try {
    const stream = path === '-' ? process.stdin : createReadStream(resolve(context.cwd, path), { highWaterMark: 256 * 1024 });
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    const name = path === '-' ? 'standard input' : path;
    throw new AppError('input-unreadable', `${name} cannot be read: ${(cause as Error).message}`, { fields: { path }, cause });
  }
}
