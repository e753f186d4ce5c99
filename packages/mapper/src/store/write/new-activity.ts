import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { Backend } from '../backend.ts';
import { mergeSql } from '../backend.ts';
import { FINE_MINUTES } from '../schema/buckets.ts';
import type { Tables } from '../schema/tables.ts';

/** Rows that wait to be booked: booking so many takes some 50 ms, in which nothing else is stored or read. */
const MAX_ROWS = 20_000;
/** Nobody waits for them, but the next who reads should not have to book much. */
const BOOK_AFTER_MS = 1_000;

/**
 * Counts of a single writer, between the batch that brought them and their place in `activity`. There nearly each count of
 * a batch changes a page of its own, and each changed page is written twice, whole; here many share one, and are booked
 * together. So whoever reads or deletes activity books first. Several writers would wait for each other: they have none.
 */
export class NewActivity {
  readonly #backend: Backend;
  readonly #onFailure: (error: unknown) => void;
  #rows = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onFailure nobody waits for what failed; it is tried again. */
  constructor(backend: Backend, onFailure: (error: unknown) => void) {
    this.#backend = backend;
    this.#onFailure = onFailure;
  }

  get isFull(): boolean {
    return this.#rows >= MAX_ROWS;
  }

  /** After a commit that brought so many rows. */
  added(rows: number): void {
    if (rows === 0) return;
    this.#rows += rows;
    this.#timer ??= setTimeout(() => void this.book().catch(this.#onFailure), BOOK_AFTER_MS).unref();
  }

  /** Cheap when there is nothing. The database is asked, and not our count: another process may have left some. */
  async book(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#backend.singleWriter) return;
    const { db } = this.#backend;
    if ((await db.selectFrom('new_activity').select('evidence_id').limit(1).executeTakeFirst()) !== undefined)
      await this.#backend.transaction((tx) => bookNewActivity(tx.db));
    this.#rows = 0;
  }
}

/** Within the transaction of who changes or deletes activity. */
export async function bookNewActivity(db: Transaction<Tables>): Promise<void> {
  const first = sql.raw(mergeSql('min', 'sqlite', 'activity.first_offset', 'excluded.first_offset'));
  const last = sql.raw(mergeSql('max', 'sqlite', 'activity.last_offset', 'excluded.last_offset'));
  // Sorted by key, so that each page is changed once.
  await sql`insert into activity (evidence_id, width, start, count, first_offset, last_offset)
    select evidence_id, ${sql.lit(FINE_MINUTES)}, start, sum(count), min(first_offset), max(last_offset)
    from new_activity group by evidence_id, start
    on conflict (evidence_id, width, start) do update set count = activity.count + excluded.count,
      first_offset = ${first}, last_offset = ${last}`.execute(db);
  await sql`delete from new_activity`.execute(db);
}
