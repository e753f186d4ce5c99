import { CHANGES } from '@nm/api';
import type { EdgeFilter } from '@nm/core';
import type { EdgeChange } from '../source/map-source.ts';
import { delay } from './mapper-client.ts';
import type { MapperClient } from './mapper-client.ts';
import { toApiFilter } from './to-api-filter.ts';
import { fromApiEdges } from './to-edges.ts';

/** Tries after a lost connection before giving up; each waits twice as long as the one before. */
const MAX_TRIES = 5;
const FIRST_WAIT_MS = 500;
/** Reports reach the mapper some seconds after what they tell of. */
const REPORT_DELAY_MS = 15_000;
/** Edges whose first appearance is remembered; at the bound all are forgotten, and some may be called new once more. */
const MAX_SHOWN = 100_000;

/** Edges as the mapper stores them, over reconnections, until the signal. */
export async function* watchChanges(
  client: MapperClient,
  filter: EdgeFilter,
  deps: { readonly now: () => number },
  signal: AbortSignal,
): AsyncGenerator<EdgeChange> {
  const isNewSince = deps.now() - REPORT_DELAY_MS;
  const shown = new Set<string>();
  let after: string | null = null;
  for (let failures = 0; !signal.aborted;) {
    try {
      for await (const { changes } of client.subscribe(CHANGES, { filter: toApiFilter(filter), after }, signal)) {
        failures = 0;
        after = changes.cursor;
        if (changes.reset) {
          shown.clear();
          yield { type: 'reset' };
        }
        for (const node of changes.edges) {
          const [edge] = fromApiEdges([node]);
          if (edge === undefined) continue;
          const isNew = Date.parse(node.firstSeen) >= isNewSince && !shown.has(node.id);
          if (shown.size >= MAX_SHOWN) shown.clear();
          shown.add(node.id);
          yield { type: isNew ? 'added' : 'changed', edge };
        }
      }
      // The mapper ended the stream, as it does when it stops: another one may go on.
      failures += 1;
      if (failures > MAX_TRIES) return;
    } catch (error) {
      failures += 1;
      // A connection that never stood is told at once.
      if (signal.aborted) return;
      if (after === null || failures > MAX_TRIES) throw error;
    }
    await delay(FIRST_WAIT_MS * 2 ** (failures - 1), signal);
  }
}
