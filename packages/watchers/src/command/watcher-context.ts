import { readFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { Registry } from 'prom-client';
import { createApiClient } from '@nm/api';
import { AppError, isAppError } from '@nm/core';
import type { Clock, Logger } from '@nm/core';
import {
  createHealth,
  createHttpListener,
  createLogger,
  createMetricsHandler,
  createTlsFetch,
  describeOptions,
  OptionError,
} from '@nm/runtime';
import type { HealthCheck, ListenAddress, LogLevel, OptionTable, Startable } from '@nm/runtime';
import type { ObservationSink } from '../report/observation-sink.ts';
import { createReportSink, reportOver } from '../report/report-sink.ts';

/** What the process gives a watcher that it runs. */
export interface WatcherContext {
  /** Arguments after the command's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder against which file names in arguments resolve. */
  readonly cwd: string;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
  readonly version?: string;
  /** Standard output unless given. */
  readonly stdout?: (text: string) => void;
}

const EXIT_OK = 0;
const EXIT_USAGE = 2;
const EXIT_INPUT = 3;

/** Runs a command: an expected error is one line on standard error and an exit code (2 for usage, 3 for input). */
export async function guarded(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return EXIT_OK;
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper: ${error.message}\n`);
    const isUsage = error.code.startsWith('option_') || error.code === 'config_unreadable' || error.code === 'kafka-server-invalid';
    return isUsage ? EXIT_USAGE : EXIT_INPUT;
  }
}

export function writerOf(context: WatcherContext): (text: string) => void {
  return context.stdout ?? ((text) => void process.stdout.write(text));
}

/** A file's text. Throws AppError `input-unreadable`. */
export async function readText(context: WatcherContext, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readInput(context, path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Prints usage and options when they are asked for. */
export function printedHelp(context: WatcherContext, usage: string, table: OptionTable): boolean {
  if (!context.argv.includes('--help') && !context.argv.includes('-h')) return false;
  writerOf(context)(`Usage: ${usage}\n\n${describeOptions(table)}`);
  return true;
}

export function optionSources(context: WatcherContext): {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
} {
  return { argv: context.argv, env: context.env, readFile: (path) => readFile(resolve(context.cwd, path), 'utf8') };
}

/** Arguments that are no flags have no meaning here. */
export function refusePositional(positional: readonly string[]): void {
  const [first] = positional;
  if (first !== undefined) throw new OptionError('option_unknown', `unknown argument "${first}"; files are given with --file`);
}

/** A file's bytes, or standard input for `-`. Throws AppError `input-unreadable`. */
export async function* readInput(context: WatcherContext, path: string): AsyncGenerator<Uint8Array> {
  const name = path === '-' ? 'standard input' : path;
  try {
    const stream = path === '-' ? process.stdin : createReadStream(resolve(context.cwd, path), { highWaterMark: 256 * 1024 });
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError('input-unreadable', `${name} cannot be read: ${(cause as Error).message}`, { fields: { path }, cause });
  }
}

interface ReportOptions {
  readonly mapperUrl: string;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
}

/** The way to the mapper. */
export async function createMapperSink(
  context: WatcherContext,
  options: ReportOptions,
  deps: { readonly kind: 'kafka-watcher' | 'istio-watcher'; readonly clock: Clock; readonly log: Logger },
): Promise<ObservationSink> {
  const { tokenFile, caFile } = options;
  const client = createApiClient({
    url: options.mapperUrl,
    ...(caFile === undefined ? {} : { fetch: createTlsFetch(await readFile(resolve(context.cwd, caFile), 'utf8')) }),
    ...(tokenFile === undefined
      ? {}
      : { headers: async () => ({ authorization: `Bearer ${(await readFile(resolve(context.cwd, tokenFile), 'utf8')).trim()}` }) }),
  });
  return createReportSink(
    { report: reportOver(client), clock: deps.clock, log: deps.log },
    { kind: deps.kind, version: context.version ?? '0.0.0' },
  );
}

/** Serves metrics and health around a watcher until the signal aborts. */
export async function runUntilStopped(
  context: WatcherContext,
  deps: { readonly log: Logger; readonly register: Registry; readonly metricsListen: ListenAddress },
  watcher: Startable & { readonly checks: Readonly<Record<string, () => HealthCheck>> },
): Promise<void> {
  const health = createHealth();
  for (const [name, check] of Object.entries(watcher.checks)) health.addCheck(name, check);
  const listener = createHttpListener(
    { handler: createMetricsHandler({ register: deps.register, health }), log: deps.log },
    { name: 'metrics', listen: deps.metricsListen },
  );
  await listener.start();
  try {
    await watcher.start(context.signal);
    deps.log.info('ready', { metrics: listener.address() });
    if (!context.signal.aborted) await new Promise((done) => context.signal.addEventListener('abort', done, { once: true }));
    await watcher.stop();
  } finally {
    await listener.stop();
  }
}

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

export function createWatcherLog(name: string, level: LogLevel): Logger {
  return createLogger({ name, level });
}

export function createRegister(): Registry {
  return new Registry();
}
