import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@nm/core';
import { sql } from 'kysely';
import type { Backend } from '../backend.ts';
import { compactionLimits } from '../read/used-window.ts';
import { bucketOf, HOUR_MINUTES } from '../schema/buckets.ts';
import type { StoreOptions } from '../store-options.ts';
import { compactEdges, compactTraffic } from './compaction.ts';
import type { EdgeRange } from './compaction.ts';
import { deleteEdges, deleteLonelyPeers, exclusively } from './deletions.ts';
import type { MaintenanceOutcome } from './outcome.ts';

/** Edges handled in one transaction: bounds how long writers wait. */
const EDGES_PER_STEP = 500;
/** An eviction takes a little more than it must, so that not every new edge starts one. */
const EVICTION_SLACK = 0.02;

export class Maintainer {
  droppedEdges = 0;
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #options: StoreOptions;
  /** Hour for which old buckets and edges were last looked at: they change once an hour. */
  #doneForHour = -1;

  constructor(backend: Backend, deps: { clock: Clock }, options: StoreOptions) {
    this.#backend = backend;
    this.#clock = deps.clock;
    this.#options = options;
  }

  async run(signal?: AbortSignal): Promise<MaintenanceOutcome> {
    const now = this.#clock.now();
    const hour = bucketOf(now, HOUR_MINUTES);
    let aged = { compactedBuckets: 0, expiredBuckets: 0, expiredEdges: 0 };
    if (hour !== this.#doneForHour) {
      aged = await this.#age(now, signal);
      this.#doneForHour = hour;
    }
    const dropped = await this.enforceBound(signal);
    await this.#forgetRepeatKeys(now);
    const expiredIntervals = await this.#forgetOld(now);
    return { ran: true, ...aged, dropped, expiredIntervals };
  }

  /** Takes what is over `maxEdges`: internet edges first, then those not seen for the longest. */
  async enforceBound(signal?: AbortSignal): Promise<MaintenanceOutcome['dropped']> {
    const { db } = this.#backend;
    const { maxEdges } = this.#options;
    const { edges } = await db
      .selectFrom('edge')
      .select((expression) => expression.fn.countAll<number>().as('edges'))
      .executeTakeFirstOrThrow();
    const dropped = { internetEdges: 0, otherEdges: 0 };
    if (edges <= maxEdges) return dropped;
    let excess = edges - Math.floor(maxEdges * (1 - EVICTION_SLACK));
    while (excess > 0) {
      signal?.throwIfAborted();
      const limit = Math.min(excess, EDGES_PER_STEP);
      const gone = await exclusively(this.#backend, true, async (tx) => {
        const victims = await tx.db
          .selectFrom('edge')
          .select(['id', 'outside'])
          .orderBy('outside', 'desc')
          .orderBy('last_bucket')
          .orderBy('id')
          .limit(limit)
          .execute();
        await deleteEdges(
          tx,
          victims.map(({ id }) => id),
        );
        return victims;
      });
      const outside = gone.filter((edge) => edge.outside === 1).length;
      dropped.internetEdges += outside;
      dropped.otherEdges += gone.length - outside;
      if (gone.length === 0) break;
      excess -= gone.length;
      await nextTurn();
    }
    await exclusively(this.#backend, true, deleteLonelyPeers);
    this.droppedEdges += dropped.internetEdges + dropped.otherEdges;
    return dropped;
  }

  async #age(now: number, signal?: AbortSignal): Promise<Pick<MaintenanceOutcome, 'compactedBuckets' | 'expiredBuckets' | 'expiredEdges'>> {
    const limits = compactionLimits(now, this.#options);
    const before = bucketOf(now - this.#options.retentionMs, HOUR_MINUTES);
    const total = { compactedBuckets: 0, expiredBuckets: 0, expiredEdges: 0 };
    for await (const range of this.#ranges(signal)) {
      total.compactedBuckets += await compactEdges(this.#backend, range, limits);
      const expired = await this.#expire(range, before);
      total.expiredBuckets += expired.buckets;
      total.expiredEdges += expired.edges;
    }
    await compactTraffic(this.#backend, limits);
    await sql`delete from traffic where start + width <= ${before}`.execute(this.#backend.db);
    // Without statistics the planner reads whole tables for a page; autovacuum may come much later than the rows.
    if (this.#backend.kind === 'postgres') await sql`analyze peer, edge, evidence, activity, detail`.execute(this.#backend.db);
    if (total.expiredEdges > 0) await exclusively(this.#backend, true, deleteLonelyPeers);
    return total;
  }

  async *#ranges(signal?: AbortSignal): AsyncGenerator<EdgeRange> {
    let from = 0;
    for (;;) {
      signal?.throwIfAborted();
      const rows = await this.#backend.db
        .selectFrom('edge')
        .select('id')
        .where('id', '>=', from)
        .orderBy('id')
        .limit(EDGES_PER_STEP)
        .execute();
      const [first] = rows;
      const last = rows.at(-1);
      if (first === undefined || last === undefined) return;
      yield { from: first.id, to: last.id };
      from = last.id + 1;
      await nextTurn();
    }
  }

  async #expire(range: EdgeRange, before: number): Promise<{ buckets: number; edges: number }> {
    const { db } = this.#backend;
    const oldEdges = await db
      .selectFrom('edge')
      .select('id')
      .where('id', '>=', range.from)
      .where('id', '<=', range.to)
      .where('last_bucket', '<', before)
      .execute();
    const ids = oldEdges.map(({ id }) => id);
    const within = sql`edge_id between ${range.from} and ${range.to}`;
    const { rows } = await sql<{ old: number }>`select
      (select count(*) from evidence where ${within} and last_bucket < ${before}) +
      (select count(*) from detail where ${within} and last_bucket < ${before}) as old`.execute(db);
    const deletesRows = ids.length > 0 || (rows[0]?.old ?? 0) > 0;
    return exclusively(this.#backend, deletesRows, async (tx) => {
      // What a batch added meanwhile is seen here: the conditions are asked again.
      const still =
        ids.length === 0
          ? []
          : await tx.db.selectFrom('edge').select('id').where('id', 'in', ids).where('last_bucket', '<', before).execute();
      await deleteEdges(
        tx,
        still.map(({ id }) => id),
      );
      const expired = await sql`delete from activity where evidence_id in (select id from evidence where ${within})
        and width in (5, 60, 1440) and start + width <= ${before}`.execute(tx.db);
      if (deletesRows) {
        await sql`delete from evidence where ${within} and last_bucket < ${before}`.execute(tx.db);
        await sql`delete from detail where ${within} and last_bucket < ${before}`.execute(tx.db);
      }
      return { buckets: Number(expired.numAffectedRows ?? 0), edges: still.length };
    });
  }

  async #forgetRepeatKeys(now: number): Promise<void> {
    const { db } = this.#backend;
    await db
      .deleteFrom('repeat_key')
      .where('seen_at', '<', Math.round(now - this.#options.repeatMemoryMs))
      .execute();
    const oldest = await db
      .selectFrom('repeat_key')
      .select('seen_at')
      .orderBy('seen_at', 'desc')
      .offset(this.#options.maxRepeatKeys)
      .limit(1)
      .executeTakeFirst();
    if (oldest !== undefined) await db.deleteFrom('repeat_key').where('seen_at', '<=', oldest.seen_at).execute();
  }

  async #forgetOld(now: number): Promise<number> {
    const { db } = this.#backend;
    await db
      .deleteFrom('reporter')
      .where('seen_at', '<', Math.round(now - this.#options.retentionMs))
      .execute();
    // One that takes another name for each report must not fill the disk.
    const first = await db
      .selectFrom('reporter')
      .select('seen_at')
      .orderBy('seen_at', 'desc')
      .offset(this.#options.maxReporters)
      .limit(1)
      .executeTakeFirst();
    if (first !== undefined) await db.deleteFrom('reporter').where('seen_at', '<=', first.seen_at).execute();
    const result = await db
      .deleteFrom('address_interval')
      .where('to_at', '<', Math.round(now - this.#options.intervalRetentionMs))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
