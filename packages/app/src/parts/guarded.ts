import { isAppError } from '@nm/core';

/** Exit codes as in docs/cli.md. They are not taken from the command line's package: a mapper does not load it. */
const OK = 0;
const USAGE = 2;
const INPUT = 3;
const OUTPUT = 4;
const MAPPER = 5;

const EXIT_OF_ERROR: Readonly<Record<string, number>> = {
  config_unreadable: USAGE,
  backup_unsupported: USAGE,
  store_url_invalid: USAGE,
  backup_failed: OUTPUT,
  MAPPER_UNREACHABLE: MAPPER,
};

/** Runs a part: what the user can mend is one line on stderr, with the part's name, and the exit code of its kind. */
export async function guarded(part: string, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return OK;
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper ${part}: ${error.message}\n`);
    return EXIT_OF_ERROR[error.code] ?? (error.code.startsWith('option_') ? USAGE : INPUT);
  }
}
