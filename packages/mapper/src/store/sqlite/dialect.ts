import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { SqliteDialect } from 'kysely';

/** Statements kept prepared; more than the program has of those that are asked again and again. */
const MAX_PREPARED = 128;

/** Kysely's own SQLite dialect on node:sqlite: only the shape of a statement differs, and statements are kept. */
export function createNodeSqliteDialect(db: DatabaseSync): SqliteDialect {
  const prepare = keepPrepared(db);
  const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
  return new SqliteDialect({
    database: {
      close: () => db.close(),
      prepare: (text) => {
        const { statement, reader } = prepare(text);
        return {
          reader,
          all: (parameters) => statement.all(...values(parameters)),
          run: (parameters) => statement.run(...values(parameters)),
          iterate: (parameters) => statement.iterate(...values(parameters)),
        };
      },
    },
  });
}

/** The least recently used statement goes when there are too many. */
function keepPrepared(db: DatabaseSync): (text: string) => { readonly statement: StatementSync; readonly reader: boolean } {
  const kept = new Map<string, { readonly statement: StatementSync; readonly reader: boolean }>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) {
      kept.delete(text);
      kept.set(text, known);
      return known;
    }
    // Taking the write lock at once: a reader that turns writer later could not wait for another process.
    const statement = db.prepare(text === 'begin' ? 'begin immediate' : text);
    const prepared = { statement, reader: statement.columns().length > 0 };
    const [oldest] = kept.keys();
    if (kept.size >= MAX_PREPARED && oldest !== undefined) kept.delete(oldest);
    kept.set(text, prepared);
    return prepared;
  };
}
