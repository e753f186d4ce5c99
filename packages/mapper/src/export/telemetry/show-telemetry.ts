import { AppError } from '@nm/core';
import { describeOptions, loadOptions, listenAddress, option, OptionError } from '@nm/runtime';
import { readFile } from 'node:fs/promises';

/** Path on the metrics listener where a mapper shows what it would send. */
export const TELEMETRY_PATH = '/telemetry';

export const TELEMETRY_ERRORS = {
  MAPPER_UNREACHABLE: 'No mapper answers on its metrics port. Run the command in the mapper’s pod, or name the port with --metrics-listen.',
} as const;

/** The same option as the mapper's, so that in its pod the same settings find it. */
const OPTIONS = {
  metricsListen: option({
    flag: 'metrics-listen',
    type: listenAddress(),
    default: { port: 2112 },
    help: 'Where the mapper serves its metrics.',
  }),
};

const TIMEOUT_MS = 5_000;
const USAGE = 'network-mapper telemetry show [--metrics-listen HOST:PORT]';

/** `network-mapper telemetry show`: prints what the mapper on this machine would send, and whether it does. Throws OptionError, AppError MAPPER_UNREACHABLE. */
export async function showTelemetry(
  argv: readonly string[],
  settings: {
    readonly stdout: (text: string) => void;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    settings.stdout(`Usage: ${USAGE}\n\nPrints exactly what the mapper would send as usage telemetry.\n\n${describeOptions(OPTIONS)}`);
    return;
  }
  const { values, positional } = await loadOptions(
    OPTIONS,
    { argv, env: ownEnv(settings.env), readFile: (path) => readFile(path, 'utf8') },
    { part: 'mapper' },
  );
  if (positional.join(' ') !== 'show') throw new OptionError('option_unknown', `telemetry has one use: ${USAGE}`);
  const { host, port } = values.metricsListen;
  const name = host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}${TELEMETRY_PATH}`;
  const signal = AbortSignal.any([settings.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const answer = await fetch(url, { signal }).catch((cause: unknown) => {
    throw new AppError('MAPPER_UNREACHABLE', `no mapper answers at ${url}: run this in the mapper's pod, or add --metrics-listen`, {
      cause,
    });
  });
  const text = await answer.text();
  if (!answer.ok) throw new AppError('MAPPER_UNREACHABLE', `${url} answered ${answer.status}: is this the metrics port of a mapper?`);
  settings.stdout(text);
}

/** Other variables of the mapper are not unknown here. */
function ownEnv(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> {
  return { NETWORK_MAPPER_METRICS_LISTEN: env['NETWORK_MAPPER_METRICS_LISTEN'] };
}
