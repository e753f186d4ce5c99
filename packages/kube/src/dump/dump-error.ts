import { AppError } from '@nm/core';

/** What stops the reading of a dump (docs/reference/errors.md is written from it). */
export const DUMP_ERRORS = {
  'dump-unreadable': 'The path does not exist, may not be read, or its compression is broken.',
  'dump-not-parsable': 'The text is neither JSON nor YAML. The message names line and column.',
  'dump-too-large': 'One document is larger than can be read. Split it, or give it as a watch stream.',
  'dump-empty': 'The folder has no file that could be a dump.',
} as const;

export type DumpErrorCode = keyof typeof DUMP_ERRORS;

export function dumpError(code: DumpErrorCode, path: string, message: string, cause?: unknown): AppError<DumpErrorCode> {
  return new AppError(code, `${path}: ${message}`, { fields: { path }, cause });
}
