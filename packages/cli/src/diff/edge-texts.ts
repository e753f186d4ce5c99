import { isAscii } from 'node:buffer';

/** A map file as bytes, and where in them each edge stands. Nothing but these places is known of it yet. */
export interface EdgeTexts {
  readonly bytes: Buffer;
  /** Everything but the edges, as JSON text. */
  readonly envelope: string;
  /** The text of edge n is the bytes from `starts[n]` to before `ends[n]`. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly encoding: 'latin1' | 'utf8';
}

const EDGES = '"edges"';
const CODE = { quote: 0x22, comma: 0x2c, colon: 0x3a, openList: 0x5b, closeList: 0x5d, open: 0x7b, close: 0x7d } as const;
/** Longest beginning of an edge that is looked for: spaces and the name of its first field. */
const MAX_BEGINNING = 200;

/**
 * Cuts a map file into the texts of its edges, if `edges` is its last field and all edges begin as the first one does,
 * as in every file that one program wrote at once. Undefined for any other form. The beginning, `{"client":` in ours,
 * cannot stand within a text of JSON, whose quotes are escaped. If the envelope and every piece are JSON, so is the
 * whole, with the same meaning: a cut at a wrong place leaves pieces that are not.
 */
export function cutEdges(input: Uint8Array): EdgeTexts | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
  const key = bytes.indexOf(EDGES);
  const colon = overSpace(bytes, key + EDGES.length);
  const open = overSpace(bytes, colon + 1);
  if (key < 0 || bytes[colon] !== CODE.colon || bytes[open] !== CODE.openList) return undefined;
  let end = backOverSpace(bytes, bytes.length);
  if (bytes[end - 1] !== CODE.close) return undefined;
  end = backOverSpace(bytes, end - 1);
  if (bytes[end - 1] !== CODE.closeList) return undefined;
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  const envelope = `${bytes.toString(encoding, 0, open + 1)}]}`;
  end = backOverSpace(bytes, end - 1);
  let start = overSpace(bytes, open + 1);
  if (start >= end) return { bytes, envelope, encoding, starts: new Uint32Array(), ends: new Uint32Array() };
  const beginning = beginningOfEdge(bytes, start);
  if (beginning === undefined) return undefined;
  const starts: number[] = [];
  const ends: number[] = [];
  while (start >= 0 && start < end) {
    const next: number = bytes.indexOf(beginning, start + beginning.length);
    const isLast: boolean = next < 0 || next >= end;
    const comma = isLast ? end : backOverSpace(bytes, next) - 1;
    if (!isLast && bytes[comma] !== CODE.comma) return undefined;
    starts.push(start);
    ends.push(comma);
    start = isLast ? end : next;
  }
  return { bytes, envelope, encoding, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

/** From the brace to the colon after the name of the first field. */
function beginningOfEdge(bytes: Buffer, start: number): Buffer | undefined {
  if (bytes[start] !== CODE.open) return undefined;
  const quote = overSpace(bytes, start + 1);
  if (bytes[quote] !== CODE.quote) return undefined;
  const colon = overSpace(bytes, bytes.indexOf(CODE.quote, quote + 1) + 1);
  return bytes[colon] === CODE.colon && colon - start < MAX_BEGINNING ? bytes.subarray(start, colon + 1) : undefined;
}

/** An edge's text as JSON gives it. @throws SyntaxError */
export function readEdge({ bytes, encoding, starts, ends }: EdgeTexts, index: number): unknown {
  return JSON.parse(bytes.toString(encoding, starts[index] ?? 0, ends[index] ?? 0));
}

function overSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

/** The place after the last byte before `from` that is no space. */
export function backOverSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at > 0 && isSpace(bytes[at - 1])) at -= 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
