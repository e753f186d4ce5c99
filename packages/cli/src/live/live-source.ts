import { EDGES, RESET } from '@nm/api';
import type { schema } from '@nm/api';
import { AppError, selectEdges, toRfc3339 } from '@nm/core';
import type { Edge, EdgeFilter } from '@nm/core';
import type { LiveMapSource, LoadedMap, MapQuery } from '../source/map-source.ts';
import { fromIntents, OLD_INTENTS, toIntentsVariables } from './compatible-edges.ts';
import { loadStatus } from './load-status.ts';
import { createMapperClient, isUnknownQuery } from './mapper-client.ts';
import type { MapperClient } from './mapper-client.ts';
import type { MapperWay } from './mapper-way.ts';
import { toApiFilter } from './to-api-filter.ts';
import { fromApiEdges } from './to-edges.ts';
import { watchChanges } from './watch-changes.ts';

/** The most that the API gives at once. */
const PAGE = 1000;
/** Edges that are held at once; more would not fit into memory beside what is made of them. */
const MAX_EDGES = 2_000_000;

/** A mapper that answers over the way. Rejects with AppError MAPPER_UNREACHABLE. */
export function createLiveSource(way: MapperWay, deps: { readonly now: () => number }): LiveMapSource {
  const client = createMapperClient(way);
  return {
    name: way.name,
    async loadEdges(query, signal) {
      try {
        return await loadPages(client, way.name, query.filter, deps.now(), signal);
      } catch (error) {
        if (signal.aborted || !isUnknownQuery(error)) throw error;
        return await loadCompatible(client, way.name, query, deps.now(), signal);
      }
    },
    status: (signal) => loadStatus(client, way.name, signal),
    watch: (query, signal) => watchChanges(client, query.filter, deps, signal),
    async reset(signal) {
      const { resetCapture } = await client.run(RESET, {}, 'reset', signal);
      if (!resetCapture) throw new AppError('MAPPER_UNREACHABLE', `${way.name} did not reset its map: try again`);
    },
    openWeb: () => way.openWeb(),
    close: () => way.close(),
  };
}

async function loadPages(client: MapperClient, name: string, filter: EdgeFilter, now: number, signal: AbortSignal): Promise<LoadedMap> {
  const { since, until } = filter;
  const edges: Edge[] = [];
  let window: { readonly since?: string | null; readonly until?: string | null } = {};
  for (let after: string | null = null; ;) {
    const page = await runPage(after);
    for (const edge of fromApiEdges(page.nodes)) edges.push(edge);
    window = page.window;
    if (!page.pageInfo.hasNextPage) break;
    const next: string | null = page.pageInfo.endCursor ?? null;
    if (next === null || next === after || edges.length > MAX_EDGES)
      throw new AppError(
        'MAPPER_UNREACHABLE',
        `${name} has more than ${edges.length} edges to show: ask for less (-n, --since, --workload)`,
      );
    after = next;
  }
  const { since: _since, until: _until, ...rest } = filter;
  return {
    edges: selectEdges(edges, rest),
    generatedAt: now,
    window: { ...instant('since', window.since), ...instant('until', window.until) },
    hasOwnWindow: true,
  };

  async function runPage(after: string | null): Promise<schema.EdgeConnection> {
    const answer = await client.run(
      EDGES,
      {
        filter: toApiFilter(filter),
        since: since === undefined ? null : toRfc3339(since),
        until: until === undefined ? null : toRfc3339(until),
        first: PAGE,
        after,
      },
      'read',
      signal,
    );
    return answer.edges;
  }
}

async function loadCompatible(client: MapperClient, name: string, query: MapQuery, now: number, signal: AbortSignal): Promise<LoadedMap> {
  const { intents } = await client.run(OLD_INTENTS, toIntentsVariables(query.filter, query.labelKeys ?? []), 'read', signal);
  const asked = query.filter.since !== undefined || query.filter.until !== undefined || query.filter.evidence !== undefined;
  return {
    edges: fromIntents(intents),
    generatedAt: now,
    window: {},
    notes: [
      `${name} is an older mapper: it tells neither ports nor evidence nor times${asked ? ', so --since, --until and --evidence cannot be applied' : ''}.`,
    ],
  };
}

function instant<K extends 'since' | 'until'>(key: K, text: string | null | undefined): { readonly [P in K]?: number } {
  return text == null ? {} : ({ [key]: Date.parse(text) } as { readonly [P in K]?: number });
}
