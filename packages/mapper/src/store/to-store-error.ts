import { isAppError } from '@nm/core';
import { StoreError } from './store-error.ts';

/**
 * SQLSTATE classes that say "the server, not the statement": connection (08), resources (53), operator (57), system
 * (58) (PostgreSQL documentation, appendix A).
 */
const SERVER_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57', '58']);
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);
/** SQLite result codes BUSY, IOERR, FULL, CANTOPEN (https://www.sqlite.org/rescode.html). */
const SQLITE_CODES: ReadonlySet<number> = new Set([5, 10, 13, 14]);

/** A failure of the database itself as `store_unavailable`; anything else unchanged. */
export function toStoreError(error: unknown, location: string): unknown {
  if (isAppError(error) || !(error instanceof Error) || !isServerFailure(error)) return error;
  return new StoreError('store_unavailable', `the store ${location} does not answer: ${error.message}`, {
    cause: error,
    fields: { location },
  });
}

/** The database failed, not what was asked of it: asking for less would not help. */
export function isServerFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error && typeof error.errcode === 'number') return SQLITE_CODES.has(error.errcode & 0xff);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NETWORK_CODES.has(code) || (code.length === 5 && SERVER_CLASSES.has(code.slice(0, 2)))) return true;
  return /connection (terminated|timeout|error)|timeout exceeded when trying to connect/i.test(error.message);
}
