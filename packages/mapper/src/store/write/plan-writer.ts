import type { IdentityStatement, Value, WriteTransaction } from '../backend.ts';
import { FINE_MINUTES } from '../schema/buckets.ts';
import type { DetailKind } from '../schema/tables.ts';
import type { StoreOptions } from '../store-options.ts';
import type { BatchPlan } from './batch-plan.ts';
import { CountTable } from './count-table.ts';
import { rankOf } from './details.ts';
import type { EdgeEntry } from './identity-cache.ts';
import type { LoggedCounts, NewActivity } from './new-activity.ts';
import { clean, datedAttributes, edgeSortKey, peerRow, peerSortKey } from './peer-row.ts';
import {
  ACTIVITY_UPSERT,
  DETAIL_UPSERT,
  EDGE_IDENTITY,
  EDGE_UPDATE,
  EVIDENCE_IDENTITY,
  EVIDENCE_UPDATE,
  PEER_IDENTITY,
  PEER_UPDATE,
  TRAFFIC_UPSERT,
} from './statements.ts';

/**
 * Writes what a plan added up. Every transaction goes through the tables in this order, and through each table in the
 * order of its key, so that two replicas do not wait for each other in a circle. The version comes before the edges: its
 * row is locked until the commit, so versions become visible in their order, and a new edge, which is in five indexes, is
 * written once with its own. A single writer logs its counts, which are booked later (`newActivity`). Answers how many edges
 * are new, and what is to be booked.
 */
export async function writePlan(
  tx: WriteTransaction,
  plan: BatchPlan,
  newActivity: NewActivity | undefined,
): Promise<{ readonly newEdges: number; readonly logged: LoggedCounts | undefined }> {
  await createClusters(tx, plan);
  await writePeers(tx, plan);
  const changed = plan.edges.filter((edge) => edge.changed);
  const version = await takeVersions(tx, changed.length);
  const created = await createEdges(tx, changed, version);
  await writeEvidence(tx, plan, newActivity === undefined);
  const logged = await newActivity?.log(tx, plan.counts);
  if (newActivity === undefined) await writeActivity(tx, plan);
  await writeDetails(tx, plan);
  await writeTraffic(tx, plan);
  await updateEdges(tx, changed, version, created);
  return { newEdges: created.size, logged };
}

/** Numbers for `count` changes; the first of them. */
export async function takeVersions(tx: WriteTransaction, count: number): Promise<number> {
  if (count === 0) return 0;
  const { value } = await tx.db
    .updateTable('state')
    .set((expression) => ({ value: expression('value', '+', count) }))
    .where('name', '=', 'version')
    .returning('value')
    .executeTakeFirstOrThrow();
  return value - count + 1;
}

async function createClusters(tx: WriteTransaction, plan: BatchPlan): Promise<void> {
  const missing = plan.clusters;
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => clean(name));
  await tx.db
    .insertInto('cluster')
    .values(names.toSorted().map((name) => ({ name, uid: null, reset_at: null })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const rows = await tx.db.selectFrom('cluster').select(['id', 'name']).where('name', 'in', names).execute();
  const ids = new Map(rows.map(({ id, name }) => [name, id]));
  for (const cluster of missing) cluster.id = ids.get(clean(cluster.name)) ?? 0;
}

async function writePeers(tx: WriteTransaction, plan: BatchPlan): Promise<void> {
  for (const peer of plan.peers) peer.sortKey = peerSortKey(peer.peer, peer.cluster?.id ?? 0);
  const created = await identify(
    tx,
    PEER_IDENTITY,
    plan.peers.map((entry) => ({ entry })).toSorted((a, b) => compare(a.entry.sortKey, b.entry.sortKey)),
    (a, b) => a.entry.sortKey === b.entry.sortKey,
    ({ entry: peer }) => peerRow(peer.sortKey, peer.peer, peer.cluster?.id ?? 0, datedAttributes(peer.attributes, peer.attributesBucket)),
  );
  const updates = plan.changedPeers.flatMap((peer): [number, string][] =>
    peer.attributes === '' || created.has(peer) ? [] : [[peer.id, datedAttributes(peer.attributes, peer.attributesBucket)]],
  );
  if (updates.length > 0) await tx.update(PEER_UPDATE, greatestById(updates));
}

async function createEdges(tx: WriteTransaction, changed: readonly EdgeEntry[], version: number): Promise<Set<EdgeEntry>> {
  const keyed = changed.flatMap((edge, index) =>
    edge.id === 0 ? [{ entry: edge, key: edgeSortKey(edge.client.sortKey, edge.server.sortKey, edge.port), version: version + index }] : [],
  );
  keyed.sort((a, b) => compare(a.key, b.key));
  return identify(
    tx,
    EDGE_IDENTITY,
    keyed,
    (a, b) => a.key === b.key,
    ({ entry: edge, key, version: own }) => [
      key,
      (edge.client.cluster ?? edge.server.cluster)?.id ?? 0,
      edge.client.id,
      edge.server.id,
      edge.class,
      edge.shared,
      isOutside(edge) ? 1 : 0,
      edge.firstBucket,
      edge.lastBucket,
      own,
    ],
  );
}

/** @param early also of evidence of which only the first time changed */
async function writeEvidence(tx: WriteTransaction, plan: BatchPlan, early: boolean): Promise<void> {
  const missing = plan.facets.flatMap((facet) =>
    facet.id === 0 ? [{ entry: facet, edgeId: facet.edge.id, slot: facet.identity.columns[0] }] : [],
  );
  missing.sort((a, b) => a.edgeId - b.edgeId || compare(a.slot, b.slot));
  const created = await identify(
    tx,
    EVIDENCE_IDENTITY,
    missing,
    (a, b) => a.edgeId === b.edgeId && a.slot === b.slot,
    ({ entry: facet }) => [facet.edge.id, ...facet.identity.columns, facet.approximate, facet.firstAt, facet.lastBucket],
  );
  const changed = plan.facets
    .filter((facet) => (facet.changed || (early && facet.isEarly)) && !created.has(facet))
    .toSorted((a, b) => a.id - b.id);
  if (changed.length > 0)
    await tx.update(
      EVIDENCE_UPDATE,
      changed.map((facet) => [facet.id, facet.approximate, facet.firstAt, facet.lastBucket]),
    );
}

/**
 * Gives entries the ids of their rows and answers those whose row is new. They come in the order of their keys; more than
 * one may stand for the same row.
 */
async function identify<Item extends { readonly entry: { id: number } }>(
  tx: WriteTransaction,
  statement: IdentityStatement,
  items: readonly Item[],
  isSame: (a: Item, b: Item) => boolean,
  rowOf: (item: Item) => Value[],
): Promise<Set<Item['entry']>> {
  const created = new Set<Item['entry']>();
  if (items.length === 0) return created;
  const distinctItems = items.filter((item, index) => {
    const before = items[index - 1];
    return before === undefined || !isSame(before, item);
  });
  const identities = await tx.getOrCreate(statement, distinctItems.map(rowOf));
  let at = -1;
  for (const item of items) {
    const isNext = item === distinctItems[at + 1];
    if (isNext) at += 1;
    const identity = identities[at];
    item.entry.id = identity?.id ?? 0;
    if (isNext && identity?.created === true) created.add(item.entry);
  }
  return created;
}

async function writeActivity(tx: WriteTransaction, plan: BatchPlan): Promise<void> {
  const table = new CountTable();
  plan.counts.addTo(table);
  const rows = Array.from(table.byId(), (row) => table.row(row));
  if (rows.length > 0)
    await tx.upsert(
      ACTIVITY_UPSERT,
      rows.map(({ id, start, count, first, last }) => [id, FINE_MINUTES, start, count, first, last]),
    );
}

async function writeDetails(tx: WriteTransaction, plan: BatchPlan): Promise<void> {
  if (plan.details.size === 0) return;
  const changes = [...plan.details.values()].toSorted(
    (a, b) => a.edge.id - b.edge.id || compare(a.kind, b.kind) || compare(a.value, b.value),
  );
  await tx.upsert(
    DETAIL_UPSERT,
    changes.map(({ edge, kind, value, count, first, last }) => [edge.id, kind, value, rankOf(value), count, first, last]),
  );
}

async function writeTraffic(tx: WriteTransaction, plan: BatchPlan): Promise<void> {
  const rows = [...plan.traffic.values()]
    .map(({ cluster, side, start, count }) => [cluster.id, side, FINE_MINUTES, start, count])
    .toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0) || (a[3] ?? 0) - (b[3] ?? 0));
  if (rows.length > 0) await tx.upsert(TRAFFIC_UPSERT, rows);
}

async function updateEdges(
  tx: WriteTransaction,
  changed: readonly EdgeEntry[],
  version: number,
  written: ReadonlySet<EdgeEntry>,
): Promise<void> {
  const rows = changed
    .map((edge, index) => ({ edge, version: version + index }))
    .filter(({ edge }) => !written.has(edge))
    .toSorted((a, b) => a.edge.id - b.edge.id)
    .map(({ edge, version: own }): Value[] => [edge.id, edge.class, edge.shared, edge.firstBucket, edge.lastBucket, own]);
  if (rows.length > 0) await tx.update(EDGE_UPDATE, rows);
}

/** Cuts the details of edges that got many to their bounds; how many went. */
export async function cutDetails(
  tx: WriteTransaction,
  plan: BatchPlan,
  options: Pick<StoreOptions, 'maxAddressesPerEdge' | 'maxDetailsPerEdge'>,
): Promise<number> {
  let dropped = 0;
  for (const edge of plan.edges) {
    if (edge.newDetails <= options.maxAddressesPerEdge) continue;
    edge.newDetails = 0;
    const counts = await tx.db
      .selectFrom('detail')
      .select(['kind', (expression) => expression.fn.countAll<number>().as('rows')])
      .where('edge_id', '=', edge.id)
      .groupBy('kind')
      .execute();
    for (const { kind, rows } of counts) {
      const bound = boundOf(kind, options);
      if (rows > bound) dropped += await cutKind(tx, edge.id, kind, bound);
    }
  }
  return dropped;
}

/** Addresses are a sample; the rest is shown whole. */
export function boundOf(kind: DetailKind, options: Pick<StoreOptions, 'maxAddressesPerEdge' | 'maxDetailsPerEdge'>): number {
  return kind === 'client-address' || kind === 'server-address' ? options.maxAddressesPerEdge : options.maxDetailsPerEdge;
}

async function cutKind(tx: WriteTransaction, edgeId: number, kind: DetailKind, bound: number): Promise<number> {
  const last = await tx.db
    .selectFrom('detail')
    .select('rank')
    .where('edge_id', '=', edgeId)
    .where('kind', '=', kind)
    .orderBy('rank')
    .limit(1)
    .offset(bound - 1)
    .executeTakeFirst();
  if (last === undefined) return 0;
  const result = await tx.db
    .deleteFrom('detail')
    .where('edge_id', '=', edgeId)
    .where('kind', '=', kind)
    .where('rank', '>', last.rank)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

function isOutside(edge: EdgeEntry): boolean {
  return edge.client.peer.type === 'internet' || edge.server.peer.type === 'internet';
}

/** One row per id, the one with the greatest text. */
function greatestById(rows: readonly [number, string][]): [number, string][] {
  const byId = new Map<number, string>();
  for (const [id, value] of rows) {
    const known = byId.get(id);
    if (known === undefined || value > known) byId.set(id, value);
  }
  return [...byId.entries()].toSorted(([a], [b]) => a - b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
