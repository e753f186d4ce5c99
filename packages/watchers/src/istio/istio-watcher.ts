import { setMaxListeners } from 'node:events';
import type { Clock, Logger } from '@nm/core';
import { createObservationOutbox } from '@nm/reporting';
import type { ObservationSink } from '@nm/reporting';
import type { HealthCheck, Metrics, Startable } from '@nm/runtime';
import type { KubeReader } from '../kube/kube-reader.ts';
import { loadPods } from '../kube/watched-pod.ts';
import { createCallAggregate } from './call-aggregate.ts';
import { createCounterTable } from './counter-table.ts';
import type { CounterTable } from './counter-table.ts';
import type { ISTIO_METRICS } from './istio-metrics.ts';
import { toMeshCall } from './mesh-edges.ts';
import { createPathLimiter } from './path-template.ts';
import { PROXY_SELECTORS, toProxy } from './proxy-pods.ts';
import type { Proxy } from './proxy-pods.ts';
import type { ProxyReader } from './proxy-reader.ts';
import { createScrapeReader } from './scrape-reader.ts';
import { createHashSeeds } from './series-hash.ts';
import { increases } from './statistics.ts';

export interface IstioWatcherDeps {
  readonly reader: KubeReader;
  readonly proxies: ProxyReader;
  readonly sink: ObservationSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics<typeof ISTIO_METRICS>;
  /** Of several watchers of one mesh only the elected one looks; asked before every round. */
  readonly isElected?: () => Promise<boolean>;
}

export interface IstioWatcherOptions {
  /** Only this namespace's pods. */
  readonly namespace?: string;
  readonly intervalMs: number;
  /** Proxies read at a time. */
  readonly parallel: number;
  readonly maxSeriesPerProxy: number;
  readonly maxProxies: number;
  readonly maxObservations: number;
  /** After so long with requests but without their paths, a warning says what to set. */
  readonly adviceAfterMs: number;
  /** Also report what counters held when they were first looked at, with count 0 and the proxy's start as its time. */
  readonly reportsSeenBefore: boolean;
}

export const ISTIO_WATCHER_DEFAULTS = {
  intervalMs: 30_000,
  parallel: 10,
  maxSeriesPerProxy: 20_000,
  maxProxies: 5_000,
  maxObservations: 100_000,
  adviceAfterMs: 600_000,
  reportsSeenBefore: true,
} as const;

/** Distinct calls that are added up before they go out early. */
const MAX_CALLS = 20_000;
/** Reports refuse what is older than 30 days. */
const MAX_AGE_MS = 29 * 86_400_000;

/** A proxy that is too slow again and again is left out of up to so many rounds: a few of them must not hold up all others. */
const MAX_ROUNDS_OFF = 31;

interface Watched {
  run: string;
  readonly table: CounterTable;
  /** Counters that appear from now on are new traffic: a whole look has been taken, or the proxy is younger than we are. */
  hasBase: boolean;
  refused: number;
  /** Looks in a row that ended for lack of time, and rounds in which it is not looked at because of them. */
  timeouts: number;
  roundsOff: number;
}

export interface IstioWatcher extends Startable {
  /** Looks now, or waits for the look that is under way. */
  round(): Promise<void>;
  readonly checks: Readonly<Record<'pods' | 'mapper', () => HealthCheck>>;
}

/** Reads the statistics of every proxy of the mesh in rounds and reports what has risen since the last one. */
export function createIstioWatcher(deps: IstioWatcherDeps, options: IstioWatcherOptions): IstioWatcher {
  const { clock, log, metrics } = deps;
  const outbox = createObservationOutbox(deps.sink, { maxObservations: options.maxObservations });
  const paths = createPathLimiter();
  const aggregate = createCallAggregate(paths);
  const seeds = createHashSeeds();
  const watched = new Map<string, Watched>();
  const stopping = new AbortController();
  // One listener for each read in progress.
  setMaxListeners(0, stopping.signal);
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let startedAt = 0;
  /** Since when we look: what a proxy that is older had counted before is nobody's or another watcher's. */
  let electedAt: number | undefined;
  let requestsWithoutPath = 0;
  let hasPaths = false;
  let hasAdvised = false;
  let counted = { dropped: 0, collapsed: 0 };
  let listFailure: string | undefined;
  let isFailing = false;

  async function discover(): Promise<Proxy[]> {
    const proxies = new Map<string, Proxy>();
    for (const labelSelector of PROXY_SELECTORS) {
      const query = { labelSelector, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) };
      for (const pod of await loadPods(deps.reader, query, stopping.signal)) {
        const proxy = toProxy(pod);
        if (proxy !== undefined && (proxies.size < options.maxProxies || proxies.has(pod.uid))) proxies.set(pod.uid, proxy);
      }
    }
    return [...proxies.values()];
  }

  function stateOf(proxy: Proxy): Watched {
    const { uid } = proxy.pod;
    let state = watched.get(uid);
    if (state === undefined) {
      const isYoung = proxy.startedAt !== undefined && proxy.startedAt >= (electedAt ?? startedAt);
      state = {
        run: proxy.run,
        table: createCounterTable(options.maxSeriesPerProxy),
        hasBase: isYoung,
        refused: 0,
        timeouts: 0,
        roundsOff: 0,
      };
      watched.set(uid, state);
    } else if (state.run !== proxy.run) {
      // Another run of the proxy: its counters began at zero after our last look.
      state.run = proxy.run;
      state.roundsOff = 0;
      state.table.clear();
    }
    return state;
  }

  async function look(proxy: Proxy): Promise<void> {
    const state = stateOf(proxy);
    if (state.roundsOff > 0) {
      state.roundsOff -= 1;
      metrics.reads.inc({ outcome: 'put-off' });
      return;
    }
    const { table, hasBase } = state;
    const before = Math.max(proxy.startedAt ?? 0, clock.now() - MAX_AGE_MS);
    const scrape = createScrapeReader(
      increases(table, seeds, (increase, read, isNew) => {
        const series = read();
        if (series === undefined) return;
        const call = toMeshCall({ ...series, value: increase });
        metrics.calls.inc({ peers: call.peers });
        if (call.metric === 'requests') {
          if (call.path === undefined) requestsWithoutPath += 1;
          else hasPaths = true;
        }
        const isOld = isNew && !hasBase;
        if (isOld && !options.reportsSeenBefore) return;
        aggregate.add(call, proxy.pod.nodeName, isOld ? before : undefined);
      }),
    );
    table.begin();
    let isWhole = false;
    try {
      const take = (chunk: Uint8Array): void => {
        scrape.push(chunk);
        if (aggregate.size >= MAX_CALLS) outbox.add(aggregate.drain(clock.now()));
      };
      await deps.proxies.read(proxy, take, stopping.signal);
      scrape.end();
      isWhole = true;
      state.hasBase = true;
      state.timeouts = 0;
      metrics.reads.inc({ outcome: 'ok' });
    } catch (error) {
      if (stopping.signal.aborted) return;
      const code = (error as { readonly code?: unknown }).code;
      metrics.reads.inc({ outcome: typeof code === 'string' ? code : 'failed' });
      if (code === 'proxy-timeout') {
        state.timeouts += 1;
        state.roundsOff = Math.min(2 ** state.timeouts - 1, MAX_ROUNDS_OFF);
      }
      log.debug('cannot read the statistics of a proxy', {
        namespace: proxy.pod.namespace,
        pod: proxy.pod.name,
        error: (error as Error).message,
      });
    } finally {
      table.end(isWhole);
      metrics.badLines.inc(scrape.badLines);
      metrics.refusedSeries.inc(table.refused - state.refused);
      state.refused = table.refused;
    }
  }

  /** Whether it is ours to look. What we remember is old when somebody else has looked meanwhile. */
  async function isOurs(): Promise<boolean> {
    if (deps.isElected === undefined || (await deps.isElected())) {
      electedAt ??= deps.isElected === undefined ? startedAt : clock.now();
      return true;
    }
    electedAt = undefined;
    watched.clear();
    metrics.proxies.set(0);
    return false;
  }

  async function readAll(): Promise<void> {
    if (!(await isOurs())) return;
    const roundAt = performance.now();
    const proxies = await discover();
    const present = new Set(proxies.map((proxy) => proxy.pod.uid));
    for (const uid of watched.keys()) if (!present.has(uid)) watched.delete(uid);
    const queue = proxies.values();
    const worker = async (): Promise<void> => {
      for (const proxy of queue) {
        if (stopping.signal.aborted) return;
        await look(proxy);
      }
    };
    await Promise.all(Array.from({ length: options.parallel }, worker));
    if (aggregate.size > 0) outbox.add(aggregate.drain(clock.now()));
    metrics.proxies.set(proxies.length);
    metrics.series.set([...watched.values()].reduce((sum, { table }) => sum + table.size, 0));
    metrics.roundSeconds.observe((performance.now() - roundAt) / 1000);
    countLosses();
    advise(proxies.length);
    await outbox.flush(stopping.signal).then(
      () => {
        isFailing = false;
      },
      (error: unknown) => {
        if (!isFailing && !stopping.signal.aborted)
          log.warn('the mapper does not take observations; they are kept', { error: (error as Error).message });
        isFailing = true;
      },
    );
    metrics.waiting.set(outbox.size);
  }

  function countLosses(): void {
    metrics.dropped.inc(outbox.dropped - counted.dropped);
    metrics.collapsedPaths.inc(paths.collapsed - counted.collapsed);
    counted = { dropped: outbox.dropped, collapsed: paths.collapsed };
  }

  function advise(proxies: number): void {
    if (hasAdvised || clock.now() - startedAt < options.adviceAfterMs) return;
    if (proxies === 0) log.warn(NO_PROXIES);
    else if (!hasPaths && requestsWithoutPath > 0) log.warn(NO_PATHS);
    else return;
    hasAdvised = true;
  }

  function round(): Promise<void> {
    running ??= readAll()
      .then(
        () => {
          listFailure = undefined;
        },
        (error: unknown) => {
          listFailure = (error as Error).message;
          if (!stopping.signal.aborted) log.warn('cannot list the proxies of the mesh', { error: listFailure });
        },
      )
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  return {
    round,
    checks: {
      pods: () => (listFailure === undefined ? { ok: true, detail: `${watched.size} proxies` } : { ok: false, detail: listFailure }),
      mapper: () => (isFailing ? { ok: false, detail: `${outbox.size} observations wait` } : { ok: true }),
    },
    start(): Promise<void> {
      startedAt = clock.now();
      timer = setInterval(() => void round(), options.intervalMs);
      void round();
      return Promise.resolve();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      stopping.abort();
      await running;
      await outbox.flush(AbortSignal.timeout(LAST_REPORT_MS)).catch(() => undefined);
      deps.proxies.close();
    },
  };
}

const LAST_REPORT_MS = 5_000;
const NO_PROXIES =
  'no proxies of a mesh found: pods with the label security.istio.io/tlsMode, gateways, waypoints and ztunnel are looked for; is Istio installed, and may we list pods there?';
const NO_PATHS =
  'the proxies report requests without paths: add the tags request_path and request_method with a Telemetry resource (docs/watchers.md)';
