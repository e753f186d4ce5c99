import { AppError } from '@nm/core';

/**
 * What stops the reading of a dump:
 * - `dump-unreadable`: a path does not exist, may not be read, or its compression is broken.
 * - `dump-not-parsable`: the text is neither JSON nor YAML; the message names line and column.
 * - `dump-too-large`: one document is larger than MAX_DOCUMENT_BYTES.
 * - `dump-empty`: a folder without any file that could be a dump.
 */
export type DumpErrorCode = 'dump-unreadable' | 'dump-not-parsable' | 'dump-too-large' | 'dump-empty';

export function dumpError(code: DumpErrorCode, path: string, message: string, cause?: unknown): AppError<DumpErrorCode> {
  return new AppError(code, `${path}: ${message}`, { fields: { path }, cause });
}
