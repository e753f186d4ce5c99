import type { Clock, Logger } from '@nm/core';
import type { Startable } from '@nm/runtime';
import type { Store } from '../../store/store.ts';
import type { EdgeFeed } from '../edge-feed.ts';
import type { ExportMetrics } from '../export-metrics.ts';
import { loadOtelExporter } from './otel-exporter.ts';
import type { Exported, OtelExporter } from './otel-exporter.ts';
import type { OtelProtocol } from './otel-settings.ts';
import type { ServiceGraph } from './service-graph.ts';

/** The replica that exports; another takes over when it is gone. */
const JOB = 'otel-export';
/** An export ends with its interval, where that is not shorter than one request may take. */
const MIN_EXPORT_MS = 10_000;
/** What a stop waits for the last export. */
const STOP_MS = 5_000;

/** Sends the service graph each interval. A receiver that is away costs nothing: counters are cumulative. */
export function createOtelExport(
  deps: {
    readonly store: Store;
    readonly feed: EdgeFeed;
    readonly graph: ServiceGraph;
    readonly clock: Clock;
    readonly log: Logger;
    readonly metrics: ExportMetrics;
    readonly env: Readonly<Record<string, string | undefined>>;
  },
  options: {
    readonly intervalMs: number;
    readonly protocol: OtelProtocol;
    readonly metricName: string;
    readonly version: string;
    readonly instance?: string;
  },
): Startable {
  const { store, feed, graph, clock, log, metrics } = deps;
  const stopping = new AbortController();
  let exporter: OtelExporter | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function send(): Promise<void> {
    await feed.poll();
    try {
      // Several replicas see the same edges: one of them tells.
      if (exporter === undefined || !(await store.lease(JOB, options.intervalMs * 3))) return;
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(Math.max(options.intervalMs, MIN_EXPORT_MS))]);
      tell(await exporter.send(graph.values(), clock.now(), signal));
    } catch (error) {
      tell({ sent: 0, failed: 1, reason: (error as Error).message });
    }
  }

  function tell({ sent, failed, reason, partial }: Exported): void {
    if (sent > 0) metrics.otelExports.inc({ result: 'sent' }, sent);
    if (failed > 0) {
      metrics.otelExports.inc({ result: 'failed' }, failed);
      log.warn('OpenTelemetry export failed; the next one carries the same counts', { error: reason });
    }
    if (partial === undefined) return;
    metrics.otelRejectedPoints.inc(partial.rejectedPoints);
    log.warn('the OpenTelemetry receiver did not take all counters', { rejected: partial.rejectedPoints, said: partial.message });
  }

  /** An interval that finds the one before still at work is left out. */
  function tick(): void {
    running ??= send().finally(() => {
      running = undefined;
    });
  }

  return {
    async start() {
      exporter = await loadOtelExporter({ log, env: deps.env }, options);
      timer = setInterval(tick, options.intervalMs);
    },
    async stop() {
      clearInterval(timer);
      const patience = setTimeout(() => stopping.abort(), STOP_MS);
      await running;
      if (timer !== undefined) await send();
      clearTimeout(patience);
      await store.release(JOB).catch(() => undefined);
    },
  };
}
