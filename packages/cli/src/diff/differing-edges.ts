import { comparePeers, isAppError, parseMapDocument, toEdges } from '@nm/core';
import type { Edge } from '@nm/core';
import { cutEdges, readEdge } from './edge-texts.ts';
import type { EdgeTexts } from './edge-texts.ts';
import { isSameText } from './same-text.ts';

/** Edges that are checked at once. */
const EDGES_PER_CHECK = 500;

/**
 * The edges of two map files without those that are in both and differ in their times (and counts) only: what diffEdges
 * has to look at. Making values of the others would take most of the time that a comparison takes. The first file is
 * checked as a whole; of the second what is not the same as there.
 * Undefined when one of the files is not of the form that we write, or has a mistake: then they are to be read whole.
 */
export function differingEdges(
  before: Uint8Array,
  after: Uint8Array,
  options: { readonly counts: boolean },
): { readonly before: readonly Edge[]; readonly after: readonly Edge[] } | undefined {
  const first = cutEdges(before);
  const second = cutEdges(after);
  if (first === undefined || second === undefined) return undefined;
  try {
    return mergeByOrder(first, second, options.counts);
  } catch (error) {
    if (error instanceof SyntaxError || isAppError(error)) return undefined;
    throw error;
  }
}

/** Both files are in the map's order; where they are not, more is left over, and nothing is wrong. */
function mergeByOrder(first: EdgeTexts, second: EdgeTexts, counts: boolean): { before: Edge[]; after: Edge[] } {
  const ofFirst = createReader(first);
  const ofSecond = createReader(second);
  const before: Edge[] = [];
  const after: Edge[] = [];
  let at = 0;
  let other = 0;
  while (at < first.starts.length && other < second.starts.length) {
    if (isSameText(first, at, second, other, counts)) {
      ofFirst.check(at);
      at += 1;
      other += 1;
      continue;
    }
    const one = ofFirst.read(at);
    const two = ofSecond.read(other);
    const order = comparePeers(one.client, two.client) || comparePeers(one.server, two.server);
    if (order <= 0) {
      before.push(one);
      at += 1;
    }
    if (order >= 0) {
      after.push(two);
      other += 1;
    }
  }
  for (; at < first.starts.length; at += 1) before.push(ofFirst.read(at));
  for (; other < second.starts.length; other += 1) after.push(ofSecond.read(other));
  ofFirst.finish();
  return { before, after };
}

interface EdgeReader {
  /** @throws SyntaxError or AppError MAP_INVALID */
  read(index: number): Edge;
  /** Looks, now or later, whether an edge is one: many at once are cheaper. */
  check(index: number): void;
  /** Looks at what was put off. */
  finish(): void;
}

function createReader(texts: EdgeTexts): EdgeReader {
  const head = JSON.parse(texts.envelope) as object;
  parseMapDocument(head);
  let unchecked: unknown[] = [];
  // A merge asks for the same edge again.
  let known = -1;
  let edge: Edge | undefined;
  const finish = (): void => {
    parseMapDocument({ ...head, edges: unchecked });
    unchecked = [];
  };
  return {
    read: (index) => {
      if (known === index && edge !== undefined) return edge;
      const [read] = toEdges(parseMapDocument({ ...head, edges: [readEdge(texts, index)] }));
      if (read === undefined) throw new SyntaxError('no edge');
      known = index;
      edge = read;
      return read;
    },
    check: (index) => {
      unchecked.push(readEdge(texts, index));
      if (unchecked.length === EDGES_PER_CHECK) finish();
    },
    finish,
  };
}
