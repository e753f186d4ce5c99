import { isAppError } from '@nm/core';
import { exitCode } from './exit-codes.ts';
import type { ExitName } from './exit-codes.ts';

/**
 * Runs a command and gives its exit code: what the user can mend is one line on standard error. Throws what is no AppError.
 * `exits` says what the codes of the command's own errors end with: beside these and options every error is about what was
 * read. `part` is named in the line.
 */
export async function guarded(work: () => Promise<void>, exits: Readonly<Record<string, ExitName>> = {}, part?: string): Promise<number> {
  try {
    await work();
    return exitCode('ok');
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper${part === undefined ? '' : ` ${part}`}: ${error.message}\n`);
    const isUsage = error.code.startsWith('option_') || error.code === 'config_unreadable';
    return exitCode(exits[error.code] ?? (isUsage ? 'usage' : 'input'));
  }
}
