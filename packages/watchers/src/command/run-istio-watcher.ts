import { loadKubeClient } from '@nm/kube';
import { createMetrics, loadOptions, OptionError } from '@nm/runtime';
import { ISTIO_METRICS } from '../istio/istio-metrics.ts';
import { createIstioWatcher, ISTIO_WATCHER_DEFAULTS } from '../istio/istio-watcher.ts';
import { printStatistics } from '../istio/print-statistics.ts';
import { createProxyReader } from '../istio/proxy-reader.ts';
import { ISTIO_OPTIONS } from './istio-options.ts';
import {
  createMapperSink,
  createRegister,
  createWatcherLog,
  guarded,
  optionSources,
  printedHelp,
  readInput,
  refusePositional,
  runUntilStopped,
  SYSTEM_CLOCK,
  writerOf,
} from './watcher-context.ts';
import type { WatcherContext } from './watcher-context.ts';

const USAGE = 'network-mapper istio-watcher [options] | --file STATS [--previous STATS] --print';

/** `network-mapper istio-watcher`: runs until the signal aborts or the file is read; gives the exit code. */
export async function runIstioWatcher(context: WatcherContext): Promise<number> {
  return guarded(async () => {
    if (printedHelp(context, USAGE, ISTIO_OPTIONS)) return;
    const { values, positional } = await loadOptions(ISTIO_OPTIONS, optionSources(context), {
      part: 'istio',
      otherParts: ['mapper', 'sniffer', 'kafka', 'aws', 'cli'],
    });
    refusePositional(positional);
    if (values.file !== undefined) {
      if (!values.print) throw new OptionError('option_conflict', '--file needs --print: saved statistics are printed, not reported');
      const previous = values.previous === undefined ? undefined : readInput(context, values.previous);
      await printStatistics(readInput(context, values.file), previous, writerOf(context));
      return;
    }
    if (values.print || values.previous !== undefined) throw new OptionError('option_conflict', '--print and --previous need --file STATS');
    const log = createWatcherLog('istio-watcher', values.logLevel);
    const register = createRegister();
    const watcher = createIstioWatcher(
      {
        log,
        clock: SYSTEM_CLOCK,
        metrics: createMetrics(ISTIO_METRICS, register),
        sink: await createMapperSink(context, values, { kind: 'istio-watcher', clock: SYSTEM_CLOCK, log }),
        proxies: createProxyReader({ timeoutMs: values.timeout, maxBytes: values.maxAnswer }),
        reader: await loadKubeClient({
          env: context.env,
          ...(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig }),
          ...(values.kubeContext === undefined ? {} : { context: values.kubeContext }),
        }),
      },
      {
        ...ISTIO_WATCHER_DEFAULTS,
        intervalMs: values.interval,
        parallel: values.parallel,
        reportsSeenBefore: values.seenBefore,
        ...(values.namespace === undefined ? {} : { namespace: values.namespace }),
      },
    );
    await runUntilStopped(context, { log, register, metricsListen: values.metricsListen }, watcher);
  });
}
