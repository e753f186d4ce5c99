import { execInPod, loadKubeClient } from '@nm/kube';
import type { KubeClient } from '@nm/kube';
import {
  createMapperSink,
  inputName,
  note,
  loadCommandOptions,
  readInput,
  readText,
  serveUntilStopped,
  SYSTEM_CLOCK,
  writerOf,
} from '@nm/reporting';
import { Registry } from 'prom-client';
import { createLogger, createMetrics, guarded, OptionError } from '@nm/runtime';
import type { CommandContext, OptionValues } from '@nm/runtime';
import { createExecSource } from '../istio/exec-source.ts';
import { ISTIO_METRICS } from '../istio/istio-metrics.ts';
import { createIstioWatcher, ISTIO_WATCHER_DEFAULTS } from '../istio/istio-watcher.ts';
import { createNetworkSource } from '../istio/network-source.ts';
import { printStatistics } from '../istio/print-statistics.ts';
import { createProxyReader } from '../istio/proxy-reader.ts';
import type { ProxyReader } from '../istio/proxy-reader.ts';
import { FILES_BY_FLAG } from './common-options.ts';
import { ISTIO_OPTIONS } from './istio-options.ts';

const USAGE = 'network-mapper istio-watcher [options] | --file STATS [--previous STATS] --print';

/** `network-mapper istio-watcher`: runs until the signal aborts or the file is read; gives the exit code. */
export async function runIstioWatcher(context: CommandContext): Promise<number> {
  return guarded(async () => {
    const values = await loadCommandOptions(context, ISTIO_OPTIONS, { part: 'istio', usage: USAGE, advice: FILES_BY_FLAG });
    if (values === undefined) return;
    if (values.file !== undefined) {
      if (!values.print) throw new OptionError('option_conflict', '--file needs --print: saved statistics are printed, not reported');
      const previous = values.previous === undefined ? undefined : readInput(context, values.previous);
      const { edges, series } = await printStatistics(readInput(context, values.file), previous, writerOf(context));
      const name = inputName(values.file);
      if (series === 0)
        note(`${name} holds no counter of a mesh's requests (istio_requests_total)${previous === undefined ? '' : ' that has risen'}`);
      else if (edges === 0) note(`none of the ${series} counters of ${name} names who called whom by HTTP`);
      return;
    }
    if (values.print || values.previous !== undefined) throw new OptionError('option_conflict', '--print and --previous need --file STATS');
    if (values.proxyCaFile !== undefined && values.proxyTls !== 'on')
      throw new OptionError('option_conflict', '--proxy-ca-file needs --proxy-tls on');
    const log = createLogger({ name: 'istio-watcher', level: values.logLevel });
    const register = new Registry();
    const client = await loadKubeClient({ env: context.env, kubeconfig: values.kubeconfig, context: values.kubeContext });
    const watcher = createIstioWatcher(
      {
        log,
        clock: SYSTEM_CLOCK,
        metrics: createMetrics(ISTIO_METRICS, register),
        sink: await createMapperSink(context, values, { kind: 'istio-watcher', clock: SYSTEM_CLOCK, log }),
        proxies: await createProxies(context, client, values),
        reader: client,
      },
      {
        ...ISTIO_WATCHER_DEFAULTS,
        intervalMs: values.interval,
        parallel: values.parallel,
        reportsSeenBefore: values.seenBefore,
        ...(values.namespace === undefined ? {} : { namespace: values.namespace }),
      },
    );
    await serveUntilStopped(context.signal, { log, register, metricsListen: values.metricsListen }, watcher);
  });
}

/** The way to the proxies that the options ask for. Throws AppError `input-unreadable`. */
async function createProxies(
  context: CommandContext,
  client: KubeClient,
  values: OptionValues<typeof ISTIO_OPTIONS>,
): Promise<ProxyReader> {
  const { proxyTls, proxyCaFile } = values;
  const ca = proxyCaFile === undefined ? undefined : await readText(context, proxyCaFile);
  const network = createNetworkSource(
    proxyTls === 'off' ? undefined : { insecure: proxyTls === 'insecure', ...(ca === undefined ? {} : { ca }) },
  );
  const source = values.readBy === 'exec' ? createExecSource((target, signal) => execInPod(client, target, { signal }), network) : network;
  return createProxyReader(source, { timeoutMs: values.timeout, maxBytes: values.maxAnswer });
}
