import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createApiClient, createReportWriter, REPORT } from '@nm/api';
import { buildMap, exitCode, runCli } from '@nm/cli';
import { AppError, toMapDocument } from '@nm/core';
import { loadKubeClient } from '@nm/kube';
import { runMapper } from '@nm/mapper';
import type { CommandContext } from '@nm/runtime';
import { guardedPart } from '../parts/guarded-part.ts';
import { VERSION } from '../version.ts';
import { sampleObservations, shiftToNow } from './sample-observations.ts';

const LISTEN = '127.0.0.1:9090';
const METRICS_LISTEN = '127.0.0.1:2112';
const CLUSTER_TIMEOUT_MS = 3_000;
const ROOT = resolve(import.meta.dirname, '../../../..');
const SAMPLE = join(ROOT, 'samples/lab');
const CAPTURES = [join(SAMPLE, 'pcap/any-sll2-dns.pcap'), join(SAMPLE, 'pcap/cni0-en10mb-dns.pcap')];
const DUMP = join(SAMPLE, 'api');
const WEB = join(ROOT, 'packages/web/dist');

const USAGE = `Usage: network-mapper demo [--once] [--sample] [--listen HOST:PORT] [--metrics-listen HOST:PORT]

The main job on real input: the cluster of the kubeconfig when it answers, else the sample capture of a small lab.
Prints the map, writes a picture, and serves the access graph until Ctrl-C.

  --once                      print the map, write the picture, and end
  --sample                    the sample, also when a cluster answers
  --listen HOST:PORT          of the web UI and the API (${LISTEN})
  --metrics-listen HOST:PORT  of /metrics (${METRICS_LISTEN})
`;

interface DemoOptions {
  readonly once: boolean;
  readonly sample: boolean;
  readonly listen: string;
  readonly metricsListen: string;
}

/** `npm start`. */
export async function runDemo(context: CommandContext): Promise<number> {
  if (context.argv.includes('--help')) {
    process.stdout.write(USAGE);
    return exitCode('ok');
  }
  const options = parseDemo(context.argv);
  if (typeof options === 'string') {
    process.stderr.write(`network-mapper demo: ${options}\n${USAGE}`);
    return exitCode('usage');
  }
  let isInterrupted = false;
  const code = await guardedPart('demo', () =>
    show(context, options).catch((error: unknown) => {
      // What Ctrl-C broke off is no trouble to tell of.
      if (!context.signal.aborted) throw error;
      isInterrupted = true;
    }),
  );
  return isInterrupted ? exitCode('interrupted') : code;
}

async function show(context: CommandContext, options: DemoOptions): Promise<void> {
  // Before anything else: what answers there already is not to be taken for our mapper.
  if (!options.once) {
    await refuseTaken('--listen', options.listen);
    await refuseTaken('--metrics-listen', options.metricsListen);
  }
  const cluster = options.sample ? undefined : await reachableCluster(context);
  if (cluster !== undefined && !options.once) {
    await serveCluster(context, options, cluster);
    return;
  }
  if (cluster === undefined)
    say(options.sample ? 'the sample capture of a small lab' : 'no cluster answers: the sample capture of a small lab');
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-'));
  try {
    const map = join(folder, 'map.json');
    await writeSampleMap(context, map);
    await reading(context, ['list', '--map', map]);
    const picture = join(context.cwd, 'network-mapper-sample.svg');
    await reading(context, ['visualize', '--map', map, '--format', 'svg', '-o', picture]);
    if (!options.once) await serveSample(context, options, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws AppError `listen_failed` when something else listens there, or this machine has no such address. */
async function refuseTaken(flag: string, address: string): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  const server = createServer();
  try {
    server.listen({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), exclusive: true });
    await once(server, 'listening');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE' ? 'something else listens there' : String(cause);
    throw new AppError('listen_failed', `cannot listen on ${address}: ${why}; choose another address: npm start -- ${flag} HOST:PORT`, {
      cause,
    });
  }
  server.close();
  await once(server, 'close');
}

/** A message for whoever typed a wrong argument, or the options. */
export function parseDemo(argv: readonly string[]): DemoOptions | string {
  const options = { once: false, sample: false, listen: LISTEN, metricsListen: METRICS_LISTEN };
  for (let i = 0; i < argv.length; i++) {
    const [flag = '', inline] = (argv[i] ?? '').split(/=(.*)/s);
    if (flag === '--once' || flag === '--sample') {
      options[flag === '--once' ? 'once' : 'sample'] = true;
    } else if (flag === '--listen' || flag === '--metrics-listen') {
      const value = inline ?? argv[++i];
      if (value === undefined || !/^.+:\d+$/.test(value)) return `${flag} needs HOST:PORT, not ${JSON.stringify(value ?? '')}`;
      options[flag === '--listen' ? 'listen' : 'metricsListen'] = value;
    } else {
      return `unknown argument ${JSON.stringify(argv[i])}`;
    }
  }
  return options;
}

/** Address of the API server that the kubeconfig names, if it answers soon. */
async function reachableCluster(context: CommandContext): Promise<string | undefined> {
  try {
    const client = await loadKubeClient({ env: context.env });
    try {
      await client.request('/version', { signal: AbortSignal.any([context.signal, AbortSignal.timeout(CLUSTER_TIMEOUT_MS)]) });
      return client.transport.baseUrl;
    } finally {
      client.close();
    }
  } catch {
    return undefined;
  }
}

async function writeSampleMap(context: CommandContext, path: string): Promise<void> {
  const { edges, summary } = await buildMap(
    { kube: [DUMP], pcap: CAPTURES, proc: [], clusterName: 'lab', clusterDomain: 'cluster.local', customOwners: [] },
    { signal: context.signal, onProgress: () => undefined },
  );
  say(`${summary.packets} packets, ${summary.transactions} DNS transactions`);
  writeFileSync(path, JSON.stringify(toMapDocument([...edges], { generatedAt: Date.now(), window: summary.window })));
}

async function reading(context: CommandContext, argv: readonly string[]): Promise<void> {
  const { stdout, stderr, stdin } = process;
  const code = await runCli(argv, {
    stdout,
    stderr,
    stdin,
    env: context.env,
    cwd: context.cwd,
    now: () => Date.now(),
    signal: context.signal,
    buildMap,
    otherCommands: [],
  });
  if (code !== exitCode('ok')) throw new Error(`${argv.join(' ')} ended with ${code}`);
}

async function serveCluster(context: CommandContext, options: DemoOptions, cluster: string): Promise<void> {
  say(`cluster ${cluster} answers: a mapper on this machine watches it; install the sniffers (docs/getting-started.md) to fill its map`);
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-'));
  try {
    await serve(context, options, ['--store', `sqlite:${join(folder, 'map.db')}`], () => Promise.resolve());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function serveSample(context: CommandContext, options: DemoOptions, folder: string): Promise<void> {
  const observations = shiftToNow(await sampleObservations(CAPTURES, context.signal), Date.now());
  await serve(context, options, ['--kube', DUMP, '--cluster-name', 'lab', '--store', `sqlite:${join(folder, 'map.db')}`], async (url) => {
    const writer = createReportWriter();
    for (const observation of observations) writer.add(observation);
    const reporter = { kind: 'sniffer', instance: `demo-${process.pid}`, node: 'hm-node', version: VERSION } as const;
    const { report } = await createApiClient({ url }).run(REPORT, { batch: writer.finish(reporter, 1, Date.now()) });
    say(`${report.stored} observations stored`);
  });
}

/** A mapper with the embedded store on the loopback address; `onReady` once it answers. */
async function serve(
  context: CommandContext,
  options: DemoOptions,
  more: readonly string[],
  onReady: (url: string) => Promise<void>,
): Promise<void> {
  const web = existsSync(join(WEB, 'index.html')) ? ['--web', WEB] : [];
  const argv = [
    '--listen',
    options.listen,
    '--metrics-listen',
    options.metricsListen,
    '--auth',
    'none',
    '--log-level',
    'warn',
    ...web,
    ...more,
  ];
  const url = `http://${options.listen}`;
  const stop = new AbortController();
  const mapper = runMapper(argv, context.env, {
    signal: AbortSignal.any([context.signal, stop.signal]),
    stdout: (text) => process.stdout.write(text),
    version: VERSION,
  });
  try {
    await Promise.race([mapper, untilReady(url, context.signal)]);
    await onReady(url);
    say(web.length === 0 ? `API: ${url}/query (no web UI in this checkout: npm run build:web)` : `access graph: ${url}/`);
    say('Ctrl-C ends it');
    await mapper;
  } finally {
    stop.abort();
    await mapper.catch(() => undefined);
  }
}

/** The mapper answers health when its cluster view and store are there. */
async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const isUp = await fetch(`${url}/healthz`, { signal }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

function say(text: string): void {
  process.stderr.write(`network-mapper: ${text}\n`);
}
