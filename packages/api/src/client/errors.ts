import { AppError } from '@nm/core';

/** Why a call to the mapper failed. */
export type ApiErrorCode =
  /** No connection, or it broke. */
  | 'API_UNREACHABLE'
  /** No answer in time. */
  | 'API_TIMEOUT'
  /** The mapper asks to come back later; `retryAfterMs` says when. */
  | 'API_BUSY'
  /** No or no valid identity (401), or one without the right (403). */
  | 'API_FORBIDDEN'
  /** The query does not fit the mapper's schema (422): an older or newer mapper. */
  | 'API_INVALID_QUERY'
  /** The mapper answered with errors. */
  | 'API_FAILED'
  /** Not an answer of a mapper: another status, or no JSON. */
  | 'API_BAD_ANSWER';

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

/** Retry-After in milliseconds: seconds or an HTTP date (RFC 9110 10.2.3). */
export function parseRetryAfter(header: string | null, now: number): number {
  if (header === null || header.trim() === '') return DEFAULT_RETRY_MS;
  const seconds = Number(header);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? DEFAULT_RETRY_MS : Math.max(0, at - now);
}
