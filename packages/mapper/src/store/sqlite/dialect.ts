import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { SqliteDialect } from 'kysely';

/** Statements kept prepared; more than the program has of those that are asked again and again. */
const MAX_PREPARED = 128;

type Row = Record<string, SQLOutputValue>;

interface Prepared {
  readonly statement: StatementSync;
  readonly reader: boolean;
  /** Of the columns. */
  readonly names: readonly string[];
}

/** Kysely's own SQLite dialect on node:sqlite: only the shape of a statement differs, and statements are kept. */
export function createNodeSqliteDialect(db: DatabaseSync): SqliteDialect {
  const prepare = keepPrepared(db);
  const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
  return new SqliteDialect({
    database: {
      close: () => db.close(),
      prepare: (text) => {
        const { statement, reader, names } = prepare(text);
        return {
          reader,
          all: (parameters) => toRows(names, statement.all(...values(parameters)) as unknown as readonly SQLOutputValue[][]),
          run: (parameters) => statement.run(...values(parameters)),
          *iterate(parameters) {
            for (const row of statement.iterate(...values(parameters))) yield toRow(names, row as unknown as readonly SQLOutputValue[]);
          },
        };
      },
    },
  });
}

/** Rows as objects of one shape: those that node:sqlite makes are hash tables, which take three times the time and the memory. */
function toRows(names: readonly string[], rows: readonly (readonly SQLOutputValue[])[]): Row[] {
  return rows.map((row) => toRow(names, row));
}

function toRow(names: readonly string[], values: readonly SQLOutputValue[]): Row {
  const row: Row = {};
  for (let column = 0; column < names.length; column++) row[names[column] ?? ''] = values[column] ?? null;
  return row;
}

/** The least recently used statement goes when there are too many. */
function keepPrepared(db: DatabaseSync): (text: string) => Prepared {
  const kept = new Map<string, Prepared>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) {
      kept.delete(text);
      kept.set(text, known);
      return known;
    }
    // Taking the write lock at once: a reader that turns writer later could not wait for another process.
    const statement = db.prepare(text === 'begin' ? 'begin immediate' : text);
    statement.setReturnArrays(true);
    const names = statement.columns().map(({ name }) => name);
    const prepared = { statement, reader: names.length > 0, names };
    const [oldest] = kept.keys();
    if (kept.size >= MAX_PREPARED && oldest !== undefined) kept.delete(oldest);
    kept.set(text, prepared);
    return prepared;
  };
}
