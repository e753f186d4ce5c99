import { CompiledQuery } from 'kysely';
import type { Transaction } from 'kysely';
import { mergeSql } from '../backend.ts';
import type { Column, Identity, IdentityStatement, InsertStatement, UpdateStatement, UpsertStatement, Value } from '../backend.ts';
import type { Tables } from '../schema/tables.ts';

/** Rows of one statement; more go in several, so that no message grows without bound. */
const MAX_ROWS = 10_000;

/** Many rows in one statement: one array per column, taken apart by unnest. */
export class PostgresRowWriter {
  readonly #db: Transaction<Tables>;

  constructor(db: Transaction<Tables>) {
    this.#db = db;
  }

  async upsert(statement: UpsertStatement, rows: readonly (readonly Value[])[]): Promise<void> {
    const text = upsertSql(statement);
    for (const chunk of chunks(rows)) await this.#run(text, statement.columns, chunk);
  }

  async update(statement: UpdateStatement, rows: readonly (readonly Value[])[]): Promise<void> {
    const text = updateSql(statement);
    for (const chunk of chunks(rows)) await this.#run(text, statement.columns, chunk);
  }

  async insertMissing(statement: InsertStatement, rows: readonly (readonly Value[])[]): Promise<Set<number>> {
    const { table, columns } = statement;
    const key = columns[0]?.name ?? '';
    const text = `insert into ${table} (${names(columns)}) select * from ${unnest(columns)} on conflict (${key}) do nothing returning ${key}`;
    const inserted = new Set<number>();
    for (const chunk of chunks(rows)) for (const row of await this.#run(text, columns, chunk)) inserted.add(Number(row[key]));
    return inserted;
  }

  async getOrCreate(statement: IdentityStatement, rows: readonly (readonly Value[])[]): Promise<Identity[]> {
    const keyAt = statement.key.map((name) => statement.columns.findIndex((column) => column.name === name));
    const keyOf = (row: readonly Value[]): string => JSON.stringify(keyAt.map((index) => row[index]));
    const found = new Map<string, Identity>();
    for (const chunk of chunks(rows)) {
      const inserted = await this.#run(insertSql(statement), statement.columns, chunk);
      for (const row of inserted)
        found.set(JSON.stringify(statement.key.map((name) => row[name])), { id: Number(row['id']), created: true });
      const missing = chunk.filter((row) => !found.has(keyOf(row)));
      if (missing.length === 0) continue;
      const keyColumns = keyAt.map((index) => statement.columns[index]).filter((column) => column !== undefined);
      const keys = missing.map((row) => keyAt.map((index) => row[index] ?? null));
      const existing = await this.#run(lookupSql(statement, keyColumns), keyColumns, keys);
      for (const row of existing)
        found.set(JSON.stringify(statement.key.map((name) => row[name])), { id: Number(row['id']), created: false });
    }
    return rows.map((row) => {
      const identity = found.get(keyOf(row));
      if (identity === undefined) throw new Error(`${statement.table} row vanished while it was looked up`);
      return identity;
    });
  }

  async #run(text: string, columns: readonly Column[], rows: readonly (readonly Value[])[]): Promise<Record<string, unknown>[]> {
    if (rows.length === 0) return [];
    const arrays = columns.map((_column, index) => rows.map((row) => row[index] ?? null));
    const result = await this.#db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, arrays));
    return result.rows;
  }
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += MAX_ROWS) yield rows.slice(from, from + MAX_ROWS);
}

function unnest(columns: readonly Column[]): string {
  return `unnest(${columns.map(({ type }, index) => `$${index + 1}::${type === 'integer' ? 'bigint' : 'text'}[]`).join(', ')})`;
}

function names(columns: readonly Column[], prefix = ''): string {
  return columns.map((column) => prefix + column.name).join(', ');
}

function upsertSql({ table, columns, conflict, merge }: UpsertStatement): string {
  const assignments = Object.entries(merge).map(
    ([name, how]) => `${name} = ${mergeSql(how, 'postgres', `${table}.${name}`, `excluded.${name}`)}`,
  );
  const action = assignments.length === 0 ? 'nothing' : `update set ${assignments.join(', ')}`;
  return `insert into ${table} (${names(columns)}) select * from ${unnest(columns)} on conflict (${conflict.join(', ')}) do ${action}`;
}

function insertSql({ table, columns, key }: IdentityStatement): string {
  return `insert into ${table} (${names(columns)}) select * from ${unnest(columns)} on conflict (${key.join(', ')}) do nothing returning id, ${key.join(', ')}`;
}

function lookupSql({ table, key }: IdentityStatement, columns: readonly Column[]): string {
  const matches = key.map((name) => `t.${name} = u.${name}`).join(' and ');
  return `select t.id, ${names(columns, 't.')} from ${unnest(columns)} as u (${key.join(', ')}) join ${table} t on ${matches}`;
}

function updateSql({ table, columns, merge }: UpdateStatement): string {
  const assignments = columns
    .slice(1)
    .map(({ name }) => `${name} = ${mergeSql(merge[name] ?? 'replace', 'postgres', `t.${name}`, `u.${name}`)}`);
  return `update ${table} t set ${assignments.join(', ')} from ${unnest(columns)} as u (${names(columns)}) where t.${columns[0]?.name} = u.${columns[0]?.name}`;
}
