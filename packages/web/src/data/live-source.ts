import { ACTIVITY, ApiError, NAMESPACES, STATUS } from '@nm/api';
import type { ApiClient, Operation, schema } from '@nm/api';
import type { UiEdge } from '../graph/ui-edge.ts';
import { FULL_EDGES, SLIM_EDGES, WEB_CHANGES, WEB_DECLARED, WEB_EDGE, WEB_LABELS, WEB_OVERVIEW, WEB_WORKLOAD } from './operations.ts';
import { LARGE_MAP_EDGES, OVERVIEW_EDGES } from './source.ts';
import type { LoadProgress, MapSource } from './source.ts';
import type { TimeWindow } from './time-range.ts';
import { toOverview } from './to-overview.ts';
import { toDeclaredEdge, toUiEdge } from './to-ui-edge.ts';

export interface LiveSourceDeps {
  readonly client: ApiClient;
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

const PAGE_EDGES = 1_000;
const FIRST_PAGE_EDGES = 500;
const PARALLEL = 4;
/** Links between groups that a picture from above can use, and declared calls that were never seen. */
const OVERVIEW_LINKS = 2_000;
const MAX_DECLARED = 5_000;
const QUERY_TIMEOUT_MS = 30_000;
const HEAD_START_MS = 600;
const RECONNECT_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;

type EdgesOperation = Operation<{ readonly edges: schema.EdgeConnection }, schema.QueryEdgesArgs>;

/** A mapper as a source. System traffic and unknown ends are always loaded: showing them is the filter's affair. */
export function createLiveSource({ client, delay }: LiveSourceDeps, label: string): MapSource {
  const everything = { includeSystem: true, includeUnknown: true };

  async function loadPages(
    operation: EdgesOperation,
    variables: schema.QueryEdgesArgs,
    onPage: (page: schema.EdgeConnection, edges: readonly UiEdge[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let after = variables.after ?? null;
    for (;;) {
      const { edges: page } = await client.run(
        operation,
        { first: PAGE_EDGES, ...variables, after },
        { signal, timeoutMs: QUERY_TIMEOUT_MS },
      );
      onPage(page, page.nodes.map(toUiEdge));
      if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor == null) return;
      after = page.pageInfo.endCursor;
    }
  }

  return {
    kind: 'live',
    label,
    defaultTime: { type: 'last', ms: 86_400_000 },

    async load(window, onPage, signal, onOverview) {
      const variables = { ...toVariables(window), filter: everything };
      const first = await client.run(FULL_EDGES, { ...variables, first: FIRST_PAGE_EDGES }, { signal, timeoutMs: QUERY_TIMEOUT_MS });
      const total = first.edges.totalCount;
      let loaded = first.edges.nodes.length;
      if (total > OVERVIEW_EDGES && onOverview !== undefined) {
        const overview = await unlessUnknown(
          client.run(WEB_OVERVIEW, { ...variables, filter: null, first: OVERVIEW_LINKS }, { signal, timeoutMs: QUERY_TIMEOUT_MS }),
        );
        if (overview !== undefined) {
          onOverview(toOverview(overview.overview));
          // The rest is no hurry: what is there is drawn first.
          await delay(HEAD_START_MS, signal);
        }
      }
      onPage(first.edges.nodes.map(toUiEdge), { loaded, total });
      const report = (_page: schema.EdgeConnection, edges: readonly UiEdge[]): void => {
        loaded += edges.length;
        onPage(edges, { loaded: Math.min(loaded, total), total } satisfies LoadProgress);
      };
      if (total > LARGE_MAP_EDGES) {
        loaded = 0;
        await loadParts(SLIM_EDGES, variables, report, signal);
      } else if (first.edges.pageInfo.hasNextPage && first.edges.pageInfo.endCursor != null) {
        await loadPages(FULL_EDGES, { ...variables, after: first.edges.pageInfo.endCursor }, report, signal);
      }
      const declared = await unlessUnknown(client.run(WEB_DECLARED, { unseen: true, first: MAX_DECLARED }, { signal }));
      if (declared !== undefined) onPage(declared.declaredCalls.nodes.map(toDeclaredEdge), { loaded: total, total });
      return { window: parseWindow(first.edges.window) };
    },

    loadDetailed: (window, onPage, signal) => loadParts(FULL_EDGES, toVariables(window), (_page, edges) => onPage(edges), signal),

    async loadEdges(ids, window, signal) {
      const filter = { ...everything, ids: [...ids] };
      const { edges } = await client.run(FULL_EDGES, { ...toVariables(window), filter, first: PAGE_EDGES }, { signal });
      return edges.nodes.map(toUiEdge);
    },

    loadNamespace: (namespace, window, onPage, signal) =>
      loadPages(
        SLIM_EDGES,
        { ...toVariables(window), filter: { ...everything, namespaces: [namespace] } },
        (_page, edges) => onPage(edges),
        signal,
      ),

    async loadLabels(onPage, signal) {
      for (let after: string | null = null; ;) {
        const { workloads }: { readonly workloads: schema.WorkloadConnection } = await client.run(
          WEB_LABELS,
          { first: PAGE_EDGES, after },
          { signal, timeoutMs: QUERY_TIMEOUT_MS },
        );
        onPage(workloads.nodes.flatMap(({ labels, ...name }) => (labels == null ? [] : [{ ...name, labels }])));
        if (!workloads.pageInfo.hasNextPage || workloads.pageInfo.endCursor == null) return;
        after = workloads.pageInfo.endCursor;
      }
    },

    async loadWorkload({ cluster, namespace, name, kind }, signal) {
      const filter = { clusters: [cluster], namespaces: [namespace], text: name };
      const { pods, workloads } = await client.run(WEB_WORKLOAD, { workload: { cluster, namespace, name, kind }, filter }, { signal });
      const protection = workloads.nodes.find(
        (node) => node.name === name && node.namespace === namespace && node.kind === kind,
      )?.protection;
      return { pods, ...(protection == null ? {} : { protection }) };
    },

    async loadEdge(id, window, signal) {
      const { edge } = await client.run(WEB_EDGE, { id, ...toVariables(window) }, { signal });
      return edge == null ? undefined : toUiEdge(edge);
    },

    async loadActivity({ window, buckets, edgeId }, signal) {
      const { activity } = await client.run(
        ACTIVITY,
        { ...toVariables(window), buckets, filter: everything, edge: edgeId ?? null },
        { signal, timeoutMs: QUERY_TIMEOUT_MS },
      );
      const points = activity.points.map(({ at, count }) => ({ at: Date.parse(at), count }));
      return { bucketMs: activity.bucketMs, points, unit: 'calls' };
    },

    async loadStatus(signal) {
      return (await client.run(STATUS, {}, { signal })).status;
    },

    async follow(onChange, onState, signal) {
      let cursor: string | undefined;
      let failures = 0;
      while (!signal.aborted) {
        try {
          const variables = { filter: everything, after: cursor ?? null };
          for await (const { changes } of client.subscribe(WEB_CHANGES, variables, { signal })) {
            failures = 0;
            onState('connected');
            cursor = changes.cursor;
            onChange({ edges: changes.edges.map(toUiEdge), reset: changes.reset });
          }
        } catch {
          failures += 1;
        }
        if (signal.aborted) return;
        // A stream that ended by itself (a proxy's time limit) is taken up again where it stopped.
        if (failures > 0) onState('reconnecting');
        await delay(RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)] ?? 10_000, signal);
      }
    },
  };

  /** All edges, several pages at a time. */
  async function loadParts(
    operation: EdgesOperation,
    variables: schema.QueryEdgesArgs,
    onPage: (page: schema.EdgeConnection, edges: readonly UiEdge[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const parts = await partition(signal);
    const next = async (): Promise<void> => {
      for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
        await loadPages(operation, { ...variables, filter: { ...everything, client: part } }, onPage, signal);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, next));
  }

  /** Disjoint sets of clients that together are all of them, so that pages can be fetched side by side. */
  async function partition(signal: AbortSignal): Promise<schema.PeerFilter[]> {
    const { namespaces } = await client.run(NAMESPACES, {}, { signal });
    const names = [...new Set(namespaces.map(({ name }) => name))];
    const size = Math.max(1, Math.ceil(names.length / (PARALLEL * 3)));
    const parts: schema.PeerFilter[] = [{ types: ['internet', 'apiServer', 'node', 'aws', 'gcp', 'azure', 'unknown'] }];
    for (let start = 0; start < names.length; start += size) parts.push({ namespaces: names.slice(start, start + size) });
    return parts;
  }
}

/** Undefined from a mapper that is older than the question. */
async function unlessUnknown<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'API_INVALID_QUERY') return undefined;
    throw error;
  }
}

function toVariables({ since, until }: TimeWindow): { readonly since: string | null; readonly until: string | null } {
  return {
    since: since === undefined ? null : new Date(since).toISOString(),
    until: until === undefined ? null : new Date(until).toISOString(),
  };
}

function parseWindow({ since, until }: schema.Window): TimeWindow {
  return { ...(since == null ? {} : { since: Date.parse(since) }), ...(until == null ? {} : { until: Date.parse(until) }) };
}
