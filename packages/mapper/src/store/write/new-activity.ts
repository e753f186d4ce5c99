import { randomInt } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Backend, WriteTransaction } from '../backend.ts';
import type { Tables } from '../schema/tables.ts';
import type { StoreOptions } from '../store-options.ts';
import { CountTable } from './count-table.ts';
import type { CountRow } from './count-table.ts';
import { CountsWriter } from './counts-blob.ts';
import type { PlanCounts } from './plan-counts.ts';
import { bookRows, replayActivity, replaysOf } from './replay-activity.ts';

/** Rows that wait to be booked, and as many again while these are: booking so many takes some 60 ms of work. */
const MAX_ROWS = 50_000;
/** Bytes of the log that these may take: repeats of the same add no row. */
const MAX_LOG_BYTES = 8 * 1_048_576;

/** Counts that a transaction has logged, to be handed back once it is committed. */
export interface LoggedCounts {
  readonly counts: PlanCounts;
  readonly logged: number;
  readonly bytes: number;
  readonly replays: number;
}

/** Counts that wait of an evidence, by its id. */
export type WaitingCounts = (evidenceId: number) => readonly CountRow[];

/** Counts that are being booked, a slice after the other, by the evidence's id. */
interface Booking {
  readonly table: CountTable;
  /** Row numbers of the table. */
  readonly order: Int32Array;
  /** All in the log up to this number is in the table, or booked before. */
  readonly through: number;
  /** So many of `order` are booked. */
  done: number;
}

/**
 * Counts of a single writer, between the batch that brought them and their place in `activity`. There nearly each count of
 * a batch changes a page of its own, and each changed page is written twice, whole. So a batch's counts are logged in one
 * piece, added up in memory with those of the others, and booked together, in slices between which batches are stored.
 * Whoever reads a few edges adds what waits of them (readBeside); whoever asks `activity` itself or deletes books first.
 * Several writers would wait for each other: they have none.
 *
 * Whatever happens, a count is booked once. A slice and how far it went are one transaction, so who finds the log of one
 * that was killed replays just the rest (replayActivity). Each writer changes nothing but its own part of the log, except
 * in such a replay; that raises a number by which the others see that theirs is booked.
 */
export class NewActivity {
  readonly #backend: Backend;
  readonly #onFailure: (error: unknown) => void;
  readonly #options: Pick<StoreOptions, 'bookAfterMs' | 'bookWithinMs' | 'bookingSlice'>;
  /** Tells its part of the log. */
  readonly #writer = randomInt(2 ** 47);
  readonly #blob = new CountsWriter();
  #pending = new CountTable();
  /** What was booked last: two tables take turns, or the garbage collector would have them. */
  #spare: CountTable | undefined;
  #logBytes = 0;
  /** Number in the log of the last counts in `#pending`. */
  #through = 0;
  /** As last seen in the database; another one means that nothing waits any more. */
  #replays: number | undefined;
  #booking: Booking | undefined;
  /** A transaction that logs, and one that books, is open, or ended and what it did is not noted here yet. */
  #isLogging = false;
  #isBooking = false;
  #running: Promise<void> | undefined;
  /** So many wait until all is booked (book): batches wait meanwhile, or each would come between two slices. */
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #firstAt = 0;

  /** @param onFailure nobody waits for what failed; it is tried again. */
  constructor(
    backend: Backend,
    onFailure: (error: unknown) => void,
    options: Pick<StoreOptions, 'bookAfterMs' | 'bookWithinMs' | 'bookingSlice'>,
  ) {
    this.#backend = backend;
    this.#onFailure = onFailure;
    this.#options = options;
  }

  /** Before a transaction that logs: starts to book when there is much, and waits when there is too much. */
  async makeRoom(): Promise<void> {
    if (this.#waiting > 0) await this.#running?.catch(() => undefined);
    if (!this.#isFull) return;
    if (this.#running === undefined && this.#booking === undefined) void this.#pass().catch(this.#onFailure);
    else await this.#pass();
  }

  /** Within a transaction: keeps what it counted, if anything. */
  async log(tx: WriteTransaction, counts: PlanCounts): Promise<LoggedCounts | undefined> {
    if (counts.size === 0) return undefined;
    this.#isLogging = true;
    const replays = await replaysOf(tx.db);
    this.#follow(replays);
    counts.addTo(this.#blob);
    const body = this.#blob.finish();
    const { rows } = await sql<{
      id: number;
    }>`insert into activity_log (writer, body) values (${this.#writer}, ${body}) returning id`.execute(tx.db);
    return { counts, logged: rows[0]?.id ?? 0, bytes: body.length, replays };
  }

  /** After a transaction that may have logged, however it ended. @param committed what it logged, if it did not fail */
  settle(committed: LoggedCounts | undefined): void {
    this.#isLogging = false;
    if (committed === undefined) return;
    const { counts, logged, bytes, replays } = committed;
    // Replayed since then: it was part of that.
    if (replays !== this.#replays) return;
    counts.addTo(this.#pending);
    this.#through = logged;
    this.#logBytes += bytes;
    this.#schedule();
  }

  /**
   * Reads at an instant at which each count is either in `activity` or among those that wait, which are not given where
   * there are none. Whatever is stored or booked comes before or after.
   */
  async readBeside<T>(read: (db: Kysely<Tables>, waiting: WaitingCounts | undefined) => Promise<T>): Promise<T> {
    for (;;) {
      const answer = await this.#backend.db.connection().execute(async (db) => {
        if (this.#isLogging || this.#isBooking) return undefined;
        if (this.#pending.size === 0 && this.#booking === undefined) return { value: await read(db, undefined) };
        const value = await read(db, (id) => this.#waitingOf(id));
        // Another process may have booked between two statements.
        return this.#follow(await replaysOf(db)) ? undefined : { value };
      });
      if (answer !== undefined) return answer.value;
      await nextTurn();
    }
  }

  /** Books what other processes left; answers whether there was anything. */
  async adopt(): Promise<boolean> {
    const others = await sql`select 1 from activity_log where writer <> ${this.#writer} limit 1`.execute(this.#backend.db);
    if (others.rows.length === 0) return false;
    await this.#backend.transaction((tx) => replayActivity(tx));
    return true;
  }

  /** All that was committed before. Cheap when there is nothing. */
  async book(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (await this.adopt()) return;
    this.#waiting += 1;
    try {
      // The one that runs began before; what it fails at is tried again.
      await this.#running?.catch(() => undefined);
      await this.#pass();
    } finally {
      this.#waiting -= 1;
    }
  }

  get #isFull(): boolean {
    return this.#pending.size >= MAX_ROWS || this.#logBytes >= MAX_LOG_BYTES;
  }

  #waitingOf(id: number): readonly CountRow[] {
    const rows = this.#pending.rowsOf(id);
    return this.#booking === undefined || id <= bookedOf(this.#booking) ? rows : [...rows, ...this.#booking.table.rowsOf(id)];
  }

  /** Soon after the last, so that who reads then finds nothing that waits; but not again and again where they never end. */
  #schedule(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#firstAt = now;
    else if (now - this.#firstAt > this.#options.bookWithinMs - this.#options.bookAfterMs) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#pass().catch(this.#onFailure);
    }, this.#options.bookAfterMs).unref();
  }

  /** Books all there is now; one runs at a time. */
  #pass(): Promise<void> {
    this.#running ??= this.#bookAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #bookAll(): Promise<void> {
    if (this.#booking === undefined && this.#pending.size === 0) return;
    this.#follow(await replaysOf(this.#backend.db));
    // What failed before comes first: the log is emptied from its beginning.
    if (this.#booking !== undefined) await this.#bookSlices(this.#booking);
    if (this.#pending.size === 0) return;
    const table = this.#pending;
    this.#pending = this.#spare ?? new CountTable();
    this.#spare = undefined;
    this.#logBytes = 0;
    this.#booking = { table, order: table.byId(), through: this.#through, done: 0 };
    await this.#bookSlices(this.#booking);
    if (this.#pending.size > 0) return;
    // At rest: the columns are several MiB.
    this.#pending = new CountTable();
    this.#spare = undefined;
  }

  async #bookSlices(booking: Booking): Promise<void> {
    while (this.#booking === booking) {
      try {
        booking.done = await this.#backend.transaction((tx) => this.#bookSlice(tx, booking));
      } finally {
        this.#isBooking = false;
      }
      if (booking.done >= booking.order.length && this.#booking === booking) {
        this.#booking = undefined;
        booking.table.clear();
        this.#spare = booking.table;
      }
      await nextTurn();
    }
  }

  /** Answers how many are booked then. */
  async #bookSlice(tx: WriteTransaction, { table, order, through, done }: Booking): Promise<number> {
    this.#isBooking = true;
    if (this.#follow(await replaysOf(tx.db))) return done;
    const idAt = (index: number): number => table.idOf(order[index] ?? 0);
    let end = Math.min(done + this.#options.bookingSlice, order.length);
    // How far it went is told by an id: one id's rows stay together.
    while (end < order.length && idAt(end) === idAt(end - 1)) end += 1;
    await bookRows(
      tx,
      Array.from(order.subarray(done, end), (row) => table.row(row)),
    );
    if (end < order.length)
      await sql`insert into activity_booked (writer, through, evidence_id) values (${this.#writer}, ${through}, ${idAt(end - 1)})
        on conflict (writer) do update set through = excluded.through, evidence_id = excluded.evidence_id`.execute(tx.db);
    else {
      await sql`delete from activity_log where writer = ${this.#writer} and id <= ${through}`.execute(tx.db);
      await sql`delete from activity_booked where writer = ${this.#writer}`.execute(tx.db);
    }
    return end;
  }

  /** True if somebody replayed the log: nothing waits then but what was logged since. */
  #follow(replays: number): boolean {
    if (replays === this.#replays) return false;
    this.#replays = replays;
    this.#pending = new CountTable();
    this.#logBytes = 0;
    this.#booking = undefined;
    return true;
  }
}

/** Evidence up to this id is booked. */
function bookedOf({ table, order, done }: Booking): number {
  return done === 0 ? 0 : table.idOf(order[done - 1] ?? 0);
}
