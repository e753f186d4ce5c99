import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Backend, WriteTransaction } from '../backend.ts';
import { mergeSql } from '../backend.ts';
import { DAY_MINUTES, FINE_MINUTES, HOUR_MINUTES } from '../schema/buckets.ts';
import { exclusively } from './deletions.ts';

export interface EdgeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Puts the buckets of some edges that are old enough into wider ones; how many went. Fine buckets still know both
 * vantages: here one is chosen for good (rule 20, as in EdgeReader).
 */
export function compactEdges(backend: Backend, range: EdgeRange, limits: { hourlyBefore: number; dailyBefore: number }): Promise<number> {
  return exclusively(backend, false, async (tx) => {
    const chosen = sql`case when v.vantage = 'client' or not exists (
      select 1 from evidence cv join activity ca on ca.evidence_id = cv.id
      where cv.edge_id = v.edge_id and cv.kind = v.kind and cv.vantage = 'client' and ca.width = 5
      and ca.start between a.start - 5 and a.start + 5) then a.count else 0 end`;
    const hourly = await widen(tx, backend.kind, range, {
      from: FINE_MINUTES,
      to: HOUR_MINUTES,
      before: limits.hourlyBefore,
      count: chosen,
    });
    const daily = await widen(tx, backend.kind, range, {
      from: HOUR_MINUTES,
      to: DAY_MINUTES,
      before: limits.dailyBefore,
      count: sql`a.count`,
    });
    return hourly + daily;
  });
}

/** The same for the sums of all edges. */
export async function compactTraffic(backend: Backend, limits: { hourlyBefore: number; dailyBefore: number }): Promise<void> {
  await exclusively(backend, false, async (tx) => {
    for (const [from, to, before] of [
      [FINE_MINUTES, HOUR_MINUTES, limits.hourlyBefore],
      [HOUR_MINUTES, DAY_MINUTES, limits.dailyBefore],
    ] as const) {
      await sql`insert into traffic (cluster_id, side, width, start, count)
        select cluster_id, side, ${sql.lit(to)}, ${wider('start', to)}, sum(count) from traffic
        where width = ${from} and start < ${before} group by cluster_id, side, ${wider('start', to)}
        on conflict (cluster_id, side, width, start) do update set count = traffic.count + excluded.count`.execute(tx.db);
      await sql`delete from traffic where width = ${from} and start < ${before}`.execute(tx.db);
    }
  });
}

async function widen(
  tx: WriteTransaction,
  kind: Backend['kind'],
  range: EdgeRange,
  step: { from: number; to: number; before: number; count: RawBuilder<unknown> },
): Promise<number> {
  const start = wider('a.start', step.to);
  const startMs = sql`(${start}) * 60000`;
  const first = sql.raw(mergeSql('min', kind, 'activity.first_offset', 'excluded.first_offset'));
  const last = sql.raw(mergeSql('max', kind, 'activity.last_offset', 'excluded.last_offset'));
  await sql`insert into activity (evidence_id, width, start, count, first_offset, last_offset)
    select a.evidence_id, ${sql.lit(step.to)}, ${start}, sum(${step.count}),
      min(a.start * 60000 + a.first_offset) - ${startMs}, max(a.start * 60000 + a.last_offset) - ${startMs}
    from evidence v join activity a on a.evidence_id = v.id
    where v.edge_id between ${range.from} and ${range.to} and a.width = ${step.from} and a.start < ${step.before}
    group by a.evidence_id, ${start}
    on conflict (evidence_id, width, start) do update set count = activity.count + excluded.count,
      first_offset = ${first}, last_offset = ${last}`.execute(tx.db);
  const result =
    await sql`delete from activity where evidence_id in (select id from evidence where edge_id between ${range.from} and ${range.to})
    and width = ${step.from} and start < ${step.before}`.execute(tx.db);
  return Number(result.numAffectedRows ?? 0);
}

/** Start of the wider bucket; written out, because GROUP BY must find the same expression. */
function wider(column: string, width: number): RawBuilder<number> {
  return sql`${sql.ref(column)} / ${sql.lit(width)} * ${sql.lit(width)}`;
}
