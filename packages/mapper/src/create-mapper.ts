import { createClusterView, createDomainLimiter, createResolver, DEFAULT_NAME_ANNOTATIONS } from '@nm/core';
import type { Clock, ClusterChange, Logger } from '@nm/core';
import type { ReflectorMetrics } from '@nm/kube';
import {
  anonymousMemory,
  collectProcessMetrics,
  createHealth,
  createHeapBound,
  createHttpListener,
  createLifecycle,
  createMemoryKeeper,
  createMetricsHandler,
  createPoolBound,
  trimHeap,
} from '@nm/runtime';
import type { HeapBound, ListenAddress, Startable } from '@nm/runtime';
import { Registry } from 'prom-client';
import { checkAuth, createAuthenticator, isAuthenticating } from './auth/create-authenticator.ts';
import { createAddressKeeper } from './cluster/address-keeper.ts';
import { ClusterFacts } from './cluster/cluster-facts.ts';
import type { ApplyChange, ClusterSource } from './cluster/cluster-source.ts';
import { createWatchMetrics } from './cluster/watch-metrics.ts';
import { createEnvironmentBook } from './cluster/environment-book.ts';
import { createEnvironmentRules } from './cluster/environments.ts';
import { createExports } from './export/create-exports.ts';
import { createQueryExecutor } from './graphql/execute-query.ts';
import { createQueryCache } from './graphql/query-cache.ts';
import { createRoot, createRowSources } from './graphql/root.ts';
import { createSchema } from './graphql/schema.ts';
import { createQueryServer } from './http/query-server.ts';
import { createByteBudget } from './http/request-body.ts';
import { createIngestTotals } from './ingest/ingest-totals.ts';
import { createIngest } from './ingest/ingest.ts';
import { ReporterBook } from './ingest/reporter-book.ts';
import { createWaitingRetry } from './ingest/waiting.ts';
import { createMapperMetrics } from './mapper-metrics.ts';
import type { MapperOptions } from './mapper-options.ts';
import { createMeshWatcher } from './mesh-watcher.ts';
import type { CreateMeshWatcher } from './mesh-watcher.ts';
import { createProtection } from './protection/create-protection.ts';
import { checkTls, createOwnCertificate, toTlsFiles } from './tls/own-certificate.ts';
import { createUpkeep, gaugeReader } from './upkeep.ts';
import { createStore } from './store/create-store.ts';
import { createChangesView } from './views/changes-view.ts';
import { createIntentsView } from './views/intents-view.ts';
import { createStatusView } from './views/status-view.ts';

export interface MapperDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Creates the source of the cluster's state; `apply` takes its changes in order. */
  readonly createSource: (apply: ApplyChange, metrics: ReflectorMetrics) => ClusterSource;
  readonly version: string;
  /** Standard variables that exports obey: OTEL_*, DO_NOT_TRACK. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Namespace of the mapper's own pod, when it runs in one. */
  readonly namespace?: string;
  /** Brings the watcher of a mesh, for --istio. */
  readonly createMeshWatcher?: CreateMeshWatcher;
  /** Gives pages of the program's own file back, whenever memory is given back. */
  readonly releaseProgramPages?: () => void;
}

export interface Mapper extends Startable {
  /** Where it listens, with real ports; after start. */
  addresses(): { readonly query: ListenAddress; readonly metrics: ListenAddress; readonly tls?: ListenAddress };
}

const STOP_TIMEOUT_MS = 9_500;
const WAITING_INTERVAL_MS = 2_000;
const ADDRESS_INTERVAL_MS = 10_000;
const CHANGES_INTERVAL_MS = 1_000;
/** Since the last trim, when it is quiet. */
const MAX_MEMORY_GROWTH_BYTES = 32 * 1_048_576;
/** Under load. Collecting so often takes about a twentieth of the time. */
const HEAP_BOUND = { growthPercent: 30, maxYoungBytes: 16 * 1_048_576 };
/** Without the program's file, of which 25 to 40 MiB are in memory: what lives with 10,000 pods and 100,000 edges is 150 MiB. */
const POOL_BOUND_BYTES = 192 * 1_048_576;
/** While the cluster is read, which is the most that is ever read at once. */
const HEAP_LOOK_MS = 5;

/** The whole server. Nothing runs before `start`; throws OptionError for options that exclude one another. */
export function createMapper(deps: MapperDeps, options: MapperOptions): Mapper {
  checkAuth(options);
  checkTls(options);
  const { clock, log } = deps;
  const cluster = options.clusterName;
  const register = new Registry();
  collectProcessMetrics(register);
  const metrics = createMapperMetrics(register);
  const health = createHealth();

  const store = createStore(
    { clock, log },
    {
      url: options.store,
      retentionMs: options.retention,
      maxEdges: options.maxEdges,
      fineActivityMs: options.activityFine,
      hourlyActivityMs: options.activityHourly,
      intervalRetentionMs: options.historyFor,
    },
  );
  const facts = new ClusterFacts({ namespace: deps.namespace, name: options.podName });
  const view = createClusterView({
    cluster,
    clusterDomains: options.clusterDomains,
    identity: {
      nameAnnotations: [...options.nameAnnotations, ...DEFAULT_NAME_ANNOTATIONS],
      ...(options.nameLabel !== undefined && { nameLabel: options.nameLabel }),
      imageNameForJobs: options.imageNameForJobs,
    },
  });
  const keeper = createAddressKeeper(
    { store, view, clock, log },
    { cluster, historyMs: options.historyFor, intervalMs: ADDRESS_INTERVAL_MS },
  );
  const protection = createProtection({ store, view, clock }, { cluster });
  const young = createHeapBound(HEAP_BOUND);
  const pool = createPoolBound(POOL_BOUND_BYTES);
  const heap: HeapBound = {
    look() {
      young.look();
      pool.look();
    },
  };
  const source = deps.createSource((change: ClusterChange) => {
    view.apply(change);
    facts.apply(change);
    keeper.note(change);
    protection.apply(change);
    metrics.clusterChanges.inc({ type: change.type });
  }, createWatchMetrics(metrics));

  const reporters = new ReporterBook();
  const totals = createIngestTotals(metrics);
  const resolver = createResolver(
    { view },
    {
      waitMs: source.isLive ? options.resolveWait : 0,
      hasSniffer: (node, at) => reporters.hasSniffer(node, at),
      nodesAreProven: isAuthenticating(options, source),
    },
  );
  const limiter = createDomainLimiter();
  const ingest = createIngest(
    { store, view, resolver, limiter, reporters, metrics, totals, clock },
    { cluster, reportIntervalMs: options.reportInterval, maxQueuedUpdates: options.maxQueuedUpdates },
  );
  const waiting = createWaitingRetry({ store, resolver, limiter, totals, clock, log }, { cluster, intervalMs: WAITING_INTERVAL_MS });
  const environments = createEnvironmentBook(
    {
      store,
      facts,
      clock,
      rules: createEnvironmentRules({
        patterns: options.environments,
        ...(options.environmentLabel !== undefined && { label: options.environmentLabel }),
      }),
    },
    { cluster },
  );
  const releaseProgramPages = (): void => deps.releaseProgramPages?.();
  const memory = createMemoryKeeper(MAX_MEMORY_GROWTH_BYTES, {
    // Pages of the program's file come back as they are used: no reason to trim.
    rssBytes: anonymousMemory,
    trim: () => {
      trimHeap();
      releaseProgramPages();
    },
  });
  const upkeep = createUpkeep(
    { store, source, facts, keeper, reporters, totals, view, environments, memory, releaseProgramPages, clock, log },
    { cluster, hasReplicas: !options.store.startsWith('sqlite:') },
  );

  const intents = createIntentsView({ store, heap }, { cluster });
  const root = createRoot(
    {
      store,
      ingest,
      intents,
      status: createStatusView(
        { store, health, facts, reporters, totals, clock },
        { version: deps.version, startedAt: clock.now(), cluster, maxEdges: options.maxEdges, retentionMs: options.retention },
      ),
      changes: createChangesView(
        { store, environmentOf: environments.environmentOf, protectionOf: protection.protection.ofEdge, metrics },
        { intervalMs: CHANGES_INTERVAL_MS, maxSubscriptions: options.maxSubscriptions },
      ),
      environments,
      ...protection,
      cluster: view,
      metrics,
      clock,
      log,
      onReset: () => limiter.reset(),
    },
    { cluster },
  );
  const schema = createSchema();
  const executor = createQueryExecutor({
    schema,
    cache: createQueryCache(schema, { introspection: options.introspection }),
    root,
    sources: createRowSources({ intents }),
    log,
  });
  const budget = createByteBudget(options.maxPendingBytes);
  const certificate = createOwnCertificate({ source, clock, log }, options);
  const server = createQueryServer(
    {
      executor,
      authenticator: createAuthenticator({ ...deps, source, facts, view, metrics }, options),
      budget,
      heap,
      health,
      metrics,
      log,
      tls: toTlsFiles(options, certificate),
    },
    { ...options, ...(deps.namespace !== undefined && { namespace: deps.namespace }) },
  );
  const exports = createExports({ ...deps, store, facts, reporters, register, metrics }, options);
  const metricsListener = createHttpListener(
    {
      handler: exports.wrap(
        createMetricsHandler({
          register,
          health,
          log,
          collect: gaugeReader({ store, view, reporters, limiter, budget, clock, metrics }),
        }),
      ),
      log,
    },
    { name: 'metrics', listen: options.metricsListen },
  );

  health.addCheck('store', () => upkeep.storeHealth());
  health.addCheck('cluster', source.health);
  health.addCheck('serving', () => ({ ok: server.isServing }));

  const lifecycle = createLifecycle({ log }, { stopTimeoutMs: STOP_TIMEOUT_MS });
  // Metrics and health first, so that a slow start can be seen; queries last, when there is something to answer with.
  lifecycle.add('metrics', metricsListener);
  lifecycle.add('store', store);
  lifecycle.add('cluster', {
    async start(signal) {
      const timer = setInterval(() => heap.look(), HEAP_LOOK_MS);
      try {
        await source.start(signal);
      } finally {
        clearInterval(timer);
      }
    },
    stop: () => source.stop(),
  });
  if (source.isLive) lifecycle.add('address history', keeper);
  lifecycle.add('upkeep', upkeep);
  lifecycle.add('exports', exports);
  lifecycle.add('waiting observations', waiting);
  if (certificate !== undefined) lifecycle.add('certificate', certificate);
  if (options.istio) {
    const { env = {}, version, createMeshWatcher: create } = deps;
    lifecycle.add('Istio watcher', createMeshWatcher({ create, ingest, store, register, clock, log, env, version }, options));
  }
  lifecycle.add('queries', server);

  return {
    addresses: () => ({ ...server.addresses(), metrics: metricsListener.address() }),
    start: (signal) => lifecycle.start(signal),
    stop: () => lifecycle.stop(),
  };
}
