import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './schema/tables.ts';

/** A database that holds the map: what differs between SQLite and PostgreSQL, and nothing else. */
export interface Backend {
  readonly kind: 'sqlite' | 'postgres';
  /** For people; never a password. */
  readonly location: string;
  /** True if no other process writes: versions can then be numbered at the start of a transaction. */
  readonly singleWriter: boolean;
  readonly db: Kysely<Tables>;
  /** Runs in one transaction; a deadlock or a serialization failure runs it again. */
  transaction<T>(run: (tx: WriteTransaction) => Promise<T>): Promise<T>;
  sizeBytes(): Promise<number>;
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}

export type Value = string | number | null;

/** An open transaction: queries through Kysely, many rows at once through upsert and getOrCreate. */
export interface WriteTransaction {
  readonly db: Transaction<Tables>;
  /** Runs `statement` for every row. No two rows of one call may meet in the conflict columns. */
  upsert(statement: UpsertStatement, rows: readonly (readonly Value[])[]): Promise<void>;
  /** Inserts the rows whose key is not there yet; answers the first columns (numbers) of those. Keys are distinct. */
  insertMissing(statement: InsertStatement, rows: readonly (readonly Value[])[]): Promise<ReadonlySet<number>>;
  /** Ids of the rows with these keys, inserting what is missing. Keys are distinct. */
  getOrCreate(statement: IdentityStatement, rows: readonly (readonly Value[])[]): Promise<readonly Identity[]>;
  /** Runs an update of one table by id for every row; the first column is the id. */
  update(statement: UpdateStatement, rows: readonly (readonly Value[])[]): Promise<void>;
}

export interface Identity {
  readonly id: number;
  readonly created: boolean;
}

export interface Column {
  readonly name: string;
  readonly type: 'integer' | 'text';
}

/** `assign` is the column's new value after a conflict, in terms of the old and the new one. */
export interface UpsertStatement {
  readonly table: keyof Tables;
  readonly columns: readonly Column[];
  readonly conflict: readonly string[];
  readonly merge: Readonly<Record<string, Merge>>;
}

/** The first column is the key, a number. */
export interface InsertStatement {
  readonly table: keyof Tables;
  readonly columns: readonly Column[];
}

export interface IdentityStatement {
  readonly table: 'peer' | 'edge' | 'evidence';
  readonly columns: readonly Column[];
  readonly key: readonly string[];
}

export interface UpdateStatement {
  readonly table: keyof Tables;
  readonly columns: readonly Column[];
  readonly merge: Readonly<Record<string, Merge>>;
}

/** How an old and a new value become one: `keep` takes the new one unless it is null. The first three commute. */
export type Merge = 'sum' | 'min' | 'max' | 'keep' | 'replace';

/** The merged value as SQL; `min` and `max` of two values have another name in each database. */
export function mergeSql(merge: Merge, kind: Backend['kind'], older: string, newer: string): string {
  switch (merge) {
    case 'sum':
      return `${older} + ${newer}`;
    case 'min':
      return kind === 'sqlite' ? `min(${older}, ${newer})` : `least(${older}, ${newer})`;
    case 'max':
      return kind === 'sqlite' ? `max(${older}, ${newer})` : `greatest(${older}, ${newer})`;
    case 'keep':
      return `coalesce(${newer}, ${older})`;
    case 'replace':
      return newer;
  }
}
