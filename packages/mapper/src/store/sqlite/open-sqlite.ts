import { rename, rm, writeFile } from 'node:fs/promises';
import { closeSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import type { Backend, WriteTransaction } from '../backend.ts';
import type { Tables } from '../schema/tables.ts';
import { StoreError } from '../store-error.ts';
import { createCheckpointer } from './checkpointer.ts';
import { createNodeSqliteDialect } from './dialect.ts';
import { networkFilesystemName } from './network-filesystem.ts';
import { SqliteRowWriter } from './row-writer.ts';

const MEMORY = ':memory:';
/** Pages of the database in memory, KiB: what a transaction changes; the rest the system's own cache has. */
const CACHE_KIB = 12 * 1024;
/** How long a writer waits for another process (`backup`, a mapper that is about to end). */
const BUSY_TIMEOUT_MS = 5_000;
/**
 * WAL pages (64 MiB) after which SQLite copies them into the file inside a commit, which waits for the disk. It comes to
 * that when the checkpointer's thread cannot empty the WAL because there is always something new in it.
 */
const CHECKPOINT_PAGES = 16_000;

/** The group too: volumes are given to pods by it. */
const DATABASE_MODE = 0o660;
const BACKUP_MODE = 0o600;

export interface SqliteOptions {
  readonly onCheckpointFailure?: (reason: string) => void;
  /** statfs type of a folder; for tests. */
  readonly filesystemType?: (folder: string) => number;
}

/** @throws StoreError `store_network_filesystem`, `store_unavailable` */
export function openSqlite(path: string, options: SqliteOptions = {}): Backend {
  const database = open(path, options.filesystemType ?? ((folder) => statfsSync(folder).type));
  const checkpointer = path === MEMORY ? undefined : createCheckpointer(path, options.onCheckpointFailure ?? (() => undefined));
  const db = new Kysely<Tables>({ dialect: createNodeSqliteDialect(database) });
  const rows = new SqliteRowWriter(database);
  return {
    kind: 'sqlite',
    location: `sqlite:${path}`,
    singleWriter: true,
    db,
    transaction: async (run) => {
      await checkpointer?.ready();
      const result = await db.transaction().execute(async (transaction) => run(createTransaction(transaction, rows)));
      checkpointer?.wrote();
      return result;
    },
    sizeBytes: async () => {
      const pages = database.prepare('select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()').get();
      return Number(pages?.['bytes'] ?? 0);
    },
    backup: (target) => writeBackup(database, target),
    async close() {
      await checkpointer?.close();
      await db.destroy();
    },
  };
}

function open(path: string, filesystemType: (folder: string) => number): DatabaseSync {
  try {
    if (path !== MEMORY) {
      refuseNetworkFilesystem(path, filesystemType);
      // Who else is on the machine need not read the map; SQLite gives the files beside it the same mode.
      closeSync(openSync(path, 'a', DATABASE_MODE));
    }
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    database.exec('pragma journal_mode = wal');
    // A kill of the process loses nothing; a power loss may cost the last transactions, never consistency.
    database.exec('pragma synchronous = normal');
    database.exec(`pragma cache_size = -${CACHE_KIB}`);
    database.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.exec('pragma temp_store = memory');
    return database;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      'store_unavailable',
      `cannot open the SQLite file ${path}: ${messageOf(error)}. Check that the folder exists and is writable and that the file is a database of this program.`,
      { cause: error, fields: { path } },
    );
  }
}

function refuseNetworkFilesystem(path: string, filesystemType: (folder: string) => number): void {
  const folder = dirname(resolve(path));
  mkdirSync(folder, { recursive: true });
  const name = networkFilesystemName(filesystemType(folder));
  if (name === undefined) return;
  throw new StoreError(
    'store_network_filesystem',
    `${folder} is on ${name}, a network file system, where SQLite can lose data. Use a local or block volume, or PostgreSQL (--store postgres://…).`,
    { fields: { folder, filesystem: name } },
  );
}

function createTransaction(db: WriteTransaction['db'], rows: SqliteRowWriter): WriteTransaction {
  return {
    db,
    upsert: async (statement, values) => rows.upsert(statement, values),
    update: async (statement, values) => rows.update(statement, values),
    insertMissing: async (statement, values) => rows.insertMissing(statement, values),
    getOrCreate: async (statement, values) => rows.getOrCreate(statement, values),
  };
}

/** Page by page through SQLite's backup API, so that writes go on; the name appears when the copy is whole. */
async function writeBackup(database: DatabaseSync, target: string): Promise<void> {
  const partial = `${target}.partial`;
  try {
    await rm(partial, { force: true });
    await writeFile(partial, '', { mode: BACKUP_MODE });
    await backup(database, partial, { rate: 500 });
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw new StoreError('backup_failed', `cannot write the backup ${target}: ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
