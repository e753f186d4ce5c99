import type { Clock, Logger } from '@nm/core';
import type { Startable } from '@nm/runtime';
import type { Store } from '../../store/store.ts';
import type { EdgeFeed } from '../edge-feed.ts';
import type { ExportMetrics } from '../export-metrics.ts';
import { loadOtelExporter } from './otel-exporter.ts';
import type { OtelExporter } from './otel-exporter.ts';
import type { OtelProtocol } from './otel-settings.ts';
import type { ServiceGraph } from './service-graph.ts';

/** The replica that exports; another takes over when it is gone. */
const JOB = 'otel-export';

/** Sends the service graph each interval. A receiver that is away costs nothing: counters are cumulative. */
export function createOtelExport(
  deps: {
    readonly store: Store;
    readonly feed: EdgeFeed;
    readonly graph: ServiceGraph;
    readonly clock: Clock;
    readonly log: Logger;
    readonly metrics: ExportMetrics;
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
  let exporter: OtelExporter | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function send(): Promise<void> {
    await feed.poll();
    try {
      // Several replicas see the same edges: one of them tells.
      if (exporter === undefined || !(await store.lease(JOB, options.intervalMs * 3))) return;
      metrics.otelExports.inc({ result: 'sent' }, await exporter.send(graph.values(), clock.now()));
    } catch (error) {
      metrics.otelExports.inc({ result: 'failed' });
      log.warn('OpenTelemetry export failed; the next one carries the same counts', { error: (error as Error).message });
    }
  }

  /** An interval that finds the one before still at work is left out. */
  function tick(): void {
    running ??= send().finally(() => {
      running = undefined;
    });
  }

  return {
    async start() {
      exporter = await loadOtelExporter({ log }, options);
      timer = setInterval(tick, options.intervalMs);
    },
    async stop() {
      clearInterval(timer);
      await running;
      if (timer !== undefined) await send();
      await exporter?.stop().catch(() => undefined);
      await store.release(JOB).catch(() => undefined);
    },
  };
}
