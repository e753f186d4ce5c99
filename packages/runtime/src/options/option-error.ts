import { AppError } from '@nm/core';

export const OPTION_ERRORS = {
  option_unknown: 'A flag, environment variable or file key that does not exist. The message names the nearest known one.',
  option_invalid: 'A value that cannot be read. The message names the key, where the value came from and the form it must have.',
  option_conflict: 'Options that exclude or need one another.',
  config_unreadable: 'The file of --config cannot be read, or is neither YAML nor JSON.',
} as const;

export type OptionErrorCode = keyof typeof OPTION_ERRORS;

/** A start that was stopped by its configuration. */
export class OptionError extends AppError<OptionErrorCode> {}
