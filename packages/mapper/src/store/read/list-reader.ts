import { sql } from 'kysely';
import type { Backend } from '../backend.ts';
import type { ActivityPoint, ClusterSummary, NamespaceSummary, StoreStatus, Window, WorkloadPage, WorkloadQuery } from '../query.ts';
import { MAX_PAGE } from '../query.ts';
import { FINE_MINUTES, minutesToMs } from '../schema/buckets.ts';
import { TRAFFIC_SIDES } from '../write/batch-plan.ts';
import { afterOf, toCursor } from './cursor.ts';
import { isOneOf, join, list, peerCondition, windowCondition } from './filter-sql.ts';
import { PEER_COLUMNS, toPeer } from './peer-reader.ts';
import type { PeerRow } from './peer-reader.ts';

/** Reads everything but edges: who there is, how much there was. */
export class ListReader {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async workloads(query: WorkloadQuery, window: Window): Promise<WorkloadPage> {
    const first = Math.min(Math.max(1, Math.trunc(query.first)), MAX_PAGE);
    const after = afterOf(query.after);
    const inWindow = windowCondition(window) ?? sql`1 = 1`;
    const ofClass = query.classes === undefined || query.classes.length === 0 ? sql`1 = 1` : sql`e.class in (${list(query.classes)})`;
    const edges = (column: 'client_id' | 'server_id'): ReturnType<typeof join> =>
      sql`from edge e where ${sql.ref(`e.${column}`)} = p.id and ${ofClass} and ${inWindow}`;
    const either = sql`(exists (select 1 ${edges('client_id')}) or exists (select 1 ${edges('server_id')}))`;
    const { rows } = await sql<PeerRow & { key: string; client_of: number; server_of: number; first_bucket: number; last_bucket: number }>`
      select ${PEER_COLUMNS}, p.key, (select count(*) ${edges('client_id')}) as client_of, (select count(*) ${edges('server_id')}) as server_of,
        (select min(e.first_bucket) from edge e where e.client_id = p.id or e.server_id = p.id) as first_bucket,
        (select max(e.last_bucket) from edge e where e.client_id = p.id or e.server_id = p.id) as last_bucket
      from peer p left join cluster c on c.id = p.cluster_id
      where p.type = 'workload' and ${after === undefined ? sql`1 = 1` : sql`p.key > ${after}`}
        and ${peerCondition(query.filter ?? {}, this.#backend.kind)} and ${either}
      order by p.key limit ${first + 1}`.execute(this.#backend.db);
    const page = rows.slice(0, first);
    const last = page.at(-1);
    const workloads = page.flatMap((row) => {
      const workload = toPeer(row);
      if (workload.type !== 'workload') return [];
      return [
        {
          workload,
          clientOf: row.client_of,
          serverOf: row.server_of,
          firstSeenAt: minutesToMs(row.first_bucket),
          lastSeenAt: minutesToMs(row.last_bucket),
        },
      ];
    });
    return { workloads, hasNextPage: rows.length > first, ...(last !== undefined && { endCursor: toCursor(last.key) }) };
  }

  async namespaces(clusters: readonly string[] | undefined): Promise<readonly NamespaceSummary[]> {
    const ofClusters = clusters === undefined || clusters.length === 0 ? sql`1 = 1` : sql`c.name in (${list(clusters)})`;
    const { rows } = await sql<{ cluster: string; namespace: string; environment: string | null; workloads: number }>`
      select c.name as cluster, u.namespace, max(n.environment) as environment, sum(u.workloads) as workloads from (
        select cluster_id, namespace, count(*) as workloads from peer where type = 'workload' group by cluster_id, namespace
        union all select cluster_id, name, 0 from namespace) u
      join cluster c on c.id = u.cluster_id left join namespace n on n.cluster_id = u.cluster_id and n.name = u.namespace
      where ${ofClusters} group by c.name, u.namespace`.execute(this.#backend.db);
    return rows
      .map(({ cluster, namespace, environment, workloads }) => ({
        cluster,
        namespace,
        workloads,
        ...(environment !== null && { environment }),
      }))
      .toSorted((a, b) => compare(a.cluster, b.cluster) || compare(a.namespace, b.namespace));
  }

  async clusters(): Promise<readonly ClusterSummary[]> {
    const { rows } = await sql<{ name: string; uid: string | null; reset_at: number | null; workloads: number; edges: number }>`
      select c.name, c.uid, c.reset_at, (select count(*) from peer p where p.cluster_id = c.id and p.type = 'workload') as workloads,
        (select count(*) from edge e where e.cluster_id = c.id) as edges from cluster c where c.name <> ''`.execute(this.#backend.db);
    return rows
      .map(({ name, uid, reset_at: resetAt, workloads, edges }) => ({
        name,
        workloads,
        edges,
        ...(uid !== null && { uid }),
        ...(resetAt !== null && { resetAt }),
      }))
      .toSorted((a, b) => compare(a.name, b.name));
  }

  /** Sums of all edges, from the small table that keeps them per cluster. */
  async traffic(window: Window, widthMs: number): Promise<readonly ActivityPoint[]> {
    const { rows } = await sql<{ width: number; start: number; inside: number; mirrored: number; outside: number }>`
      select width, start, sum(case when side = ${TRAFFIC_SIDES.clientInside} then count else 0 end) as inside,
        sum(case when side = ${TRAFFIC_SIDES.serverOfInside} then count else 0 end) as mirrored,
        sum(case when side = ${TRAFFIC_SIDES.clientOutside} then count else 0 end) as outside
      from traffic where ${starts(window)} group by width, start`.execute(this.#backend.db);
    return toBars(
      rows.map(({ width, start, inside, mirrored, outside }) => ({ width, start, count: outside + (inside > 0 ? inside : mirrored) })),
      widthMs,
    );
  }

  /** Sums of the given edges, chosen by vantage like their counts. */
  async activityOf(ids: readonly number[], window: Window, widthMs: number): Promise<readonly ActivityPoint[]> {
    const bars: { width: number; start: number; count: number }[] = [];
    for (let from = 0; from < ids.length; from += 1000) {
      const { rows } = await sql<{ width: number; start: number; client: number; server: number }>`
        select a.width, a.start, v.edge_id, v.kind, sum(case when v.vantage = 'client' then a.count else 0 end) as client,
          sum(case when v.vantage = 'server' then a.count else 0 end) as server
        from evidence v join activity a on a.evidence_id = v.id
        where ${isOneOf('v.edge_id', ids.slice(from, from + 1000), this.#backend.kind)} and a.width in (5, 60, 1440) and ${starts(window)}
        group by a.width, a.start, v.edge_id, v.kind`.execute(this.#backend.db);
      for (const { width, start, client, server } of rows) {
        const count = width === FINE_MINUTES ? (client > 0 ? client : server) : client + server;
        bars.push({ width, start, count });
      }
    }
    return toBars(bars, widthMs);
  }

  async counts(): Promise<Pick<StoreStatus, 'edges' | 'peers' | 'waiting' | 'firstSeenAt' | 'lastSeenAt' | 'version' | 'deletions'>> {
    const { rows } = await sql<{
      edges: number;
      peers: number;
      waiting: number;
      first: number | null;
      last: number | null;
      version: number;
      epoch: number;
    }>`
      select (select count(*) from edge) as edges, (select count(*) from peer) as peers, (select count(*) from waiting) as waiting,
        (select min(first_bucket) from edge) as first, (select max(last_bucket) from edge) as last,
        (select value from state where name = 'version') as version, (select value from state where name = 'epoch') as epoch`.execute(
      this.#backend.db,
    );
    const [row] = rows;
    if (row === undefined) throw new Error('counting gave no row');
    return {
      edges: row.edges,
      peers: row.peers,
      waiting: row.waiting,
      version: row.version,
      deletions: row.epoch,
      ...(row.first !== null && { firstSeenAt: minutesToMs(row.first) }),
      ...(row.last !== null && { lastSeenAt: minutesToMs(row.last) }),
    };
  }
}

function starts(window: Window): ReturnType<typeof join> {
  const parts = [];
  if (window.since !== undefined) parts.push(sql`start >= ${Math.floor(window.since / 60_000)}`);
  if (window.until !== undefined) parts.push(sql`start < ${Math.ceil(window.until / 60_000)}`);
  return join(parts);
}

/** Buckets put together into bars; a bucket wider than a bar is a bar of its own width. */
function toBars(buckets: readonly { width: number; start: number; count: number }[], widthMs: number): ActivityPoint[] {
  const bars = new Map<string, ActivityPoint>();
  for (const { width, start, count } of buckets) {
    const own = Math.max(minutesToMs(width), widthMs);
    const startAt = Math.floor(minutesToMs(start) / own) * own;
    const key = `${startAt}/${own}`;
    bars.set(key, { startAt, widthMs: own, count: (bars.get(key)?.count ?? 0) + count });
  }
  return [...bars.values()].filter(({ count }) => count > 0).toSorted((a, b) => a.startAt - b.startAt || a.widthMs - b.widthMs);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
