import type { Clock } from '@nm/core';
import { sql } from 'kysely';
import type { Backend } from './backend.ts';
import type { NewWaiting, WaitingObservation } from './batch.ts';
import { list } from './read/filter-sql.ts';

interface WaitingRow {
  readonly id: number;
  readonly received_at: number;
  readonly attempts: number;
  readonly body: string;
}

/** Observations that cannot be resolved yet; takers hold a lease, so that replicas do not try the same ones. */
export class WaitingRoom {
  /** About so many wait: exact again after every recount. */
  count = 0;
  readonly #backend: Backend;
  readonly #clock: Clock;

  constructor(backend: Backend, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  async recount(): Promise<void> {
    const { waiting } = await this.#backend.db
      .selectFrom('waiting')
      .select((expression) => expression.fn.countAll<number>().as('waiting'))
      .executeTakeFirstOrThrow();
    this.count = waiting;
  }

  async take({ cluster, limit, leaseMs }: { cluster: string; limit: number; leaseMs: number }): Promise<readonly WaitingObservation[]> {
    if (this.#backend.singleWriter && this.count === 0) return [];
    const now = Math.round(this.#clock.now());
    const locked = this.#backend.kind === 'postgres' ? sql`for update skip locked` : sql``;
    const rows = await this.#backend.transaction(async ({ db }) => {
      const found = await sql<WaitingRow>`select id, received_at, attempts, body from waiting
        where cluster_id = (select id from cluster where name = ${cluster}) and due_at <= ${now}
        order by due_at, id limit ${limit} ${locked}`.execute(db);
      for (let from = 0; from < found.rows.length; from += 1000) {
        const ids = found.rows.slice(from, from + 1000).map(({ id }) => id);
        await sql`update waiting set due_at = ${now + Math.round(leaseMs)}, attempts = attempts + 1 where id in (${list(ids)})`.execute(db);
      }
      return found.rows;
    });
    return rows.map((row) => {
      const { observation, context } = JSON.parse(row.body) as Pick<NewWaiting, 'observation' | 'context'>;
      return {
        id: row.id,
        attempts: row.attempts,
        cluster,
        receivedAt: row.received_at,
        observation,
        ...(context !== undefined && { context }),
      };
    });
  }

  async postpone(ids: readonly number[], notBefore: number): Promise<void> {
    for (let from = 0; from < ids.length; from += 1000) {
      await this.#backend.db
        .updateTable('waiting')
        .set({ due_at: Math.round(notBefore) })
        .where('id', 'in', ids.slice(from, from + 1000))
        .execute();
    }
  }
}
