import { setImmediate as nextTurn } from 'node:timers/promises';
import { EVIDENCE_KINDS } from '@nm/core';
import type { EdgeClass, EvidenceKind, Peer } from '@nm/core';
import { sql } from 'kysely';
import type { Backend } from '../backend.ts';
import type { EdgeFilter, EdgeOutline, Window } from '../query.ts';
import { bucketOf, minutesToMs } from '../schema/buckets.ts';
import { edgeWhere } from './filter-sql.ts';
import { loadPeers } from './peer-reader.ts';

interface EdgeRow {
  readonly id: number;
  readonly client_id: number;
  readonly server_id: number;
  readonly class: EdgeClass;
  readonly first_bucket: number;
  readonly last_bucket: number;
  readonly version: number;
}

interface EvidenceRow {
  readonly id: number;
  readonly edge_id: number;
  readonly kind: EvidenceKind;
}

/** Rows read at once: about 20 ms, after which writes and other queries get their turn. */
const CHUNK = 10_000;
/** Another replica's transaction may end after one that began later: so many evidence rows back are read again. */
const EVIDENCE_OVERLAP = 5_000;
/** Maintenance looks once a minute. */
const UNUSED_MS = 60_000;
const KINDS_BY_SET: readonly (readonly EvidenceKind[])[] = Array.from({ length: 2 ** EVIDENCE_KINDS.length }, (_, set) =>
  EVIDENCE_KINDS.filter((__, bit) => (set & (1 << bit)) !== 0),
);
const BIT_OF_KIND: Readonly<Record<string, number>> = Object.fromEntries(EVIDENCE_KINDS.map((kind, bit) => [kind, 1 << bit]));

/** An edge as it is answered: the same object each time, of whole small numbers, because there are very many. */
class Entry implements EdgeOutline {
  readonly id: number;
  readonly client: Peer;
  readonly server: Peer;
  readonly clientRef: number;
  readonly serverRef: number;
  readonly class: EdgeClass;
  firstBucket: number;
  lastBucket: number;
  /** Kinds of evidence as bits, in the order of EVIDENCE_KINDS. */
  kinds = 0;
  shape = 0;

  constructor(row: EdgeRow, ends: Pick<EdgeOutline, 'client' | 'server' | 'clientRef' | 'serverRef'>) {
    this.id = row.id;
    this.client = ends.client;
    this.server = ends.server;
    this.clientRef = ends.clientRef;
    this.serverRef = ends.serverRef;
    this.class = row.class;
    this.firstBucket = row.first_bucket;
    this.lastBucket = row.last_bucket;
  }

  get evidence(): readonly EvidenceKind[] {
    return KINDS_BY_SET[this.kinds] ?? [];
  }

  get firstSeenAt(): number {
    return minutesToMs(this.firstBucket);
  }

  get lastSeenAt(): number {
    return minutesToMs(this.lastBucket);
  }
}

/** What was read of one epoch: ids mean the same rows throughout. */
interface Outlines {
  readonly epoch: number;
  readonly entries: Map<number, Entry>;
  readonly peers: Map<number, Peer>;
  /** By id of the peer. */
  readonly refs: Map<number, number>;
  /** Of edges, read so far. */
  version: number;
  /** Id of evidence, read so far. */
  evidence: number;
}

/**
 * Who calls whom and by what evidence, of all edges, in memory: tallies over 100,000 edges would take a second from the
 * tables. Filled when first asked for, then followed by versions, begun anew after deletions; about 150 bytes per edge,
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
    const { entries } = await this.#reading;
    const matches = toPredicate(filter, window);
    if (matches !== undefined) {
      yield* inChunks(entries.values(), matches);
      return;
    }
    const where = edgeWhere(filter, window, this.#backend.kind);
    for (let after = 0; ;) {
      signal?.throwIfAborted();
      const { rows } = await sql<{ id: number }>`select e.id from edge e where e.id > ${after} and ${where}
        order by e.id limit ${CHUNK}`.execute(this.#backend.db);
      yield rows.flatMap(({ id }) => entries.get(id) ?? []);
      const last = rows.at(-1);
      if (last === undefined || rows.length < CHUNK) return;
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
    const outlines =
      known?.epoch === epoch ? known : { epoch, entries: new Map(), peers: new Map(), refs: new Map(), version: 0, evidence: 0 };
    await this.#readEdges(outlines);
    await this.#readEvidence(outlines);
    this.#outlines = outlines;
    return outlines;
  }

  async #readEdges(outlines: Outlines): Promise<void> {
    for (;;) {
      const { rows } = await sql<EdgeRow>`select id, client_id, server_id, class, first_bucket, last_bucket, version from edge
        where version > ${outlines.version} order by version limit ${CHUNK}`.execute(this.#backend.db);
      const ends = rows.flatMap((row) => (outlines.entries.has(row.id) ? [] : [row.client_id, row.server_id]));
      await loadPeers(this.#backend, ends, outlines.peers, false);
      for (const row of rows) takeEdge(outlines, row);
      outlines.version = rows.at(-1)?.version ?? outlines.version;
      if (rows.length < CHUNK) return;
      await nextTurn();
    }
  }

  async #readEvidence(outlines: Outlines): Promise<void> {
    let after = Math.max(0, outlines.evidence - (this.#backend.singleWriter ? 0 : EVIDENCE_OVERLAP));
    let early: number | undefined;
    for (;;) {
      const { rows } = await sql<EvidenceRow>`select id, edge_id, kind from evidence where id > ${after}
        order by id limit ${CHUNK}`.execute(this.#backend.db);
      for (const { id, edge_id: edgeId, kind } of rows) {
        const entry = outlines.entries.get(edgeId);
        if (entry === undefined) {
          // Its edge came after the edges were read: the next time begins here.
          early ??= id - 1;
        } else {
          entry.kinds |= BIT_OF_KIND[kind] ?? 0;
          entry.shape = Math.max(entry.shape, id);
        }
      }
      after = rows.at(-1)?.id ?? after;
      if (rows.length < CHUNK) break;
      await nextTurn();
    }
    outlines.evidence = early ?? after;
  }
}

function refOf({ refs }: Outlines, peerId: number): number {
  const known = refs.get(peerId);
  if (known !== undefined) return known;
  refs.set(peerId, refs.size);
  return refs.size - 1;
}

function takeEdge(outlines: Outlines, row: EdgeRow): void {
  const { entries, peers } = outlines;
  const known = entries.get(row.id);
  if (known !== undefined) {
    known.firstBucket = row.first_bucket;
    known.lastBucket = row.last_bucket;
    return;
  }
  const client = peers.get(row.client_id);
  const server = peers.get(row.server_id);
  if (client === undefined || server === undefined) return;
  const ends = { client, server, clientRef: refOf(outlines, row.client_id), serverRef: refOf(outlines, row.server_id) };
  entries.set(row.id, new Entry(row, ends));
}

/**
 * What the filter that is asked most often (classes, no unknown ends, since when) says of an entry, as the SQL of
 * edgeWhere does; undefined for any other filter.
 */
function toPredicate(filter: EdgeFilter, window: Window): ((entry: Entry) => boolean) | undefined {
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
  return (entry) =>
    entry.lastBucket >= since &&
    (classes.length === 0 || classes.includes(entry.class)) &&
    !types.has(entry.client.type) &&
    !types.has(entry.server.type);
}

async function* inChunks(entries: Iterable<Entry>, matches: (entry: Entry) => boolean): AsyncGenerator<readonly Entry[]> {
  let chunk: Entry[] = [];
  for (const entry of entries) {
    if (!matches(entry)) continue;
    chunk.push(entry);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
    await nextTurn();
  }
  yield chunk;
}
