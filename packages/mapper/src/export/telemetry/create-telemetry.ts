import type { Logger } from '@nm/core';
import type { Startable } from '@nm/runtime';
import type { ExportMetrics } from '../export-metrics.ts';
import type { UsageReport } from './usage-report.ts';

/** Between two sends, and before the first: a mapper that restarts often sends nothing. */
export const TELEMETRY_INTERVAL_MS = 3_600_000;
const TIMEOUT_MS = 5_000;

/** Sends a report now and then. Nothing waits for it, nothing fails by it, nothing is repeated. */
export function createTelemetry(
  deps: { readonly report: () => Promise<UsageReport>; readonly log: Logger; readonly metrics: ExportMetrics },
  options: { readonly endpoint: string; readonly intervalMs?: number },
): Startable {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let isSending = false;

  async function send(): Promise<void> {
    if (isSending) return;
    isSending = true;
    try {
      const body = JSON.stringify(await deps.report());
      const response = await fetch(options.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'network-mapper' },
        body,
        redirect: 'error',
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      deps.metrics.telemetrySends.inc({ result: response.ok ? 'sent' : 'failed' });
    } catch {
      // Nobody has to act on this.
      deps.metrics.telemetrySends.inc({ result: 'failed' });
      deps.log.debug('usage telemetry was not sent');
    } finally {
      isSending = false;
    }
  }

  return {
    start() {
      timer = setInterval(() => void send(), options.intervalMs ?? TELEMETRY_INTERVAL_MS);
      timer.unref();
      return Promise.resolve();
    },
    stop() {
      clearInterval(timer);
      stopping.abort();
      return Promise.resolve();
    },
  };
}
