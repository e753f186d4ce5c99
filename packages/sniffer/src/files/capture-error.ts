import { AppError } from '@nm/core';

/** What stops the reading of captures (docs/reference/errors.md is written from it). */
export const CAPTURE_FILE_ERRORS = {
  'capture-unreadable': 'The file cannot be opened or read.',
  'capture-not-recognised': "The file is neither pcap nor pcapng, plain or gzip'ed.",
  'capture-too-many': 'More files than are merged at once. Merge some of them first (mergecap).',
} as const;

export type CaptureFileErrorCode = keyof typeof CAPTURE_FILE_ERRORS;

/** What was wrong with a file that was read as far as possible. */
export interface CaptureWarning {
  readonly code: 'capture-truncated' | 'capture-damaged' | 'capture-blocks-skipped' | 'capture-out-of-order';
  /** Absent when it concerns all files. */
  readonly path?: string;
  readonly message: string;
  /** Where the damage begins, in the uncompressed file. */
  readonly byteOffset?: number;
  /** Blocks or records concerned. */
  readonly count?: number;
}

export function unreadable(path: string, cause: unknown): AppError<CaptureFileErrorCode> {
  return new AppError('capture-unreadable', `cannot read the capture ${path}: ${reasonOf(cause)}`, { fields: { path }, cause });
}

export function notRecognised(path: string, detail: string): AppError<CaptureFileErrorCode> {
  const message = `${path} is not a capture (${detail}); give a pcap or pcapng file, as tcpdump -w or dumpcap write it, plain or gzip'ed`;
  return new AppError('capture-not-recognised', message, { fields: { path } });
}

export function tooMany(count: number, limit: number): AppError<CaptureFileErrorCode> {
  const message = `${count} captures are more than the ${limit} that can be read at once; merge some of them first (mergecap -w all.pcapng FILE…)`;
  return new AppError('capture-too-many', message, { fields: { count, limit } });
}

const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder, name the files in it',
  EMFILE: 'too many open files',
};

function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  return (code === undefined ? undefined : TEXTS[code]) ?? (cause instanceof Error ? cause.message : String(cause));
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
