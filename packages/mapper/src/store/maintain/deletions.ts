import { sql } from 'kysely';
import type { Backend, WriteTransaction } from '../backend.ts';
import { list } from '../read/filter-sql.ts';
import { replayActivity } from '../write/replay-activity.ts';

/**
 * Runs a transaction that no batch is written beside. With `deletes` the epoch rises, which tells every replica that
 * rows it has numbered may be gone.
 */
export function exclusively<T>(backend: Backend, deletes: boolean, run: (tx: WriteTransaction) => Promise<T>): Promise<T> {
  return backend.transaction(async (tx) => {
    await sql`update state set value = value + ${deletes ? 1 : 0} where name = 'epoch'`.execute(tx.db);
    // What waits names evidence by numbers that are given anew after deletions.
    if (backend.singleWriter) await replayActivity(tx);
    return run(tx);
  });
}

/** Deletes edges with all that hangs on them, inside a transaction of `exclusively`. */
export async function deleteEdges(tx: WriteTransaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`delete from activity where evidence_id in (select id from evidence where edge_id in (${list(ids)}))`.execute(tx.db);
  await sql`delete from evidence where edge_id in (${list(ids)})`.execute(tx.db);
  await sql`delete from detail where edge_id in (${list(ids)})`.execute(tx.db);
  await sql`delete from edge where id in (${list(ids)})`.execute(tx.db);
}

/** Deletes peers of which no edge is left, inside a transaction of `exclusively`. */
export async function deleteLonelyPeers(tx: WriteTransaction): Promise<void> {
  await sql`delete from peer where not exists (select 1 from edge e where e.client_id = peer.id)
    and not exists (select 1 from edge e where e.server_id = peer.id)`.execute(tx.db);
}

/** Forgets a cluster's edges, traffic and waiting observations. The last cluster's tables are emptied at once. */
export async function deleteCluster(tx: WriteTransaction, clusterId: number): Promise<number> {
  const { rows } = await sql<{ own: number; others: number }>`select
    (select count(*) from edge where cluster_id = ${clusterId}) as own,
    (select count(*) from edge where cluster_id <> ${clusterId}) as others`.execute(tx.db);
  const counts = rows[0] ?? { own: 0, others: 0 };
  if (counts.others === 0) {
    for (const table of ['activity', 'evidence', 'detail', 'edge', 'peer']) await sql`delete from ${sql.table(table)}`.execute(tx.db);
  } else {
    const edges = sql`select id from edge where cluster_id = ${clusterId}`;
    await sql`delete from activity where evidence_id in (select id from evidence where edge_id in (${edges}))`.execute(tx.db);
    await sql`delete from evidence where edge_id in (${edges})`.execute(tx.db);
    await sql`delete from detail where edge_id in (${edges})`.execute(tx.db);
    await sql`delete from edge where cluster_id = ${clusterId}`.execute(tx.db);
    await deleteLonelyPeers(tx);
  }
  await sql`delete from traffic where cluster_id = ${clusterId}`.execute(tx.db);
  await sql`delete from waiting where cluster_id = ${clusterId}`.execute(tx.db);
  return counts.own;
}
