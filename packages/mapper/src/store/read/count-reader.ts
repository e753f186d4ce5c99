import type { EvidenceKind, Vantage } from '@nm/core';
import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { Backend } from '../backend.ts';
import type { Window } from '../query.ts';
import { FINE_MINUTES } from '../schema/buckets.ts';
import type { Tables } from '../schema/tables.ts';
import type { CountRow } from '../write/count-table.ts';
import { isOneOf } from './filter-sql.ts';

/** What was counted of one evidence in a window. */
export interface Counts {
  readonly evidence_id: number;
  readonly count: number;
  readonly first_at: number;
  readonly last_at: number;
}

/** A count that is not in `activity` yet, and the evidence that it is of. */
export interface WaitingCount extends CountRow {
  readonly of: { readonly edge_id: number; readonly kind: EvidenceKind; readonly vantage: Vantage };
}

/**
 * Counts of the edges' evidence. What the server's side saw counts only where the client's side saw nothing at that time
 * (rule 20). "That time" includes the buckets beside, because two nodes' clocks and intervals differ a little, and
 * the same call must never count twice.
 * @param waiting of these edges; only SQLite has some
 */
export async function readCounts(
  { db, kind }: { readonly db: Kysely<Tables>; readonly kind: Backend['kind'] },
  edges: readonly number[],
  window: Window,
  waiting: readonly WaitingCount[],
): Promise<Map<number, Counts>> {
  const hasWaiting = waiting.length > 0;
  const seenByClient = sql`(exists (select 1 from evidence cv join activity ca on ca.evidence_id = cv.id
      where cv.edge_id = v.edge_id and cv.kind = v.kind and cv.vantage = 'client' and ca.width = 5
      and ca.start between a.start - 5 and a.start + 5) ${hasWaiting ? sql`or ${isBesideClients(waiting)}` : sql``})`;
  const since = window.since === undefined ? sql`1 = 1` : sql`a.start >= ${Math.floor(window.since / 60_000)}`;
  const until = window.until === undefined ? sql`1 = 1` : sql`a.start < ${Math.ceil(window.until / 60_000)}`;
  const parts = [sql`activity`, ...(hasWaiting ? [asActivity(waiting)] : [])].map(
    (
      table,
    ) => sql`select a.evidence_id, case when v.vantage = 'client' or a.width <> 5 or not ${seenByClient} then a.count else 0 end as count,
        a.start * 60000 + a.first_offset as first_at, a.start * 60000 + a.last_offset as last_at
      from evidence v join ${table} a on a.evidence_id = v.id
      where ${isOneOf('v.edge_id', edges, kind)} and a.width in (5, 60, 1440) and ${since} and ${until}`,
  );
  const { rows } = await sql<Counts>`select evidence_id, sum(count) as count, min(first_at) as first_at, max(last_at) as last_at
    from (${sql.join(parts, sql` union all `)}) counted group by evidence_id`.execute(db);
  return new Map(rows.map((row) => [row.evidence_id, row]));
}

/** Rows like those of `activity`, of one parameter, however many there are. */
function asActivity(waiting: readonly WaitingCount[]): RawBuilder<unknown> {
  const values = waiting.map(({ id, start, count, first, last }) => [id, start, count, first, last]);
  return sql`(select value ->> 0 as evidence_id, ${sql.lit(FINE_MINUTES)} as width, value ->> 1 as start, value ->> 2 as count,
    value ->> 3 as first_offset, value ->> 4 as last_offset from json_each(${JSON.stringify(values)}))`;
}

/** Whether `a` is a bucket in which, or beside which, a client's count waits; a set, because joins with JSON have no index. */
function isBesideClients(waiting: readonly WaitingCount[]): RawBuilder<unknown> {
  const seen = waiting.flatMap(({ of, start }) =>
    of.vantage === 'client' ? [start - FINE_MINUTES, start, start + FINE_MINUTES].map((at) => [of.edge_id, of.kind, at]) : [],
  );
  return sql`(v.edge_id, v.kind, a.start) in (select value ->> 0, value ->> 1, value ->> 2 from json_each(${JSON.stringify(seen)}))`;
}
