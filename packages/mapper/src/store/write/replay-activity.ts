import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { WriteTransaction } from '../backend.ts';
import { FINE_MINUTES, minutesToMs } from '../schema/buckets.ts';
import type { Tables } from '../schema/tables.ts';
import { CountTable } from './count-table.ts';
import type { CountRow } from './count-table.ts';
import { decodeCounts } from './counts-blob.ts';
import { ACTIVITY_UPSERT, EVIDENCE_EARLIER } from './statements.ts';

/** Rows that are held at once, in columns; and as objects. */
const MAX_ROWS = 50_000;
const ROWS_AT_ONCE = 2_000;

interface LogRow {
  readonly id: number;
  readonly body: Uint8Array;
  readonly through: number;
  readonly booked: number;
}

/**
 * Books all that is in the log and not booked yet, whoever left it: within the transaction of who deletes or changes
 * activity, and after a kill.
 */
export async function replayActivity(tx: WriteTransaction): Promise<void> {
  let table = new CountTable();
  let after = 0;
  for (;;) {
    const { rows } = await sql<LogRow>`select l.id, l.body, coalesce(b.through, 0) as through, coalesce(b.evidence_id, 0) as booked
      from activity_log l left join activity_booked b on b.writer = l.writer where l.id > ${after} order by l.id limit 1`.execute(tx.db);
    const [row] = rows;
    if (row === undefined) break;
    after = row.id;
    for (const { id, start, count, first, last, isEarly } of decodeCounts(row.body)) {
      if (row.id > row.through || id > row.booked) table.add(id, start, count, first, last, isEarly);
    }
    if (table.size < MAX_ROWS) continue;
    await bookTable(tx, table);
    table = new CountTable();
  }
  if (after === 0) return;
  await bookTable(tx, table);
  await sql`delete from activity_log`.execute(tx.db);
  await sql`delete from activity_booked`.execute(tx.db);
  await sql`update state set value = value + 1 where name = 'replays'`.execute(tx.db);
}

/** How often that was done, which tells who logged that none of its counts wait. */
export async function replaysOf(db: Kysely<Tables>): Promise<number> {
  const { value } = await db.selectFrom('state').select('value').where('name', '=', 'replays').executeTakeFirstOrThrow();
  return value;
}

/** In the order of the rows, which is that of their ids. */
export async function bookRows(tx: WriteTransaction, rows: readonly CountRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.upsert(
    ACTIVITY_UPSERT,
    rows.map(({ id, start, count, first, last }) => [id, FINE_MINUTES, start, count, first, last]),
  );
  const early = rows.filter(({ isEarly }) => isEarly);
  if (early.length === 0) return;
  await tx.update(
    EVIDENCE_EARLIER,
    early.map(({ id, start, first }) => [id, minutesToMs(start) + first]),
  );
}

async function bookTable(tx: WriteTransaction, table: CountTable): Promise<void> {
  const order = table.byId();
  for (let from = 0; from < order.length; from += ROWS_AT_ONCE)
    await bookRows(
      tx,
      Array.from(order.subarray(from, from + ROWS_AT_ONCE), (row) => table.row(row)),
    );
}
