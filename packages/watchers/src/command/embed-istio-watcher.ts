import type { ReportAnswer, ReportBatch } from '@nm/api';
import type { Clock, Logger } from '@nm/core';
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
export interface EmbeddedIstioDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly register: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Stores a batch as if it had come over the network. */
  readonly report: (batch: ReportBatch) => Promise<ReportAnswer>;
  /** Of several replicas one looks. */
  readonly isElected: () => Promise<boolean>;
}

export interface EmbeddedIstioOptions {
  readonly kubeconfig?: string;
  readonly kubeContext?: string;
  readonly namespace?: string;
  readonly intervalMs: number;
  readonly readBy: 'network' | 'exec';
}

/** The Istio watcher in the mapper's process (`mapper --istio`): the same code, its reports take no network. */
export async function embedIstioWatcher(deps: EmbeddedIstioDeps, options: EmbeddedIstioOptions): Promise<Startable> {
  const { clock, log } = deps;
  const { kubeconfig, kubeContext, namespace } = options;
  const client = await loadKubeClient({
    env: deps.env,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(kubeContext === undefined ? {} : { context: kubeContext }),
  });
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
