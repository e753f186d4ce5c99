import { collectDefaultMetrics } from 'prom-client';
import type { Registry } from 'prom-client';

/** Of them, those that come from a histogram that a timer fills. */
const TIMED = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((what) => `nodejs_eventloop_lag_${what}_seconds`);
/** Hardly ever: prom-client has no way to do without that timer. */
const NEVER_MS = 3_600_000;

/**
 * What prom-client knows of a process by itself: CPU time, memory, file descriptors, collections. Its timer for the lag
 * of the event loop is left out: every 10 ms it took two thirds of what a mapper does that has nothing to do. The lag
 * at a scrape stays.
 */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: NEVER_MS });
  for (const name of TIMED) register.removeSingleMetric(name);
}
