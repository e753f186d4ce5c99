import type { ClusterChange } from '@nm/core';
import { eventTime } from './dump-history.ts';
import type { DumpHistory } from './dump-history.ts';
import { toContent } from './entries.ts';
import { dumpError } from './dump-error.ts';
import { readLines } from './read-text.ts';
import type { TroubleCount } from './warnings.ts';

/** Changes are handed on in parts of about this many. */
const PART_SIZE = 1000;

/**
 * A watch stream: one JSON value per line, an event ({type, object, time?}) or an object. Broken lines are counted
 * and skipped; the last one may be cut off. Throws `dump-not-parsable` when no line at all is JSON.
 */
export async function* applyWatchStream(
  path: string,
  history: DumpHistory,
  troubles: TroubleCount,
  signal?: AbortSignal,
): AsyncGenerator<ClusterChange[]> {
  let part: ClusterChange[] = [];
  let good = 0;
  let firstBad: number | undefined;
  /** Events come in their order: the newest time that any of them told of. */
  let clock: number | undefined;
  for await (const { text, number } of readLines(path, signal)) {
    if (text?.trim() === '') continue;
    const document = parseLine(text);
    if (document === undefined) {
      firstBad ??= number;
      troubles.add('bad-line', `${path} line ${number}`);
      continue;
    }
    good += 1;
    const where = `${path} line ${number}`;
    // A List on a line is a dump of its own; its objects tell the only time there is.
    const content = toContent(document, where, troubles);
    for (const item of content.items) {
      part.push(...history.applyEvent(item.entry, item.type === 'event' && item.deleted, eventTime(item, clock), where));
      const told = (item.type === 'event' ? item.time : undefined) ?? item.entry.newestAt;
      if (told !== undefined && told > (clock ?? -Infinity)) clock = told;
    }
    if (part.length >= PART_SIZE) {
      yield part;
      part = [];
    }
  }
  if (good === 0 && firstBad !== undefined) {
    throw dumpError('dump-not-parsable', path, `is not JSON at line ${firstBad}, column 1: a watch stream has one JSON object per line`);
  }
  yield part;
}

function parseLine(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
