import { EVIDENCE_KINDS } from '../model/edge.ts';
import type { Evidence, EvidenceKind, EvidenceMap, Vantage } from '../model/edge.ts';
import { Records } from './records.ts';

const NONE = -1;
/** Words of a cell: its tag, the next cell of the list; then doubles. */
const TAG = 0;
const NEXT = 1;
const STRIDE = 8;
/** Doubles of a cell. */
const COUNT = 1;
const FIRST = 2;
const LAST = 3;
const DOUBLES = 4;
/** Bits of a tag: the kind of evidence, then these. */
const KIND = 7;
const SERVER = 8;
const APPROXIMATE = 16;

/** How often and when; part of an observation and of an update alike. */
export interface Counted {
  readonly count: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly approximate?: boolean | undefined;
}

/**
 * Counts with their first and last time: a cell is one kind of evidence from one vantage, the cells of an edge or a
 * port are a linked list. A map of hundreds of thousands of edges is one array this way.
 */
export class EvidenceCells {
  private readonly cells = new Records(STRIDE);

  /** Adds counts to the list that begins at `head` (-1: empty); returns the list's new head. @param tag tagOf(kind, vantage) */
  add(head: number, tag: number, { approximate, count, firstSeenAt, lastSeenAt }: Counted): number {
    return this.addTo(head, approximate === true ? tag | APPROXIMATE : tag, count, firstSeenAt, lastSeenAt);
  }

  /** Adds every cell of one list to another; returns the other's new head. */
  absorb(head: number, from: number): number {
    let result = head;
    for (let cell = from; cell !== NONE; cell = this.next(cell)) {
      const { words, doubles } = this.cells;
      const at = cell * DOUBLES;
      result = this.addTo(
        result,
        words[cell * STRIDE + TAG] as number,
        doubles[at + COUNT] as number,
        doubles[at + FIRST] as number,
        doubles[at + LAST] as number,
      );
    }
    return result;
  }

  /** Rule 20: the client's side counts where it was seen, else the server's; the same call never twice. */
  toEvidence(head: number): EvidenceMap {
    const evidence: Partial<Record<EvidenceKind, Evidence>> = {};
    let kinds = 0;
    for (let cell = head; cell !== NONE; cell = this.next(cell)) kinds |= 1 << (this.tag(cell) & KIND);
    for (let kind = 0; kinds >> kind !== 0; kind++) {
      const name = EVIDENCE_KINDS[kind];
      if ((kinds & (1 << kind)) !== 0 && name !== undefined) evidence[name] = this.merged(head, kind);
    }
    return evidence;
  }

  private merged(head: number, kind: number): Evidence {
    const client = this.find(head, kind);
    const server = this.find(head, kind | SERVER);
    const chosen = client === NONE ? server : client;
    const other = client === NONE ? client : server;
    const { doubles } = this.cells;
    const at = chosen * DOUBLES;
    let first = doubles[at + FIRST] as number;
    let last = doubles[at + LAST] as number;
    if (other !== NONE) {
      first = Math.min(first, doubles[other * DOUBLES + FIRST] as number);
      last = Math.max(last, doubles[other * DOUBLES + LAST] as number);
    }
    const counted = { count: doubles[at + COUNT] as number, firstSeenAt: first, lastSeenAt: last };
    return (this.tag(chosen) & APPROXIMATE) === 0 ? counted : { ...counted, approximate: true };
  }

  private addTo(head: number, tag: number, count: number, first: number, last: number): number {
    const known = this.find(head, tag & ~APPROXIMATE);
    const cell = known === NONE ? this.cells.add() : known;
    const { words, doubles } = this.cells;
    const at = cell * DOUBLES;
    if (known === NONE) {
      words[cell * STRIDE + TAG] = tag;
      words[cell * STRIDE + NEXT] = head;
      doubles[at + COUNT] = count;
      doubles[at + FIRST] = first;
      doubles[at + LAST] = last;
      return cell;
    }
    words[cell * STRIDE + TAG] = (words[cell * STRIDE + TAG] as number) | tag;
    doubles[at + COUNT] = (doubles[at + COUNT] as number) + count;
    if (first < (doubles[at + FIRST] as number)) doubles[at + FIRST] = first;
    if (last > (doubles[at + LAST] as number)) doubles[at + LAST] = last;
    return head;
  }

  private find(head: number, tag: number): number {
    let cell = head;
    while (cell !== NONE && (this.tag(cell) & ~APPROXIMATE) !== tag) cell = this.next(cell);
    return cell;
  }

  private tag(cell: number): number {
    return this.cells.words[cell * STRIDE + TAG] as number;
  }

  private next(cell: number): number {
    return this.cells.words[cell * STRIDE + NEXT] as number;
  }
}

/** Names a kind of evidence from a vantage. */
export function tagOf(kind: EvidenceKind, vantage: Vantage): number {
  const index = EVIDENCE_KINDS.indexOf(kind);
  return vantage === 'server' ? index | SERVER : index;
}
