import { EVIDENCE_KINDS } from '../model/edge.ts';
import type { Evidence, EvidenceKind, EvidenceMap, Vantage } from '../model/edge.ts';
import type { EdgeUpdate } from '../model/edge-update.ts';

const NONE = -1;
const SERVER = 8;
const APPROXIMATE = 16;

/**
 * Counts with their first and last time, as columns that grow: a cell is one kind of evidence from one vantage, the
 * cells of an edge or a port are a linked list. A map of hundreds of thousands of edges is a few arrays this way.
 */
export class EvidenceCells {
  private size = 0;
  private tag = new Uint8Array(1024);
  private next = new Int32Array(1024);
  private count = new Float64Array(1024);
  private first = new Float64Array(1024);
  private last = new Float64Array(1024);

  /** Adds what an update says to the list that begins at `head` (-1: empty); returns the list's new head. */
  add(head: number, update: EdgeUpdate): number {
    const tag = tagOf(update.evidence, update.vantage);
    return this.addTo(head, tag, update.approximate === true, update.count, update.firstSeenAt, update.lastSeenAt);
  }

  /** Adds every cell of one list to another; returns the other's new head. */
  absorb(head: number, from: number): number {
    let result = head;
    for (let cell = from; cell !== NONE; cell = this.next[cell] ?? NONE) {
      const tag = this.tag[cell] ?? 0;
      result = this.addTo(
        result,
        tag & ~APPROXIMATE,
        (tag & APPROXIMATE) !== 0,
        this.count[cell] ?? 0,
        this.first[cell] ?? 0,
        this.last[cell] ?? 0,
      );
    }
    return result;
  }

  /** Rule 20: the client's side counts where it was seen, else the server's; the same call never twice. */
  toEvidence(head: number): EvidenceMap {
    const evidence: Partial<Record<EvidenceKind, Evidence>> = {};
    for (const [index, kind] of EVIDENCE_KINDS.entries()) {
      const client = this.find(head, index);
      const server = this.find(head, index | SERVER);
      const chosen = client === NONE ? server : client;
      if (chosen === NONE) continue;
      evidence[kind] = {
        count: this.count[chosen] ?? 0,
        firstSeenAt: Math.min(this.firstOf(client), this.firstOf(server)),
        lastSeenAt: Math.max(this.lastOf(client), this.lastOf(server)),
        ...(((this.tag[chosen] ?? 0) & APPROXIMATE) === 0 ? {} : { approximate: true }),
      };
    }
    return evidence;
  }

  private addTo(head: number, tag: number, approximate: boolean, count: number, first: number, last: number): number {
    const cell = this.find(head, tag);
    if (cell === NONE) return this.append(head, approximate ? tag | APPROXIMATE : tag, count, first, last);
    this.count[cell] = (this.count[cell] ?? 0) + count;
    this.first[cell] = Math.min(this.first[cell] ?? 0, first);
    this.last[cell] = Math.max(this.last[cell] ?? 0, last);
    if (approximate) this.tag[cell] = (this.tag[cell] ?? 0) | APPROXIMATE;
    return head;
  }

  private append(head: number, tag: number, count: number, first: number, last: number): number {
    if (this.size === this.tag.length) this.grow();
    const cell = this.size++;
    this.tag[cell] = tag;
    this.next[cell] = head;
    this.count[cell] = count;
    this.first[cell] = first;
    this.last[cell] = last;
    return cell;
  }

  private find(head: number, tag: number): number {
    let cell = head;
    while (cell !== NONE && ((this.tag[cell] ?? 0) & ~APPROXIMATE) !== tag) cell = this.next[cell] ?? NONE;
    return cell;
  }

  private firstOf(cell: number): number {
    return cell === NONE ? Number.POSITIVE_INFINITY : (this.first[cell] ?? 0);
  }

  private lastOf(cell: number): number {
    return cell === NONE ? Number.NEGATIVE_INFINITY : (this.last[cell] ?? 0);
  }

  private grow(): void {
    const length = Math.ceil(this.tag.length * 1.5);
    this.tag = copyInto(new Uint8Array(length), this.tag);
    this.next = copyInto(new Int32Array(length), this.next);
    this.count = copyInto(new Float64Array(length), this.count);
    this.first = copyInto(new Float64Array(length), this.first);
    this.last = copyInto(new Float64Array(length), this.last);
  }
}

function tagOf(kind: EvidenceKind, vantage: Vantage): number {
  return EVIDENCE_KINDS.indexOf(kind) | (vantage === 'server' ? SERVER : 0);
}

/** A longer copy of a column. */
export function copyInto<Column extends Uint8Array | Int32Array | Float64Array>(longer: Column, column: Column): Column {
  longer.set(column);
  return longer;
}
