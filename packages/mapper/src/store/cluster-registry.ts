import { sql } from 'kysely';
import type { Backend, WriteTransaction } from './backend.ts';
import { exclusively } from './maintain/deletions.ts';
import { StoreError } from './store-error.ts';

/** @throws StoreError `cluster_name_taken` */
export async function registerCluster(backend: Backend, cluster: { readonly uid?: string; readonly name: string }): Promise<void> {
  await exclusively(backend, true, async (tx) => {
    const byName = await tx.db.selectFrom('cluster').select(['id', 'uid']).where('name', '=', cluster.name).executeTakeFirst();
    const { uid } = cluster;
    if (uid === undefined) {
      if (byName === undefined) await insertCluster(tx, cluster.name, null);
      return;
    }
    const byUid = await tx.db.selectFrom('cluster').select(['id', 'name']).where('uid', '=', uid).executeTakeFirst();
    if (byName !== undefined && byName.uid !== uid && (byName.uid !== null || byUid !== undefined))
      throw nameTaken(cluster.name, byName.uid);
    if (byUid !== undefined) {
      if (byUid.name === cluster.name) return;
      await tx.db.updateTable('cluster').set({ name: cluster.name }).where('id', '=', byUid.id).execute();
      await tx.db.updateTable('reporter').set({ cluster: cluster.name }).where('cluster', '=', byUid.name).execute();
    } else if (byName !== undefined) {
      await tx.db.updateTable('cluster').set({ uid }).where('id', '=', byName.id).execute();
    } else {
      await insertCluster(tx, cluster.name, uid);
    }
  });
}

/** Number of the cluster, made if it has none. */
export async function clusterId(backend: Backend, name: string): Promise<number> {
  const known = await backend.db.selectFrom('cluster').select('id').where('name', '=', name).executeTakeFirst();
  if (known !== undefined) return known.id;
  await sql`insert into cluster (name) values (${name}) on conflict (name) do nothing`.execute(backend.db);
  const { id } = await backend.db.selectFrom('cluster').select('id').where('name', '=', name).executeTakeFirstOrThrow();
  return id;
}

async function insertCluster(tx: WriteTransaction, name: string, uid: string | null): Promise<void> {
  await tx.db.insertInto('cluster').values({ name, uid, reset_at: null }).execute();
}

function nameTaken(name: string, uid: string | null): StoreError {
  return new StoreError(
    'cluster_name_taken',
    `the store holds another cluster named ${name}${uid === null ? '' : ` (UID ${uid})`}: choose another --cluster-name, or another store`,
    { fields: { name, uid } },
  );
}
