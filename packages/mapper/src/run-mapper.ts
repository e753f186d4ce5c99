import { readFile } from 'node:fs/promises';
import { createLogger, describeOptions, formatListenAddress, loadOptions, toShownConfig, untilAborted } from '@nm/runtime';
import type { Clock } from '@nm/core';
import type { ReflectorMetrics } from '@nm/kube';
import { createMapper } from './create-mapper.ts';
import { createDumpSource } from './cluster/cluster-source.ts';
import type { ApplyChange, ClusterSource } from './cluster/cluster-source.ts';
import { createLiveSource } from './cluster/live-source.ts';
import { MAPPER_OPTIONS } from './mapper-options.ts';
import type { CreateMeshWatcher } from './mesh-watcher.ts';

export interface RunMapperSettings {
  /** Aborted on SIGTERM or SIGINT: stops the mapper. */
  readonly signal: AbortSignal;
  readonly stdout: (text: string) => void;
  readonly version: string;
  readonly clock?: Clock;
  readonly createMeshWatcher?: CreateMeshWatcher;
  /** Gives pages of the program's own file back that the start alone needed. */
  readonly releaseProgramPages?: () => void;
}

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/**
 * The command `network-mapper mapper`: `mapper [options]` serves until the signal, `mapper config show` prints the
 * options with their sources, `mapper --help` describes them. Throws AppError for what a user can mend.
 */
export async function runMapper(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  settings: RunMapperSettings,
): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    settings.stdout(
      `Usage: network-mapper mapper [options]\n       network-mapper mapper config show [options]\n\n${describeOptions(MAPPER_OPTIONS)}`,
    );
    return;
  }
  const loaded = await loadOptions(MAPPER_OPTIONS, { argv, env, readFile: (path) => readFile(path, 'utf8') }, { part: 'mapper' });
  const shown = toShownConfig(MAPPER_OPTIONS, loaded);
  if (shown !== undefined) {
    settings.stdout(shown);
    return;
  }
  const options = loaded.values;
  const log = createLogger({ name: 'mapper', level: options.logLevel });
  const namespace = await readFile(NAMESPACE_FILE, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
  const createSource = (apply: ApplyChange, metrics: ReflectorMetrics): ClusterSource =>
    options.kube.length > 0
      ? createDumpSource({ apply, log }, { paths: options.kube })
      : createLiveSource(
          { apply, log, env, metrics },
          {
            ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
            ...(options.kubeContext !== undefined && { context: options.kubeContext }),
            ownerKinds: options.ownerKinds,
          },
        );
  const mapper = createMapper(
    {
      clock: settings.clock ?? { now: () => Date.now() },
      log,
      createSource,
      version: settings.version,
      env,
      ...(namespace !== undefined && { namespace }),
      ...(settings.createMeshWatcher !== undefined && { createMeshWatcher: settings.createMeshWatcher }),
      ...(settings.releaseProgramPages !== undefined && { releaseProgramPages: settings.releaseProgramPages }),
    },
    { ...options, ...(options.podName === undefined && env['HOSTNAME'] !== undefined && { podName: env['HOSTNAME'] }) },
  );
  const startedAt = performance.now();
  try {
    await mapper.start(settings.signal);
  } catch (error) {
    // Told to stop while it was starting: what had started was stopped.
    if (!settings.signal.aborted) throw error;
    log.info('stopped before it was ready');
    return;
  }
  const { query, metrics, tls } = mapper.addresses();
  log.info('ready', {
    query: formatListenAddress(query),
    metrics: formatListenAddress(metrics),
    ...(tls !== undefined && { tls: formatListenAddress(tls) }),
    cluster: options.clusterName,
    startMs: Math.round(performance.now() - startedAt),
  });
  await untilAborted(settings.signal);
  log.info('stopping');
  await mapper.stop();
  log.info('stopped');
}
