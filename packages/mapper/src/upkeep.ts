import type { Clock, ClusterView, DomainLimiter, Logger } from '@nm/core';
import type { HealthCheck, MemoryKeeper, Startable } from '@nm/runtime';
import type { AddressKeeper } from './cluster/address-keeper.ts';
import type { ClusterFacts } from './cluster/cluster-facts.ts';
import type { ClusterSource } from './cluster/cluster-source.ts';
import type { EnvironmentBook } from './cluster/environment-book.ts';
import type { ByteBudget } from './http/request-body.ts';
import type { IngestTotals } from './ingest/ingest-totals.ts';
import type { ReporterBook } from './ingest/reporter-book.ts';
import type { MapperMetrics } from './mapper-metrics.ts';
import type { Store } from './store/store.ts';
import { sumLosses } from './views/status-view.ts';

/** What is done once at start, when store and cluster are there, and then now and then. */
export interface Upkeep extends Startable {
  storeHealth(): HealthCheck;
}

const ENVIRONMENT_INTERVAL_MS = 10_000;
/** Well below --resolve-wait, so that what waits for it is decided with it. */
const REPORTERS_INTERVAL_MS = 3_000;
const MAINTENANCE_INTERVAL_MS = 60_000;
const MEMORY_INTERVAL_MS = 2_000;
/** Of a core: a mapper that works less has nobody waiting for the few hundred ms that a trim takes. */
const QUIET_SHARE = 0.1;
/** Who reads very much waits for a trim now and then; reports, when they are few. */
const READING_INTERVAL_MS = 10_000;
/** Under load, in which there is no trim: what comes back of the program within seconds is two thirds of it. */
const PROGRAM_INTERVAL_MS = 10_000;
const FEW_OBSERVATIONS_PER_SECOND = 500;

export function createUpkeep(
  deps: {
    readonly store: Store;
    readonly source: ClusterSource;
    readonly facts: ClusterFacts;
    readonly keeper: AddressKeeper;
    readonly reporters: ReporterBook;
    readonly totals: IngestTotals;
    readonly view: ClusterView;
    readonly environments: EnvironmentBook;
    readonly memory: MemoryKeeper;
    /** A few milliseconds. */
    readonly releaseProgramPages: () => void;
    readonly clock: Clock;
    readonly log: Logger;
  },
  options: {
    readonly cluster: string;
    /** Whether others may store to the same place. */
    readonly hasReplicas: boolean;
  },
): Upkeep {
  const { store, facts, log } = deps;
  const timers: NodeJS.Timeout[] = [];
  const stopping = new AbortController();
  let isOpen = false;
  let running: Promise<unknown> = Promise.resolve();

  function every(intervalMs: number, name: string, work: () => Promise<unknown>): void {
    const timer = setInterval(() => {
      running = running.then(work).catch((error: unknown) => {
        if (!stopping.signal.aborted) log.warn('upkeep failed', { work: name, error: (error as Error).message });
      });
    }, intervalMs);
    timers.push(timer);
  }

  /** Sniffers report to one replica; all need to know which nodes have one, and what it tells of its node. */
  async function learnReporters(): Promise<void> {
    for (const state of await store.reporters(options.cluster)) {
      const { addresses = [], listeners } = deps.reporters.restore(state) ?? {};
      if (state.node === undefined) continue;
      if (addresses.length > 0) deps.view.nodes.applyReported(state.node, addresses);
      if (listeners !== undefined) deps.view.nodes.applyListeners(state.node, listeners);
    }
  }

  return {
    storeHealth: () => ({ ok: isOpen }),
    async start() {
      const uid = facts.clusterUid;
      await store.registerCluster({ name: options.cluster, ...(uid !== undefined && { uid }) });
      await learnReporters();
      if (deps.source.isLive) {
        const restored = await deps.keeper.restore();
        log.info('address history restored', { pods: restored });
      }
      await deps.environments.save();
      isOpen = true;
      if (options.hasReplicas) every(REPORTERS_INTERVAL_MS, 'reporters', learnReporters);
      every(ENVIRONMENT_INTERVAL_MS, 'environments', () => deps.environments.save());
      every(MAINTENANCE_INTERVAL_MS, 'maintenance', () => store.maintain(stopping.signal));
      let worked = process.cpuUsage();
      let counted = 0;
      let sinceLookMs = 0;
      let sinceReleaseMs = 0;
      every(MEMORY_INTERVAL_MS, 'memory', async () => {
        const { user, system } = process.cpuUsage(worked);
        const observations = deps.totals.acceptedCount() - counted;
        worked = process.cpuUsage();
        counted += observations;
        sinceLookMs += MEMORY_INTERVAL_MS;
        sinceReleaseMs += MEMORY_INTERVAL_MS;
        const isIdle = (user + system) / 1_000 < MEMORY_INTERVAL_MS * QUIET_SHARE;
        const areFew = observations < FEW_OBSERVATIONS_PER_SECOND * (MEMORY_INTERVAL_MS / 1_000);
        if (isIdle || (areFew && sinceLookMs >= READING_INTERVAL_MS)) {
          deps.memory.look();
          sinceLookMs = 0;
        } else if (sinceReleaseMs >= PROGRAM_INTERVAL_MS) {
          deps.releaseProgramPages();
          sinceReleaseMs = 0;
        }
      });
      deps.memory.look();
    },
    async stop() {
      isOpen = false;
      stopping.abort();
      for (const timer of timers.splice(0)) clearInterval(timer);
      await running;
    },
  };
}

/** Sets the gauges that are read rather than counted; called before each scrape. */
export function gaugeReader(deps: {
  readonly store: Store;
  readonly view: ClusterView;
  readonly reporters: ReporterBook;
  readonly limiter: DomainLimiter;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  readonly metrics: MapperMetrics;
}): () => Promise<void> {
  const { store, reporters, metrics } = deps;
  return async () => {
    const stats = store.stats();
    metrics.waiting.set(stats.waiting);
    metrics.queuedUpdates.set(stats.queuedUpdates);
    metrics.storedUpdates.set(stats.storedUpdates);
    metrics.droppedEdges.set(stats.droppedEdges);
    metrics.droppedDetails.set(stats.droppedDetails);
    metrics.transactionSeconds.set(stats.longestTransactionMs / 1_000);
    metrics.knownPods.set(deps.view.pods.size);
    metrics.collapsedNames.set(deps.limiter.collapsed);
    metrics.pendingBytes.set(deps.budget.used);
    const active = reporters.active(deps.clock.now());
    metrics.reporters.reset();
    for (const { kind } of active) metrics.reporters.inc({ kind });
    metrics.reporterLosses.reset();
    for (const [reason, count] of Object.entries(sumLosses(active))) metrics.reporterLosses.set({ reason }, count);
    // The store may not be open yet, or no more; then the last known number stays.
    await store.status().then(
      ({ edges }) => metrics.edges.set(edges),
      () => undefined,
    );
  };
}
