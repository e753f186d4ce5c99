import type { EdgeUpdate } from '@nm/core';
import type { StoreBatch } from '../batch.ts';
import { StoreError } from '../store-error.ts';

const MAX_PORT = 65_535;
/** 9999-12-31: what RFC 3339 and both databases can still say. */
const MAX_INSTANT = 253_402_300_799_999;
const MAX_EXTRA = 64 * 1024;

/** Numbers must be exact in JavaScript, SQLite and PostgreSQL alike. @throws StoreError `store_value_invalid` */
export function validateBatch(batch: StoreBatch): void {
  if (batch.reporter !== undefined) {
    check(isCount(batch.reporter.sequence), 'reporter.sequence', batch.reporter.sequence);
    check((batch.reporter.extra?.length ?? 0) <= MAX_EXTRA, 'reporter.extra', 'too long');
  }
  for (const part of batch.parts) {
    for (const update of part.updates) validateUpdate(update);
    for (const waiting of part.waiting ?? [])
      check(isInstant(waiting.observation.lastSeenAt), 'observation.lastSeenAt', waiting.observation.lastSeenAt);
  }
}

export function validateUpdate(update: EdgeUpdate): void {
  check(isCount(update.count), 'count', update.count);
  check(isInstant(update.firstSeenAt), 'firstSeenAt', update.firstSeenAt);
  check(isInstant(update.lastSeenAt), 'lastSeenAt', update.lastSeenAt);
  if (update.port !== undefined) {
    check(isPort(update.port.port), 'port', update.port.port);
    check(isPort(update.port.servicePort), 'servicePort', update.port.servicePort);
  }
  if (update.bytes !== undefined) check(isCount(update.bytes), 'bytes', update.bytes);
  for (const { count } of update.actions ?? []) check(isCount(count), 'actions.count', count);
}

/** 2^32 calls in one observation are no observation; so sums of many stay below 2^53. */
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 48;
}

function isInstant(value: number): boolean {
  return value >= 0 && value <= MAX_INSTANT;
}

function isPort(value: number | undefined): boolean {
  return value === undefined || (Number.isInteger(value) && value >= 0 && value <= MAX_PORT);
}

function check(valid: boolean, field: string, value: unknown): void {
  if (valid) return;
  throw new StoreError(
    'store_value_invalid',
    `${field} is ${String(value)}, which the store cannot keep: refuse such observations before`,
    {
      fields: { field, value },
    },
  );
}
