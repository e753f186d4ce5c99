import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Edge, EdgeClass, IntentEdge, Peer } from '@nm/core';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Backend } from '../backend.ts';
import type { EdgeFilter, EdgePage, EdgeQuery, PeerSelector, StoredEdge, Window } from '../query.ts';
import { MAX_PAGE } from '../query.ts';
import { bucketOf, minutesToMs } from '../schema/buckets.ts';
import type { Tables } from '../schema/tables.ts';
import type { WaitingCounts } from '../write/new-activity.ts';
import { afterOf, toCursor } from './cursor.ts';
import { readCounts } from './count-reader.ts';
import type { WaitingCount } from './count-reader.ts';
import { edgeWhere, isOneOf } from './filter-sql.ts';
import type { join } from './filter-sql.ts';
import { loadPeers } from './peer-reader.ts';
import { toEdge, toIntentEdge } from './to-edge.ts';
import type { CountedEvidence, DetailBounds, EvidenceOfIntents, StoredDetail } from './to-edge.ts';

interface EdgeRow {
  readonly id: number;
  readonly key: string;
  readonly version: number;
  readonly class: EdgeClass;
  readonly shared: number;
  readonly client_id: number;
  readonly server_id: number;
}

interface EvidenceRow extends Omit<CountedEvidence, 'count' | 'firstSeenAt' | 'lastSeenAt'> {
  readonly id: number;
  readonly edge_id: number;
  readonly first_at: number;
  readonly last_bucket: number;
}

/** Where a query reads: statements that must see the same instant, and the counts that wait then. */
interface Source {
  readonly db: Kysely<Tables>;
  readonly waiting: WaitingCounts | undefined;
}

/** See NewActivity.readBeside. */
type ReadBeside = <T>(read: (db: Kysely<Tables>, waiting: WaitingCounts | undefined) => Promise<T>) => Promise<T>;

/** Edges of one export chunk: short enough that writes and other queries get their turn. */
const EXPORT_CHUNK = 500;
/** Edges that an export chooses at once where no index answers the filter in order: it is then sorted seldom. */
const EXPORT_SELECTED = 4_000;
/** Peers that an export keeps at hand. */
const MAX_KNOWN_PEERS = 20_000;

/** Reads edges: first which ones (in the order of their keys), then everything about just those. */
export class EdgeReader {
  readonly #backend: Backend;
  readonly #options: DetailBounds;
  readonly #beside: ReadBeside;

  /** @param beside of a store where counts wait */
  constructor(backend: Backend, options: DetailBounds, beside?: ReadBeside) {
    this.#backend = backend;
    this.#options = options;
    this.#beside = beside ?? ((read) => read(backend.db, undefined));
  }

  /** `window` is the used one. */
  async page(query: EdgeQuery, window: Window): Promise<EdgePage> {
    const first = Math.min(Math.max(1, Math.trunc(query.first)), MAX_PAGE);
    const after = afterOf(query.after);
    return this.#beside(async (db, waiting) => {
      const rows = await this.#select(db, query.filter ?? {}, window, { after, limit: first + 1 });
      const edges = await this.#assemble({ db, waiting }, rows.slice(0, first), window, true, new Map());
      const last = edges.at(-1);
      return { edges, hasNextPage: rows.length > first, ...(last !== undefined && { endCursor: last.cursor }), window };
    });
  }

  async *export(
    filter: EdgeFilter,
    window: Window,
    options: { counts: boolean; labels: boolean; signal?: AbortSignal },
  ): AsyncGenerator<readonly StoredEdge[]> {
    const peers = new Map<number, Peer>();
    for await (const rows of this.#inChunks(filter, window, options.signal)) {
      if (peers.size > MAX_KNOWN_PEERS) peers.clear();
      yield await this.#beside((db, waiting) => this.#assemble({ db, waiting }, rows, window, options.counts, peers, options.labels));
    }
  }

  async *exportForIntents(filter: EdgeFilter, options: { labels: boolean; signal?: AbortSignal }): AsyncGenerator<readonly IntentEdge[]> {
    const peers = new Map<number, Peer>();
    for await (const rows of this.#inChunks(filter, {}, options.signal)) {
      if (peers.size > MAX_KNOWN_PEERS) peers.clear();
      const { db } = this.#backend;
      await this.#loadEnds(db, rows, peers, options.labels);
      const ids = rows.map(({ id }) => id);
      const evidence = await this.#kinds(db, ids);
      const details = await this.#details(db, ids, {});
      const edges: IntentEdge[] = [];
      for (const row of rows) {
        const client = peers.get(row.client_id);
        const server = peers.get(row.server_id);
        if (client === undefined || server === undefined) continue;
        const facts = { client, server, class: row.class, evidence: evidence.get(row.id) ?? [], details: details.get(row.id) ?? [] };
        edges.push(toIntentEdge(facts, this.#options));
      }
      yield edges;
    }
  }

  async *#inChunks(filter: EdgeFilter, window: Window, signal: AbortSignal | undefined): AsyncGenerator<readonly EdgeRow[]> {
    // Few at once where that costs nothing more: rows that wait for their turn outlive the young heap.
    const limit = restrictsEnds(filter) ? EXPORT_SELECTED : EXPORT_CHUNK;
    let after: string | undefined;
    for (;;) {
      const rows = await this.#select(this.#backend.db, filter, window, { after, limit });
      for (let from = 0; from < rows.length; from += EXPORT_CHUNK) {
        signal?.throwIfAborted();
        yield rows.slice(from, from + EXPORT_CHUNK);
        await nextTurn();
      }
      after = rows.at(-1)?.key;
      if (rows.length < limit) return;
    }
  }

  async count(filter: EdgeFilter, window: Window): Promise<number> {
    const excluded = onlyExcluded(filter);
    if (excluded === undefined) return this.#count(filter, window);
    // Few edges have an end that is left out, and an index finds them: to look at both ends of all edges takes twice the time.
    const { exclude: _, ...others } = filter;
    const all = await this.#count(others, window);
    return Math.max(0, all - (await this.#count({ ...others, either: [excluded] }, window)));
  }

  async #count(filter: EdgeFilter, window: Window): Promise<number> {
    const counting = isShownClass(filter, window)
      ? // Indexes answer that; looking at the class of each edge takes ten times as long.
        sql`select (select count(*) from edge) - (select count(*) from edge where class <> 'app') as edges`
      : sql`select count(*) as edges from edge e where ${this.#where(filter, window)}`;
    const { rows } = await sql<{ edges: number }>`${counting}`.execute(this.#backend.db);
    return rows[0]?.edges ?? 0;
  }

  /** Ids of all that match, for sums over few edges; undefined if there are more than `max`. */
  async idsUpTo(filter: EdgeFilter, window: Window, max: number): Promise<readonly number[] | undefined> {
    const { rows } = await sql<{ id: number }>`select e.id from edge e where ${this.#where(filter, window)} limit ${max + 1}`.execute(
      this.#backend.db,
    );
    return rows.length > max ? undefined : rows.map(({ id }) => id);
  }

  /** Edges by the order of their changes; `last` is the version up to which was looked. */
  async changedAfter(
    since: number,
    limit: number,
    filter: EdgeFilter,
    window: Window,
  ): Promise<{ edges: readonly StoredEdge[]; last: number; more: boolean }> {
    return this.#beside(async (db, waiting) => {
      const { rows: changed } = await sql<{ id: number; version: number }>`select id, version from edge where version > ${since}
        order by version limit ${limit + 1}`.execute(db);
      const looked = changed.slice(0, limit);
      const ids = looked.map(({ id }) => id);
      const rows = ids.length === 0 ? [] : await this.#select(db, { ...filter, ids }, window, { after: undefined, limit });
      const edges = await this.#assemble({ db, waiting }, rows, window, true, new Map());
      return {
        edges: edges.toSorted((a, b) => a.version - b.version),
        last: looked.at(-1)?.version ?? since,
        more: changed.length > limit,
      };
    });
  }

  #where(filter: EdgeFilter, window: Window): ReturnType<typeof join> {
    return edgeWhere(filter, window, this.#backend.kind);
  }

  async #select(
    db: Kysely<Tables>,
    filter: EdgeFilter,
    window: Window,
    page: { after: string | undefined; limit: number },
  ): Promise<readonly EdgeRow[]> {
    const where = this.#where(filter, window);
    const after = page.after === undefined ? sql`1 = 1` : sql`e.key > ${page.after}`;
    const { rows } = await sql<EdgeRow>`select e.id, e.key, e.version, e.class, e.shared, e.client_id, e.server_id from edge e
      where ${after} and ${where} order by e.key limit ${page.limit}`.execute(db);
    return rows;
  }

  async #assemble(
    { db, waiting }: Source,
    rows: readonly EdgeRow[],
    window: Window,
    withCounts: boolean,
    peers: Map<number, Peer>,
    withLabels = true,
  ): Promise<readonly StoredEdge[]> {
    if (rows.length === 0) return [];
    await this.#loadEnds(db, rows, peers, withLabels);
    const ids = rows.map(({ id }) => id);
    const evidence = await this.#evidence({ db, waiting }, ids, window, withCounts);
    const details = await this.#details(db, ids, window);
    return rows.flatMap((row) => {
      const client = peers.get(row.client_id);
      const server = peers.get(row.server_id);
      // Deleted between the queries (retention, reset).
      if (client === undefined || server === undefined) return [];
      const facts = {
        client,
        server,
        class: row.class,
        shared: row.shared === 1,
        evidence: evidence.get(row.id) ?? [],
        details: details.get(row.id) ?? [],
      };
      return [toStored(row, toEdge(facts, this.#options))];
    });
  }

  #loadEnds(db: Kysely<Tables>, rows: readonly EdgeRow[], peers: Map<number, Peer>, withLabels: boolean): Promise<void> {
    const ids: number[] = [];
    for (const row of rows) ids.push(row.client_id, row.server_id);
    return loadPeers({ db, kind: this.#backend.kind }, ids, peers, withLabels);
  }

  /** How edges are known, and by which Services: a third of what there is to read about evidence. */
  async #kinds(db: Kysely<Tables>, ids: readonly number[]): Promise<Map<number, EvidenceOfIntents[]>> {
    const { rows } = await sql<EvidenceOfIntents & { edge_id: number }>`select edge_id, kind, service_namespace, service_name
      from evidence where ${isOneOf('edge_id', ids, this.#backend.kind)}`.execute(db);
    return groupByEdge(rows);
  }

  async #evidence(
    { db, waiting }: Source,
    ids: readonly number[],
    window: Window,
    withCounts: boolean,
  ): Promise<Map<number, CountedEvidence[]>> {
    const { rows } = await sql<EvidenceRow>`select id, edge_id, kind, vantage, port, protocol, service_namespace, service_name,
      service_port, approximate, first_at, last_bucket from evidence where ${isOneOf('edge_id', ids, this.#backend.kind)}`.execute(db);
    const isWindowed = window.since !== undefined || window.until !== undefined;
    const notBooked =
      waiting === undefined ? [] : rows.flatMap((of): WaitingCount[] => waiting(of.id).map((counted) => ({ ...counted, of })));
    const counts = withCounts ? await readCounts({ db, kind: this.#backend.kind }, ids, window, notBooked) : undefined;
    const earlier = firstTimes(notBooked);
    const byEdge = new Map<number, CountedEvidence[]>();
    for (const row of rows) {
      const counted = counts?.get(row.id);
      const firstAt = Math.min(row.first_at, earlier.get(row.id) ?? row.first_at);
      if (isWindowed && (counts === undefined ? isOutside(row.last_bucket, firstAt, window) : counted === undefined)) continue;
      const own: CountedEvidence = {
        kind: row.kind,
        vantage: row.vantage,
        port: row.port,
        protocol: row.protocol,
        service_namespace: row.service_namespace,
        service_name: row.service_name,
        service_port: row.service_port,
        approximate: row.approximate,
        count: counted?.count ?? 0,
        firstSeenAt: isWindowed && counted !== undefined ? counted.first_at : firstAt,
        lastSeenAt: counted?.last_at ?? Math.max(firstAt, minutesToMs(row.last_bucket)),
      };
      const known = byEdge.get(row.edge_id);
      if (known === undefined) byEdge.set(row.edge_id, [own]);
      else known.push(own);
    }
    return byEdge;
  }

  async #details(db: Kysely<Tables>, ids: readonly number[], window: Window): Promise<Map<number, StoredDetail[]>> {
    const since = window.since === undefined ? sql`1 = 1` : sql`last_bucket >= ${bucketOf(window.since)}`;
    const until = window.until === undefined ? sql`1 = 1` : sql`first_bucket < ${Math.ceil(window.until / 60_000)}`;
    const { rows } = await sql<StoredDetail & { edge_id: number }>`select edge_id, kind, value, rank,
      case when count > ${Number.MAX_SAFE_INTEGER} then ${Number.MAX_SAFE_INTEGER} else count end as count from detail
      where ${isOneOf('edge_id', ids, this.#backend.kind)} and ${since} and ${until}`.execute(db);
    return groupByEdge(rows);
  }
}

/** The types of peers that are left out, if the filter says nothing else of the ends. */
function onlyExcluded(filter: EdgeFilter): PeerSelector | undefined {
  const { exclude = {} } = filter;
  const [selector, ...others] = exclude.either ?? [];
  if (selector === undefined || Object.keys(selector).join() !== 'types') return undefined;
  return others.length > 0 || exclude.client !== undefined || exclude.server !== undefined || restrictsEnds(filter) ? undefined : selector;
}

/** Whether all edges are meant that are shown by default, at any time. */
function isShownClass({ classes = [], ...others }: EdgeFilter, window: Window): boolean {
  const isAnytime = window.since === undefined && window.until === undefined;
  return isAnytime && classes.join() === 'app' && Object.keys(others).length === 0;
}

/** Whether few edges may match, which are found by their ends or ids and not in the order of keys. */
function restrictsEnds({ either = [], client, server, clientCalls, ids }: EdgeFilter): boolean {
  return [...either, client, server, clientCalls, ids].some((value) => value !== undefined);
}

function groupByEdge<Row extends { readonly edge_id: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const byEdge = new Map<number, Row[]>();
  for (const row of rows) {
    const known = byEdge.get(row.edge_id);
    if (known === undefined) byEdge.set(row.edge_id, [row]);
    else known.push(row);
  }
  return byEdge;
}

/** First times that evidence does not say yet, by its id. */
function firstTimes(waiting: readonly WaitingCount[]): Map<number, number> {
  const times = new Map<number, number>();
  for (const { id, start, first, isEarly } of waiting) {
    if (isEarly) times.set(id, Math.min(times.get(id) ?? Infinity, minutesToMs(start) + first));
  }
  return times;
}

function isOutside(lastBucket: number, firstAt: number, window: Window): boolean {
  if (window.since !== undefined && lastBucket < bucketOf(window.since)) return true;
  return window.until !== undefined && firstAt >= window.until;
}

/** Exports need no cursors: text is made of a key only when it is asked for. */
function toStored({ id, version, key }: EdgeRow, edge: Edge): StoredEdge {
  return {
    id,
    version,
    get cursor() {
      return toCursor(key);
    },
    edge,
  };
}
