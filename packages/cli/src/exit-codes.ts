import { isAppError } from '@nm/core';
import { exitCode } from '@nm/runtime';
import type { ExitName } from '@nm/runtime';

export { EXIT_CODES, exitCode } from '@nm/runtime';

/** Codes of the errors that this package throws. */
export type CliErrorCode = 'USAGE' | 'INPUT_UNREADABLE' | 'OUTPUT_UNWRITABLE' | 'MAPPER_UNREACHABLE' | 'TOO_LARGE' | 'NOT_BUILT';

const EXIT_OF_ERROR: Readonly<Record<string, ExitName>> = {
  USAGE: 'usage',
  TOO_LARGE: 'usage',
  NOT_BUILT: 'usage',
  OUTPUT_UNWRITABLE: 'output',
  MAPPER_UNREACHABLE: 'mapper',
};

/** Every other expected error is about what was read. */
export function exitCodeOfError(error: unknown): number {
  if (!isAppError(error)) return exitCode('unexpected');
  return exitCode(EXIT_OF_ERROR[error.code] ?? 'input');
}
