import { setTimeout as sleep } from 'node:timers/promises';
import type { schema } from '@nm/api';
import { AppError } from '@nm/core';
import type { MapperMetrics } from '../mapper-metrics.ts';
import type { EdgeFilter } from '../store/query.ts';
import type { Store } from '../store/store.ts';
import { toStoreFilter } from './edge-filter.ts';
import { toEdgeView } from './edge-view.ts';
import type { EnvironmentOf, ProtectionOf } from './edge-view.ts';

export const CHANGES_ERRORS = {
  SUBSCRIPTIONS_FULL: 'As many clients follow changes as --max-subscriptions allows. HTTP 503; try again, or ask `edges` now and then.',
  CURSOR_INVALID: 'The cursor is not one that this query gave. Begin without `after`.',
} as const;

export interface ChangesOptions {
  readonly intervalMs: number;
  readonly maxSubscriptions: number;
}

/** How far a client has read. */
interface Position {
  readonly version: number;
  readonly deletions: number;
}

/** Deletions that no store has counted. */
const NOT_OURS = -1;
/** Edges of one event. */
const CHUNK = 500;

/** Answers the subscription `changes` by asking the store for what is newer than the last event. */
export function createChangesView(
  deps: {
    readonly store: Store;
    readonly environmentOf: EnvironmentOf;
    readonly protectionOf: ProtectionOf;
    readonly metrics: MapperMetrics;
  },
  options: ChangesOptions,
): (args: schema.SubscriptionChangesArgs, signal: AbortSignal) => AsyncGenerator<{ readonly changes: object }, void> {
  const { store, environmentOf, protectionOf, metrics } = deps;
  let open = 0;

  async function* follow(
    filter: EdgeFilter,
    after: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly changes: object }, void> {
    const present = await store.status();
    let { version, deletions } = after ?? present;
    // Of another store, which had come further: what it told is void, and nothing would be newer for long.
    if (version > present.version) ({ version, deletions } = { version: present.version, deletions: NOT_OURS });
    if (after === undefined) yield { changes: { cursor: toCursor(version, deletions), edges: [], reset: false } };
    while (!signal.aborted) {
      const found = await store.changes({ since: version, filter, limit: CHUNK });
      const reset = found.deletions !== deletions;
      ({ version, deletions } = found);
      if (reset || found.edges.length > 0) {
        yield {
          changes: {
            cursor: toCursor(version, deletions),
            edges: found.edges.map((edge) => toEdgeView(edge, environmentOf, protectionOf)),
            reset,
          },
        };
      }
      if (!found.more) await sleep(options.intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async function* counted(events: AsyncGenerator<{ readonly changes: object }, void>): AsyncGenerator<{ readonly changes: object }, void> {
    open++;
    metrics.subscriptions.set(open);
    try {
      yield* events;
    } finally {
      open--;
      metrics.subscriptions.set(open);
    }
  }

  return (args, signal) => {
    if (open >= options.maxSubscriptions) {
      throw new AppError('SUBSCRIPTIONS_FULL', `${open} clients follow changes already; try again later`);
    }
    return counted(follow(toStoreFilter(args.filter), args.after == null ? undefined : parseCursor(args.after), signal));
  };
}

function toCursor(version: number, deletions: number): string {
  return `${version}.${deletions}`;
}

function parseCursor(cursor: string): Position {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor);
  if (match === null) throw new AppError('CURSOR_INVALID', 'after is not a cursor of this subscription; leave it out to begin now');
  return { version: Number(match[1]), deletions: Number(match[2]) };
}
