import type { Selectable } from 'kysely';
import type { ReporterState } from '../batch.ts';
import type { Tables } from '../schema/tables.ts';

export function toReporter(row: Selectable<Tables['reporter']>): ReporterState {
  return {
    instance: row.instance,
    sequence: row.sequence,
    kind: row.kind,
    cluster: row.cluster,
    seenAt: row.seen_at,
    ...(row.node !== '' && { node: row.node }),
    ...(row.version !== '' && { version: row.version }),
    ...(row.extra !== '' && { extra: row.extra }),
  };
}
