import { STATUS } from '@nm/api';
import type { schema } from '@nm/api';
import type { MapperStatus } from '../source/map-source.ts';
import { fromIntents, OLD_INTENTS, toIntentsVariables } from './compatible-edges.ts';
import { isUnknownQuery } from './mapper-client.ts';
import type { MapperClient } from './mapper-client.ts';

/** What a mapper says of itself; of an older one only how much it holds. */
export async function loadStatus(client: MapperClient, name: string, signal: AbortSignal): Promise<MapperStatus> {
  try {
    return toMapperStatus((await client.run(STATUS, {}, 'read', signal)).status);
  } catch (error) {
    if (signal.aborted || !isUnknownQuery(error)) throw error;
    const { intents } = await client.run(OLD_INTENTS, toIntentsVariables({}, []), 'read', signal);
    return {
      version: `unknown (${name} is an older mapper and tells only its edges)`,
      edges: fromIntents(intents).length,
      reporters: [],
      nodesWithoutSniffer: [],
      unresolved: [],
      dropped: [],
      lost: [],
    };
  }
}

export function toMapperStatus(status: schema.Status): MapperStatus {
  return {
    version: status.version,
    since: Date.parse(status.startedAt),
    ready: status.ready,
    cluster: status.cluster,
    store: status.store,
    edges: status.edges,
    maxEdges: status.maxEdges,
    waiting: status.waiting,
    ...(status.resetAt != null && { resetAt: Date.parse(status.resetAt) }),
    reporters: status.reporters.map((one) => ({
      kind: one.kind,
      ...(one.node != null && { node: one.node }),
      version: one.version,
      lastReportAt: Date.parse(one.lastSeen),
      observations: one.observations,
      ...(one.clockOffsetMs != null && { clockOffsetMs: one.clockOffsetMs }),
      lost: Object.values(one.losses).reduce((sum, count) => sum + Number(count), 0),
    })),
    nodesWithoutSniffer: status.nodesWithoutSniffer,
    unresolved: toReasons(status.unresolved),
    dropped: toReasons(status.dropped),
    lost: toReasons(status.losses),
  };
}

/** The largest first. */
function toReasons(counts: Readonly<Record<string, unknown>>): MapperStatus['unresolved'] {
  return Object.entries(counts)
    .map(([reason, count]) => ({ reason, count: Number(count) }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count);
}
