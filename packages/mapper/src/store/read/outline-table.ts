import { EVIDENCE_KINDS } from '@nm/core';
import type { EdgeClass, EvidenceKind, Peer } from '@nm/core';
import type { EdgeOutline } from '../query.ts';
import { minutesToMs } from '../schema/buckets.ts';

/** Columns of an edge's row. */
export interface OutlineRow {
  readonly id: number;
  readonly client_id: number;
  readonly server_id: number;
  readonly class: EdgeClass;
  readonly first_bucket: number;
  readonly last_bucket: number;
}

const FIRST_CAPACITY = 1_024;
const CLASSES: readonly EdgeClass[] = ['app', 'system'];
const KINDS_BY_SET: readonly (readonly EvidenceKind[])[] = Array.from({ length: 2 ** EVIDENCE_KINDS.length }, (_, set) =>
  EVIDENCE_KINDS.filter((__, bit) => (set & (1 << bit)) !== 0),
);
const BIT_OF_KIND: Readonly<Record<string, number>> = Object.fromEntries(EVIDENCE_KINDS.map((kind, bit) => [kind, 1 << bit]));
/** 2^32 divided by the golden ratio: spreads numbers that follow each other (Knuth, TAOCP 6.4). */
const SPREAD = 0x9e3779b1;

/**
 * Edges as columns of numbers, about 60 bytes each: as objects they took three times as much, and collecting the heap
 * went over all of them. Rows are numbered from 0 and stay.
 */
export class OutlineTable {
  size = 0;
  readonly #peers: Peer[] = [];
  readonly #refs = new Map<Peer, number>();
  #ids = new Float64Array(FIRST_CAPACITY);
  #shapes = new Float64Array(FIRST_CAPACITY);
  #clients = new Uint32Array(FIRST_CAPACITY);
  #servers = new Uint32Array(FIRST_CAPACITY);
  #firstBuckets = new Uint32Array(FIRST_CAPACITY);
  #lastBuckets = new Uint32Array(FIRST_CAPACITY);
  #classes = new Uint8Array(FIRST_CAPACITY);
  #kinds = new Uint16Array(FIRST_CAPACITY);
  /** Rows by hash of their id, plus one; at most half full. */
  #slots = new Uint32Array(2 * FIRST_CAPACITY);

  /** Adds the edge, or takes over what may change of it. Ends are told apart as objects. */
  put(row: OutlineRow, client: Peer, server: Peer): void {
    let at = this.rowOf(row.id);
    if (at === undefined) {
      at = this.#add(row.id);
      this.#clients[at] = this.#refOf(client);
      this.#servers[at] = this.#refOf(server);
    }
    this.#classes[at] = CLASSES.indexOf(row.class);
    this.#firstBuckets[at] = row.first_bucket;
    this.#lastBuckets[at] = row.last_bucket;
  }

  addEvidence(row: number, kind: EvidenceKind, evidenceId: number): void {
    this.#kinds[row] = (this.#kinds[row] ?? 0) | (BIT_OF_KIND[kind] ?? 0);
    this.#shapes[row] = Math.max(this.#shapes[row] ?? 0, evidenceId);
  }

  rowOf(id: number): number | undefined {
    const row = this.#slots[this.#slotOf(id)] ?? 0;
    return row === 0 ? undefined : row - 1;
  }

  id(row: number): number {
    return this.#ids[row] ?? 0;
  }

  clientRef(row: number): number {
    return this.#clients[row] ?? 0;
  }

  serverRef(row: number): number {
    return this.#servers[row] ?? 0;
  }

  client(row: number): Peer {
    return this.#peer(this.clientRef(row));
  }

  server(row: number): Peer {
    return this.#peer(this.serverRef(row));
  }

  class(row: number): EdgeClass {
    return CLASSES[this.#classes[row] ?? 0] ?? 'app';
  }

  kinds(row: number): readonly EvidenceKind[] {
    return KINDS_BY_SET[this.#kinds[row] ?? 0] ?? [];
  }

  shape(row: number): number {
    return this.#shapes[row] ?? 0;
  }

  firstBucket(row: number): number {
    return this.#firstBuckets[row] ?? 0;
  }

  lastBucket(row: number): number {
    return this.#lastBuckets[row] ?? 0;
  }

  /** The edge as it is answered; it shows the row as it is when read. */
  outline(row: number | undefined): EdgeOutline | undefined {
    return row === undefined ? undefined : new Outline(this, row);
  }

  #add(id: number): number {
    if (this.size === this.#ids.length) this.#grow();
    const row = this.size;
    this.#ids[row] = id;
    this.size += 1;
    this.#slots[this.#slotOf(id)] = this.size;
    return row;
  }

  /** Where the id is, or would be. */
  #slotOf(id: number): number {
    const mask = this.#slots.length - 1;
    let slot = (Math.imul(id | 0, SPREAD) >>> 7) & mask;
    for (;;) {
      const row = this.#slots[slot] ?? 0;
      if (row === 0 || this.#ids[row - 1] === id) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const capacity = 2 * this.#ids.length;
    const grown = <T extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(old: T, column: T): T => {
      column.set(old);
      return column;
    };
    this.#ids = grown(this.#ids, new Float64Array(capacity));
    this.#shapes = grown(this.#shapes, new Float64Array(capacity));
    this.#clients = grown(this.#clients, new Uint32Array(capacity));
    this.#servers = grown(this.#servers, new Uint32Array(capacity));
    this.#firstBuckets = grown(this.#firstBuckets, new Uint32Array(capacity));
    this.#lastBuckets = grown(this.#lastBuckets, new Uint32Array(capacity));
    this.#classes = grown(this.#classes, new Uint8Array(capacity));
    this.#kinds = grown(this.#kinds, new Uint16Array(capacity));
    this.#slots = new Uint32Array(2 * capacity);
    for (let row = 0; row < this.size; row++) this.#slots[this.#slotOf(this.id(row))] = row + 1;
  }

  #refOf(peer: Peer): number {
    const known = this.#refs.get(peer);
    if (known !== undefined) return known;
    this.#refs.set(peer, this.#peers.length);
    return this.#peers.push(peer) - 1;
  }

  #peer(ref: number): Peer {
    const peer = this.#peers[ref];
    if (peer === undefined) throw new Error(`no peer has the number ${ref}`);
    return peer;
  }
}

class Outline implements EdgeOutline {
  readonly #table: OutlineTable;
  readonly #row: number;

  constructor(table: OutlineTable, row: number) {
    this.#table = table;
    this.#row = row;
  }

  get id(): number {
    return this.#table.id(this.#row);
  }

  get client(): Peer {
    return this.#table.client(this.#row);
  }

  get server(): Peer {
    return this.#table.server(this.#row);
  }

  get clientRef(): number {
    return this.#table.clientRef(this.#row);
  }

  get serverRef(): number {
    return this.#table.serverRef(this.#row);
  }

  get evidence(): readonly EvidenceKind[] {
    return this.#table.kinds(this.#row);
  }

  get shape(): number {
    return this.#table.shape(this.#row);
  }

  get firstSeenAt(): number {
    return minutesToMs(this.#table.firstBucket(this.#row));
  }

  get lastSeenAt(): number {
    return minutesToMs(this.#table.lastBucket(this.#row));
  }
}
