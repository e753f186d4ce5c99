import type { Logger } from '@nm/core';
import { createHttpListener } from '@nm/runtime';
import type { Health, HeapBound, HttpListener, ListenAddress, Startable, TlsFiles } from '@nm/runtime';
import type { Authenticator } from '../auth/identity.ts';
import type { QueryExecutor } from '../graphql/execute-query.ts';
import { warmUp } from '../graphql/warm-up.ts';
import { createReportGate } from '../ingest/report-gate.ts';
import type { MapperMetrics } from '../mapper-metrics.ts';
import type { MapperOptions } from '../mapper-options.ts';
import { createNewcomers } from './newcomers.ts';
import { createQueryHandler } from './query-handler.ts';
import type { ByteBudget } from './request-body.ts';
import { createRouter } from './router.ts';
import { loadStaticFiles } from './static-files.ts';
import type { StaticFiles } from './static-files.ts';

const HEARTBEAT_MS = 15_000;
/** Reports that are let in are answered within about this time and that of one transaction. */
const MAX_REPORT_WORK_MS = 40;
/**
 * Reports that would be answered within 50 ms wait at the door: what else is done meanwhile (booking, collections, queries)
 * comes to that. 1,000 observations are some 20 KB, and take 100 ms in a process that has just begun: so the first one is
 * let in alone, and tells what the next ones cost.
 */
const OWN_REPORTS = { maxWorkMs: MAX_REPORT_WORK_MS, maxWaitMs: 50, firstMsPerByte: 0.005 };
/** Existing sniffers do not send again what was refused. 200 destinations are some 35 KB, and take 10 ms. */
const COMPATIBLE_REPORTS = { maxWorkMs: 100, maxWaitMs: 5_000, firstMsPerByte: 0.000_5 };

/** Where queries and reports come in, and the page: on one address, or on one for loopback and one with TLS. */
export interface QueryServer extends Startable {
  readonly isServing: boolean;
  /** With real ports; after start. */
  addresses(): { readonly query: ListenAddress; readonly tls?: ListenAddress };
}

export function createQueryServer(
  deps: {
    readonly executor: QueryExecutor;
    readonly authenticator: Authenticator;
    readonly budget: ByteBudget;
    readonly heap: HeapBound;
    readonly health: Health;
    readonly metrics: MapperMetrics;
    readonly log: Logger;
    readonly tls: { readonly tls?: TlsFiles };
  },
  options: Pick<MapperOptions, 'listen' | 'tlsListen' | 'allowedHosts' | 'clusterDomains' | 'maxBody' | 'web'> & {
    /** Of the mapper's own pod, when it runs in one. */
    readonly namespace?: string;
  },
): QueryServer {
  const { executor, health, metrics, log, tls } = deps;
  const { listen, tlsListen, namespace } = options;
  const stopping = new AbortController();
  let files: StaticFiles | undefined;
  let isServing = false;

  const forward = { now: () => performance.now() };
  const newcomers = createNewcomers();
  const query = createQueryHandler(
    {
      executor,
      stopping: stopping.signal,
      authenticator: deps.authenticator,
      budget: deps.budget,
      heap: deps.heap,
      newcomers,
      gates: { packed: createReportGate(forward, OWN_REPORTS), plain: createReportGate(forward, COMPATIBLE_REPORTS) },
      metrics,
      log,
    },
    { maxBodyBytes: options.maxBody, heartbeatMs: HEARTBEAT_MS },
  );
  const handler = createRouter(
    { query, health, files: { size: 0, handle: (request, response) => files?.handle(request, response) ?? false } },
    {
      allowedHosts: [...options.allowedHosts, listen.host ?? ''].map((host) => host.toLowerCase()).filter((host) => host !== ''),
      clusterDomains: options.clusterDomains,
      ...(namespace !== undefined && { namespace }),
    },
  );
  const onRefused = (reason: string): void => metrics.refusedConnections.inc({ reason });
  const open = (name: string, where: ListenAddress, secure: { readonly tls?: TlsFiles }): HttpListener =>
    createHttpListener({ handler, log, onRefused, onConnection: () => newcomers.arrived() }, { name, listen: where, ...secure });
  const plain = open('queries', listen, tlsListen === undefined ? tls : {});
  const secure = tlsListen === undefined ? undefined : open('queries with TLS', tlsListen, tls);

  return {
    get isServing() {
      return isServing;
    },
    addresses: () => ({ query: plain.address(), ...(secure !== undefined && { tls: secure.address() }) }),
    async start(signal) {
      files = await loadStaticFiles(options.web);
      await warmUp(executor, stopping.signal);
      await plain.start(signal);
      await secure?.start(signal);
      isServing = true;
    },
    async stop() {
      isServing = false;
      // Subscriptions, which never end by themselves, end then.
      stopping.abort();
      await Promise.all([plain.stop(), secure?.stop()]);
    },
  };
}
