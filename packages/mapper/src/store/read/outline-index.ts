import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EvidenceKind, Peer } from '@nm/core';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Backend } from '../backend.ts';
import type { EdgeFilter, EdgeOutline, Window } from '../query.ts';
import { bucketOf } from '../schema/buckets.ts';
import { edgeWhere } from './filter-sql.ts';
import { OutlineTable } from './outline-table.ts';
import type { OutlineRow } from './outline-table.ts';
import { loadPeers } from './peer-reader.ts';

interface EdgeRow extends OutlineRow {
  readonly version: number;
}

interface EvidenceRow {
  readonly id: number;
  readonly edge_id: number;
  readonly kind: EvidenceKind;
}

/** Rows read at once: some 5 ms, after which writes and other queries get their turn; few, so that they die young. */
const CHUNK = 2_000;
/** Ids chosen at once by a filter that no index answers in their order: it is then sorted seldom. */
const SELECTED = 10_000;
/** Another replica's transaction may end after one that began later: so many evidence rows back are read again. */
const EVIDENCE_OVERLAP = 5_000;
/** Maintenance looks once a minute. */
const UNUSED_MS = 60_000;

/** What was read of one epoch: ids mean the same rows throughout. */
interface Outlines {
  readonly epoch: number;
  readonly edges: OutlineTable;
  /** By id. */
  readonly peers: Map<number, Peer>;
  /** Of edges, read so far. */
  version: number;
  /** Id of evidence, read so far. */
  evidence: number;
}

/**
 * Who calls whom and by what evidence, of all edges, in memory: tallies over 100,000 edges would take a second from the
 * tables. Filled when first asked for, then followed by versions, begun anew after deletions; about 60 bytes per edge,
 * forgotten when nobody asks.
 */
export class OutlineIndex {
  readonly #backend: Backend;
  readonly #now: () => number;
  #outlines: Outlines | undefined;
  #usedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Outlines> | undefined;

  constructor(backend: Backend, now: () => number) {
    this.#backend = backend;
    this.#now = now;
  }

  /** The edges that match, in chunks. */
  async *read(filter: EdgeFilter, window: Window, signal: AbortSignal | undefined): AsyncGenerator<readonly EdgeOutline[]> {
    this.#usedAt = this.#now();
    this.#reading ??= this.#follow().finally(() => {
      this.#reading = undefined;
    });
    const { edges } = await this.#reading;
    const matches = toPredicate(filter, window, edges);
    if (matches !== undefined) {
      yield* inChunks(edges, matches);
      return;
    }
    const where = edgeWhere(filter, window, this.#backend.kind);
    for (let after = 0; ;) {
      signal?.throwIfAborted();
      const { rows } = await sql<{ id: number }>`select e.id from edge e where e.id > ${after} and ${where}
        order by e.id limit ${SELECTED}`.execute(this.#backend.db);
      yield rows.flatMap(({ id }) => edges.outline(edges.rowOf(id)) ?? []);
      const last = rows.at(-1);
      if (last === undefined || rows.length < SELECTED) return;
      after = last.id;
      await nextTurn();
    }
  }

  /** To be called now and then. */
  forgetUnused(): void {
    if (this.#now() - this.#usedAt > UNUSED_MS) this.#outlines = undefined;
  }

  async #follow(): Promise<Outlines> {
    const { value: epoch } = await this.#backend.db
      .selectFrom('state')
      .select('value')
      .where('name', '=', 'epoch')
      .executeTakeFirstOrThrow();
    const known = this.#outlines;
    const outlines = known?.epoch === epoch ? known : await this.#begin(epoch);
    await this.#readChanges(outlines);
    await this.#readEvidence(outlines);
    this.#outlines = outlines;
    return outlines;
  }

  /** All edges in the order of the table, which takes a third of the time that the order of versions takes. */
  async #begin(epoch: number): Promise<Outlines> {
    const { rows } = await sql<{ version: number }>`select coalesce(max(version), 0) as version from edge`.execute(this.#backend.db);
    const outlines = { epoch, edges: new OutlineTable(), peers: new Map<number, Peer>(), version: rows[0]?.version ?? 0, evidence: 0 };
    for (let after = 0; ;) {
      const read = await this.#take(outlines, sql`id > ${after} order by id`);
      const last = read.at(-1);
      if (last === undefined || read.length < CHUNK) return outlines;
      after = last.id;
      await nextTurn();
    }
  }

  async #readChanges(outlines: Outlines): Promise<void> {
    for (;;) {
      const read = await this.#take(outlines, sql`version > ${outlines.version} order by version`);
      outlines.version = read.at(-1)?.version ?? outlines.version;
      if (read.length < CHUNK) return;
      await nextTurn();
    }
  }

  async #take({ edges, peers }: Outlines, which: RawBuilder<unknown>): Promise<readonly EdgeRow[]> {
    const { rows } = await sql<EdgeRow>`select id, client_id, server_id, class, first_bucket, last_bucket, version from edge
      where ${which} limit ${CHUNK}`.execute(this.#backend.db);
    const ends = rows.flatMap((row) => (edges.rowOf(row.id) === undefined ? [row.client_id, row.server_id] : []));
    await loadPeers(this.#backend, ends, peers, false);
    for (const row of rows) {
      const client = peers.get(row.client_id);
      const server = peers.get(row.server_id);
      if (client !== undefined && server !== undefined) edges.put(row, client, server);
    }
    return rows;
  }

  async #readEvidence(outlines: Outlines): Promise<void> {
    let after = Math.max(0, outlines.evidence - (this.#backend.singleWriter ? 0 : EVIDENCE_OVERLAP));
    let early: number | undefined;
    for (;;) {
      const { rows } = await sql<EvidenceRow>`select id, edge_id, kind from evidence where id > ${after}
        order by id limit ${CHUNK}`.execute(this.#backend.db);
      for (const { id, edge_id: edgeId, kind } of rows) {
        const row = outlines.edges.rowOf(edgeId);
        // Its edge came after the edges were read: the next time begins here.
        if (row === undefined) early ??= id - 1;
        else outlines.edges.addEvidence(row, kind, id);
      }
      after = rows.at(-1)?.id ?? after;
      if (rows.length < CHUNK) break;
      await nextTurn();
    }
    outlines.evidence = early ?? after;
  }
}

/**
 * What the filter that is asked most often (classes, no unknown ends, since when) says of a row, as the SQL of
 * edgeWhere does; undefined for any other filter.
 */
function toPredicate(filter: EdgeFilter, window: Window, edges: OutlineTable): ((row: number) => boolean) | undefined {
  const { classes = [], exclude, ...others } = filter;
  const excluded = exclude?.either ?? [];
  const isPlain =
    Object.keys(others).length === 0 &&
    exclude?.client === undefined &&
    exclude?.server === undefined &&
    window.until === undefined &&
    excluded.every((selector) => Object.keys(selector).join() === 'types');
  if (!isPlain) return undefined;
  const types = new Set(excluded.flatMap((selector) => selector.types ?? []));
  const since = window.since === undefined ? 0 : bucketOf(window.since);
  return (row) =>
    edges.lastBucket(row) >= since &&
    (classes.length === 0 || classes.includes(edges.class(row))) &&
    !types.has(edges.client(row).type) &&
    !types.has(edges.server(row).type);
}

async function* inChunks(edges: OutlineTable, matches: (row: number) => boolean): AsyncGenerator<readonly EdgeOutline[]> {
  let chunk: EdgeOutline[] = [];
  for (let row = 0; row < edges.size; row++) {
    if (!matches(row)) continue;
    const outline = edges.outline(row);
    if (outline !== undefined) chunk.push(outline);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
    await nextTurn();
  }
  yield chunk;
}
