import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@nm/core';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Backend } from '../backend.ts';
import type { Tables } from '../schema/tables.ts';
import { StoreError } from '../store-error.ts';
import { PostgresRowWriter } from './row-writer.ts';

/** Type OIDs whose values pg gives as text, because they may not fit a number; ours are below 2^53 (pg_type.dat). */
const INT8 = 20;
const NUMERIC = 1700;
/** Two replicas met in the same rows; running it again is right (PostgreSQL documentation, appendix A). */
const RETRY_CODES: ReadonlySet<string> = new Set(['40001', '40P01']);
const MAX_RUNS = 6;
const RETRY_MS = 20;
/** A replica whose node vanished must not hold its locks. */
const IDLE_IN_TRANSACTION_MS = 15_000;
const STATEMENT_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

export function openPostgres(url: string, options: { maxConnections: number; log: Logger; onRetry: () => void }): Backend {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    application_name: 'network-mapper',
    types: { getTypeParser: (oid: number, format?: 'text' | 'binary') => parserOf(oid, format) },
  });
  // A connection that the server closes is replaced on the next use, and the query on it fails by itself; unheard,
  // the event would end the process. The pool listens only to idle ones.
  const onLost = (error: Error): void => options.log.warn('database connection lost', { error: error.message });
  pool.on('error', onLost);
  pool.on('connect', (client) => client.on('error', onLost));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    kind: 'postgres',
    location: withoutPassword(url),
    singleWriter: false,
    db,
    transaction: async (run) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await db.transaction().execute(async (transaction) => {
            const rows = new PostgresRowWriter(transaction);
            return run({
              db: transaction,
              upsert: (statement, values) => rows.upsert(statement, values),
              update: (statement, values) => rows.update(statement, values),
              insertMissing: (statement, values) => rows.insertMissing(statement, values),
              getOrCreate: (statement, values) => rows.getOrCreate(statement, values),
            });
          });
        } catch (error) {
          if (!RETRY_CODES.has(codeOf(error)) || attempt === MAX_RUNS) throw error;
          options.onRetry();
          await delay(RETRY_MS * attempt * (0.5 + Math.random()));
        }
      }
    },
    sizeBytes: async () => {
      const result = await pool.query<{ bytes: number }>('select pg_database_size(current_database()) as bytes');
      return result.rows[0]?.bytes ?? 0;
    },
    backup: () =>
      Promise.reject(
        new StoreError('backup_unsupported', 'the store is PostgreSQL: back it up with its own tools, for example pg_dump --format=custom'),
      ),
    close: () => db.destroy(),
  };
}

function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8 || oid === NUMERIC) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}

/** SQLSTATE or system error code of an error, '' without one. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  return `postgres://${parsed.host}${parsed.pathname}`;
}
