import { createClusterView, createDomainLimiter, createResolver, DEFAULT_NAME_ANNOTATIONS } from '@nm/core';
import type { Clock, ClusterChange, DomainLimiter, Logger } from '@nm/core';
import type { ReflectorMetrics } from '@nm/kube';
import {
  createHealth,
  createHeapBound,
  createHttpListener,
  createLifecycle,
  createMemoryKeeper,
  createMetricsHandler,
  OptionError,
} from '@nm/runtime';
import type { ListenAddress, Startable } from '@nm/runtime';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createKubernetesAuthenticator } from './auth/kubernetes-authenticator.ts';
import type { Authenticator } from './auth/identity.ts';
import { isLoopbackHost } from './auth/loopback.ts';
import { createOpenAuthenticator } from './auth/open-authenticator.ts';
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
import { warmUp } from './graphql/warm-up.ts';
import { createQueryHandler } from './http/query-handler.ts';
import { createByteBudget } from './http/request-body.ts';
import { createRouter } from './http/router.ts';
import { loadStaticFiles } from './http/static-files.ts';
import { createIngestTotals } from './ingest/ingest-totals.ts';
import { createIngest } from './ingest/ingest.ts';
import { createReportGate } from './ingest/report-gate.ts';
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
/** While the cluster is read, which is the most that is ever read at once. */
const HEAP_LOOK_MS = 5;
const HEARTBEAT_MS = 15_000;
/** Reports that are let in are answered within about this time and that of one transaction. */
const MAX_REPORT_WORK_MS = 100;

/** The whole server. Nothing runs before `start`; throws OptionError for options that exclude one another. */
export function createMapper(deps: MapperDeps, options: MapperOptions): Mapper {
  checkAuth(options);
  const { clock, log } = deps;
  const cluster = options.clusterName;
  const register = new Registry();
  collectDefaultMetrics({ register });
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
  const heap = createHeapBound(HEAP_BOUND);
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
  const limiter = createResettableLimiter();
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
  const memory = createMemoryKeeper(MAX_MEMORY_GROWTH_BYTES);
  const upkeep = createUpkeep(
    { store, source, facts, keeper, reporters, view, environments, memory, clock, log },
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
  const stopping = new AbortController();
  const query = createQueryHandler(
    {
      executor,
      stopping: stopping.signal,
      authenticator: createAuthenticator(deps, options, source, facts, view, metrics),
      budget,
      heap,
      gate: createReportGate({ now: () => performance.now() }, { maxWorkMs: MAX_REPORT_WORK_MS }),
      metrics,
      log,
    },
    { maxBodyBytes: options.maxBody, heartbeatMs: HEARTBEAT_MS },
  );

  const files = { current: undefined as Awaited<ReturnType<typeof loadStaticFiles>> | undefined };
  const router = createRouter(
    { query, health, files: { size: 0, handle: (request, response) => files.current?.handle(request, response) ?? false } },
    {
      allowedHosts: [...options.allowedHosts, options.listen.host ?? ''].map((host) => host.toLowerCase()).filter((host) => host !== ''),
      clusterDomains: options.clusterDomains,
      ...(deps.namespace !== undefined && { namespace: deps.namespace }),
    },
  );
  const certificate = createOwnCertificate({ source, clock, log }, options);
  const tls = toTlsFiles(options, certificate);
  const { tlsListen } = options;
  const onRefused = (reason: string): void => metrics.refusedConnections.inc({ reason });
  const queryListener = createHttpListener(
    { handler: router, log, onRefused },
    { name: 'queries', listen: options.listen, ...(tlsListen === undefined && tls) },
  );
  const tlsListener =
    tlsListen === undefined
      ? undefined
      : createHttpListener({ handler: router, log, onRefused }, { name: 'queries with TLS', listen: tlsListen, ...tls });
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

  let isServing = false;
  health.addCheck('store', () => upkeep.storeHealth());
  health.addCheck('cluster', source.health);
  health.addCheck('serving', () => ({ ok: isServing }));

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
  lifecycle.add('queries', {
    async start(signal) {
      files.current = await loadStaticFiles(options.web);
      await warmUp(executor, stopping.signal);
      await queryListener.start(signal);
      await tlsListener?.start(signal);
      isServing = true;
    },
    async stop() {
      isServing = false;
      stopping.abort();
      await Promise.all([queryListener.stop(), tlsListener?.stop()]);
    },
  });

  return {
    addresses: () => ({
      query: queryListener.address(),
      metrics: metricsListener.address(),
      ...(tlsListener !== undefined && { tls: tlsListener.address() }),
    }),
    start: (signal) => lifecycle.start(signal),
    stop: () => lifecycle.stop(),
  };
}

/** Options about identity that exclude one another; said before anything listens. */
function checkAuth(options: MapperOptions): void {
  const isLocal = [options.listen, options.tlsListen].every((listen) => listen === undefined || isLoopbackHost(listen.host));
  if (options.auth === 'none' && !isLocal && !options.authNoneAnywhere) {
    throw new OptionError(
      'option_conflict',
      '--auth none lets anybody read, reset and forge the map, and --listen is not on a loopback address: listen on 127.0.0.1, or add --auth-none-i-mean-it',
    );
  }
  if (options.auth === 'kubernetes' && options.kube.length > 0) {
    throw new OptionError(
      'option_conflict',
      '--kube reads a dump, and --auth kubernetes needs an API server to check tokens: add --auth none',
    );
  }
  checkTls(options);
}

/** Whether reporters prove who they are, and on which node. */
function isAuthenticating(options: MapperOptions, source: ClusterSource): boolean {
  return options.auth !== 'none' && source.reviewToken !== undefined;
}

function createAuthenticator(
  deps: MapperDeps,
  options: MapperOptions,
  source: ClusterSource,
  facts: ClusterFacts,
  view: ReturnType<typeof createClusterView>,
  metrics: ReturnType<typeof createMapperMetrics>,
): Authenticator {
  const { reviewToken } = source;
  if (!isAuthenticating(options, source) || reviewToken === undefined) return createOpenAuthenticator();
  const namespace = options.authNamespace ?? deps.namespace;
  if (namespace === undefined) {
    throw new OptionError(
      'option_conflict',
      'the namespace of the reporters’ ServiceAccounts is not known outside of a pod: add --auth-namespace',
    );
  }
  return createKubernetesAuthenticator(
    {
      reviewToken,
      clock: deps.clock,
      log: deps.log,
      metrics,
      nodeOfPod: (uid) => view.pods.byPodUid(uid, undefined)?.record.nodeName,
      hasMeshSidecar: () => facts.hasMeshSidecar,
    },
    {
      audience: options.authAudience,
      namespace,
      sniffers: options.authSniffers,
      watchers: options.authWatchers,
      readers: options.authReaders,
      admins: options.authAdmins,
      loopback: options.authLoopback,
      loopbackReset: options.authLoopbackReset,
      compatibleReports: options.authCompatibleReports,
    },
  );
}

/** A limiter that forgets on a reset. */
function createResettableLimiter(): DomainLimiter & { reset(): void } {
  let current = createDomainLimiter();
  let collapsedBefore = 0;
  return {
    get collapsed() {
      return collapsedBefore + current.collapsed;
    },
    serverOf: (client, server) => current.serverOf(client, server),
    limit: (update) => current.limit(update),
    reset() {
      collapsedBefore += current.collapsed;
      current = createDomainLimiter();
    },
  };
}
