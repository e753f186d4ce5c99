import { AppError } from '@nm/core';

export const API_ERRORS = {
  API_UNREACHABLE: 'The mapper cannot be connected to, or the connection broke. Check the address, and that it runs.',
  API_TIMEOUT: 'The mapper did not answer in time.',
  API_BUSY: 'The mapper asks to come back later; the error says when.',
  API_FORBIDDEN: 'No valid identity was shown (401), or one without the right (403).',
  API_INVALID_QUERY: 'The query does not fit the schema of the mapper (422): it is an older or a newer one.',
  API_FAILED: 'The mapper answered with an error; its message follows.',
  API_TOO_LARGE: 'The answer is larger than this client reads. Ask for less: one namespace, say.',
  API_BAD_ANSWER: 'What answered is not a mapper. Check the address.',
} as const;

/** Why a call to the mapper failed. */
export type ApiErrorCode = keyof typeof API_ERRORS;

export class ApiError extends AppError<ApiErrorCode> {
  /** Only with API_BUSY: how long to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** HTTP status, if there was an answer. */
  readonly status: number | undefined;

  constructor(
    code: ApiErrorCode,
    message: string,
    options: { retryAfterMs?: number | undefined; status?: number | undefined; fields?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(code, message, {
      ...(options.fields && { fields: options.fields }),
      ...(options.cause !== undefined && { cause: options.cause }),
    });
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }
}

const DEFAULT_RETRY_MS = 1_000;
/** Timers take no more than 24 days, and fire at once beyond. */
const MAX_RETRY_MS = 600_000;

/** Retry-After in milliseconds: seconds or an HTTP date (RFC 9110 10.2.3). */
export function parseRetryAfter(header: string | null, now: number): number {
  if (header === null || header.trim() === '') return DEFAULT_RETRY_MS;
  const seconds = Number(header);
  if (Number.isFinite(seconds) && seconds >= 0) return Math.min(MAX_RETRY_MS, seconds * 1_000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? DEFAULT_RETRY_MS : Math.min(MAX_RETRY_MS, Math.max(0, at - now));
}
