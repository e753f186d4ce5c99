import type { EmbeddedReporterDeps, MeshWatcherOptions } from '@nm/api';
import { execInPod, loadKubeClient } from '@nm/kube';
import { createReportSink } from '@nm/reporting';
import { createMetrics } from '@nm/runtime';
import type { Startable } from '@nm/runtime';
import type { Registry } from 'prom-client';
import { createExecSource } from '../istio/exec-source.ts';
import { ISTIO_METRICS } from '../istio/istio-metrics.ts';
import { createIstioWatcher, ISTIO_WATCHER_DEFAULTS } from '../istio/istio-watcher.ts';
import { createNetworkSource } from '../istio/network-source.ts';
import { createProxyReader } from '../istio/proxy-reader.ts';
import { ISTIO_OPTIONS } from './istio-options.ts';

/** What the mapper gives the watcher that runs inside it. */
export interface EmbeddedIstioDeps extends EmbeddedReporterDeps {
  readonly register: Registry;
}

/** The Istio watcher in the mapper's process (`mapper --istio`): the same code, its reports take no network. */
export async function embedIstioWatcher(deps: EmbeddedIstioDeps, options: MeshWatcherOptions): Promise<Startable> {
  const { clock, log } = deps;
  const { kubeconfig, kubeContext, namespace } = options;
  const client = await loadKubeClient({ env: deps.env, kubeconfig, context: kubeContext });
  const network = createNetworkSource();
  const source = options.readBy === 'exec' ? createExecSource((target, signal) => execInPod(client, target, { signal }), network) : network;
  const watcher = createIstioWatcher(
    {
      reader: client,
      proxies: createProxyReader(source, { timeoutMs: ISTIO_OPTIONS.timeout.default, maxBytes: ISTIO_OPTIONS.maxAnswer.default }),
      sink: createReportSink({ report: deps.report, clock, log }, { kind: 'istio-watcher', version: deps.version }),
      clock,
      log,
      metrics: createMetrics(ISTIO_METRICS, deps.register),
      isElected: deps.isElected,
    },
    { ...ISTIO_WATCHER_DEFAULTS, intervalMs: options.intervalMs, ...(namespace === undefined ? {} : { namespace }) },
  );
  return {
    start: (signal) => watcher.start(signal),
    async stop() {
      await watcher.stop();
      client.close();
    },
  };
}
