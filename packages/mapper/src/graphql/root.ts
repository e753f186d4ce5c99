import type { ReportAnswer, schema } from '@nm/api';
import { toRfc3339 } from '@nm/core';
import type { Clock, ClusterView, Logger } from '@nm/core';
import { GraphQLError } from 'graphql';
import { requireNode, requirePermission } from '../auth/identity.ts';
import type { EnvironmentBook } from '../cluster/environment-book.ts';
import {
  fromAws,
  fromAzure,
  fromDestinations,
  fromGcp,
  fromIstio,
  fromKafka,
  fromTraffic,
  MAX_COMPATIBLE_ITEMS,
} from '../ingest/compatible.ts';
import type { CompatibleReport } from '../ingest/compatible.ts';
import { IngestError } from '../ingest/ingest.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { MapperMetrics } from '../mapper-metrics.ts';
import type { createDeclaredCalls } from '../protection/declared-calls.ts';
import type { ProtectionView } from '../protection/protection-view.ts';
import type { Tallier } from '../protection/tallier.ts';
import { MAX_PAGE } from '../store/query.ts';
import type { StoredEdge } from '../store/query.ts';
import type { Store } from '../store/store.ts';
import { readActivity } from '../views/activity-view.ts';
import type { createChangesView } from '../views/changes-view.ts';
import { toStoreFilter, toWindow, toWorkloadFilter } from '../views/edge-filter.ts';
import { toEdgeView } from '../views/edge-view.ts';
import type { IntentsView } from '../views/intents-view.ts';
import { createOverviewView } from '../views/overview-view.ts';
import { toWindowView } from '../views/window-view.ts';
import { toPodsView } from '../views/pods-view.ts';
import type { RequestContext } from './request-context.ts';
import type { RowSource } from './streamed-query.ts';

export interface RootDeps {
  readonly store: Store;
  readonly ingest: Ingest;
  readonly intents: IntentsView;
  readonly status: () => Promise<schema.Status>;
  readonly changes: ReturnType<typeof createChangesView>;
  readonly environments: EnvironmentBook;
  readonly protection: ProtectionView;
  readonly tallier: Tallier;
  readonly declaredCalls: ReturnType<typeof createDeclaredCalls>;
  readonly cluster: ClusterView;
  readonly metrics: MapperMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after a reset, for what is remembered outside of the store. */
  readonly onReset: () => void;
}

const DEFAULT_PAGE = 100;

/** Fields of the root types; graphql calls them with (args, context). Each asks for its permission first. */
export function createRoot(deps: RootDeps, options: { readonly cluster: string }): object {
  return { ...createReads(deps, options), ...createWrites(deps, options) };
}

/** The fields that may have very many rows, for answers that are written as they are read. */
export function createRowSources(deps: Pick<RootDeps, 'intents'>): ReadonlyMap<string, RowSource> {
  return new Map<string, RowSource>([
    [
      'intents',
      (args: schema.QueryIntentsArgs, context) => {
        requirePermission(context.identity, 'read');
        return deps.intents.intents(args, context.signal);
      },
    ],
    [
      'serviceIntents',
      (args: schema.QueryServiceIntentsArgs, context) => {
        requirePermission(context.identity, 'read');
        return deps.intents.serviceIntents(args, context.signal);
      },
    ],
  ]);
}

async function collect<T>(rows: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const some of rows) for (const row of some) all.push(row);
  return all;
}

function createReads(deps: RootDeps, options: { readonly cluster: string }): object {
  const { store, environments } = deps;
  const environmentOf = environments.environmentOf;
  const toView = (edge: StoredEdge): object => toEdgeView(edge, environmentOf, deps.protection.ofEdge);
  const read = (context: RequestContext): void => requirePermission(context.identity, 'read');
  const overview = createOverviewView({ ...deps, environmentOf });

  return {
    health: () => true,
    async serviceIntents(args: schema.QueryServiceIntentsArgs, context: RequestContext) {
      read(context);
      return collect(deps.intents.serviceIntents(args, context.signal));
    },
    async intents(args: schema.QueryIntentsArgs, context: RequestContext) {
      read(context);
      return collect(deps.intents.intents(args, context.signal));
    },
    async edges(args: schema.QueryEdgesArgs, context: RequestContext) {
      read(context);
      const filter = toStoreFilter(args.filter);
      const window = toWindow(args.since, args.until);
      const page = await store.edges({ filter, window, first: pageSize(args.first), ...(args.after != null && { after: args.after }) });
      return {
        nodes: page.edges.map(toView),
        pageInfo: { hasNextPage: page.hasNextPage, endCursor: page.endCursor },
        totalCount: () => store.countEdges({ filter, window }),
        window: toWindowView(page.window),
      };
    },
    async overview(args: schema.QueryOverviewArgs, context: RequestContext) {
      read(context);
      return overview(args);
    },
    async edge(args: schema.QueryEdgeArgs, context: RequestContext) {
      read(context);
      const id = Number(args.id);
      if (!Number.isSafeInteger(id) || id < 0) return null;
      const page = await store.edges({ filter: { ids: [id] }, window: toWindow(args.since, args.until), first: 1 });
      const [found] = page.edges;
      return found === undefined ? null : toView(found);
    },
    async workloads(args: schema.QueryWorkloadsArgs, context: RequestContext) {
      read(context);
      const page = await store.workloads({
        filter: toWorkloadFilter(args.filter),
        classes: ['app'],
        first: pageSize(args.first),
        ...(args.after != null && { after: args.after }),
      });
      return {
        nodes: page.workloads.map(({ workload, clientOf, serverOf, lastSeenAt }) => ({
          ...workload,
          environment: () => environmentOf(workload.cluster, workload.namespace),
          outgoing: clientOf,
          incoming: serverOf,
          lastSeen: toRfc3339(lastSeenAt),
          protection: () => deps.protection.ofWorkload(workload) ?? null,
        })),
        pageInfo: { hasNextPage: page.hasNextPage, endCursor: page.endCursor },
      };
    },
    pods({ workload }: schema.QueryPodsArgs, context: RequestContext) {
      read(context);
      return toPodsView(deps.cluster, workload);
    },
    async declaredCalls(args: schema.QueryDeclaredCallsArgs, context: RequestContext) {
      read(context);
      return deps.declaredCalls(args);
    },
    async clusters(_: unknown, context: RequestContext) {
      read(context);
      const known = (await store.clusters()).map(({ uid, name }) => ({ id: uid, name, own: name === options.cluster }));
      const others = known.filter(({ own }) => !own);
      return [known.find(({ own }) => own) ?? { name: options.cluster, own: true }, ...others];
    },
    async namespaces(args: schema.QueryNamespacesArgs, context: RequestContext) {
      read(context);
      const all = await environments.namespaces();
      return args.clusters == null || args.clusters.length === 0 ? all : all.filter(({ cluster }) => args.clusters?.includes(cluster));
    },
    async environments(_: unknown, context: RequestContext) {
      read(context);
      const groups = Map.groupBy(await environments.namespaces(), ({ environment }) => environment);
      return [...groups]
        .flatMap(([name, namespaces]) => (name === undefined ? [] : [{ name, namespaces }]))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    async activity(args: schema.QueryActivityArgs, context: RequestContext) {
      read(context);
      return readActivity(deps, args);
    },
    async status(_: unknown, context: RequestContext) {
      read(context);
      return deps.status();
    },
    changes(args: schema.SubscriptionChangesArgs, context: RequestContext) {
      read(context);
      return deps.changes(args, context.signal);
    },
  };
}

function createWrites(deps: RootDeps, options: { readonly cluster: string }): object {
  const { store, ingest, metrics, clock, log } = deps;
  type Counter = MapperMetrics['oldDnsReported'];

  /** Stores a compatible report; true when it is stored. */
  async function storeReport(
    context: RequestContext,
    size: number,
    counters: readonly [reported: Counter, dropped: Counter],
    decode: (now: number) => CompatibleReport,
  ): Promise<boolean> {
    requirePermission(context.identity, 'compatibleReport');
    if (size > MAX_COMPATIBLE_ITEMS) {
      counters[1].inc(size);
      throw new IngestError('REPORT_INVALID', `a report of ${size} items is larger than ${MAX_COMPATIBLE_ITEMS}`);
    }
    const { items, refused } = decode(clock.now());
    counters[1].inc(refused);
    await ingest.storeCompatible(items);
    counters[0].inc(items.length);
    return true;
  }

  const destinationsOf = (results: readonly schema.RecordedDestinationsForSrc[]): number =>
    results.reduce((sum, { destinations }) => sum + destinations.length, 0);

  return {
    async resetCapture(_: unknown, context: RequestContext) {
      requirePermission(context.identity, 'reset');
      const { edges } = await store.reset({ cluster: options.cluster, at: clock.now() });
      deps.onReset();
      log.info('map reset', { by: context.identity.name, edges });
      return true;
    },
    async report({ batch }: { batch: unknown }, context: RequestContext): Promise<ReportAnswer> {
      requirePermission(context.identity, 'report');
      const { identity } = context;
      return ingest.report(batch, {
        mayReport: (node) => requireNode(identity, node),
        sees: identity.node === undefined ? undefined : identity.node === null ? 'names' : 'packets',
      });
    },
    reportCaptureResults: ({ results: { results } }: schema.MutationReportCaptureResultsArgs, context: RequestContext) =>
      storeReport(context, destinationsOf(results), [metrics.oldDnsReported, metrics.oldDnsDropped], (now) =>
        fromDestinations('dns', results, now),
      ),
    reportTCPCaptureResults: ({ results: { results } }: schema.MutationReportTCPCaptureResultsArgs, context: RequestContext) =>
      storeReport(context, destinationsOf(results), [metrics.oldTcpReported, metrics.oldTcpDropped], (now) =>
        fromDestinations('tcp', results, now),
      ),
    reportSocketScanResults: ({ results: { results } }: schema.MutationReportSocketScanResultsArgs, context: RequestContext) =>
      storeReport(context, destinationsOf(results), [metrics.oldSocketReported, metrics.oldSocketDropped], (now) =>
        fromDestinations('socket', results, now),
      ),
    reportKafkaMapperResults: ({ results: { results } }: schema.MutationReportKafkaMapperResultsArgs, context: RequestContext) =>
      storeReport(context, results.length, [metrics.oldKafkaReported, metrics.oldKafkaDropped], (now) => fromKafka(results, now)),
    reportIstioConnectionResults: ({ results: { results } }: schema.MutationReportIstioConnectionResultsArgs, context: RequestContext) =>
      storeReport(context, results.length, [metrics.oldIstioReported, metrics.oldIstioDropped], (now) => fromIstio(results, now)),
    reportAWSOperation: ({ operation }: schema.MutationReportAWSOperationArgs, context: RequestContext) =>
      storeReport(context, operation.length, [metrics.oldAwsReports, metrics.oldAwsDropped], (now) => fromAws(operation, now)),
    reportGCPOperation: ({ operation }: schema.MutationReportGCPOperationArgs, context: RequestContext) =>
      storeReport(context, operation.length, [metrics.oldGcpReports, metrics.oldGcpDropped], (now) => fromGcp(operation, now)),
    reportAzureOperation: ({ operation }: schema.MutationReportAzureOperationArgs, context: RequestContext) =>
      storeReport(context, operation.length, [metrics.oldAzureReports, metrics.oldAzureDropped], (now) => fromAzure(operation, now)),
    reportTrafficLevelResults: ({ results: { results } }: schema.MutationReportTrafficLevelResultsArgs, context: RequestContext) =>
      storeReport(context, results.length, [metrics.trafficReported, metrics.trafficRefused], (now) => fromTraffic(results, now)),
  };
}

function pageSize(first: number | null | undefined): number {
  if (first == null) return DEFAULT_PAGE;
  if (first < 1 || first > MAX_PAGE)
    throw new GraphQLError(`first must be from 1 to ${MAX_PAGE}`, { extensions: { code: 'ARGUMENT_INVALID' } });
  return first;
}
