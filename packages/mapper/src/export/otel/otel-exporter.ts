import { readFile } from 'node:fs/promises';
import type { Logger } from '@nm/core';
import { retry } from '@nm/runtime';
import type { Series } from '../series-book.ts';
import type { OtelProtocol } from './otel-settings.ts';
import { OtlpError } from './otlp-connection.ts';
import type { OtlpConnection, OtlpTarget } from './otlp-connection.ts';
import { decodePartialSuccess, encodeMetrics } from './otlp-message.ts';
import type { OtlpHead, PartialSuccess } from './otlp-message.ts';
import { otlpSettings, parsePairs } from './otlp-settings.ts';
import type { OtlpSettings } from './otlp-settings.ts';
import { ProtoWriter } from './proto-writer.ts';
import type { Attributes } from './service-graph.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What became of the requests of one export. */
export interface Exported {
  readonly sent: number;
  readonly failed: number;
  /** Why the last one failed that did. */
  readonly reason?: string;
  /** What the receiver did not take of those that it accepted. */
  readonly partial?: PartialSuccess;
}

export interface OtelExporter {
  /**
   * Sends the counters as they stand at `now`, in requests one after the other. A refused one does not
   * keep the others back; when the receiver is not reached the rest is left to the next export.
   */
  send(series: Iterable<Series<Attributes>>, now: number, signal: AbortSignal): Promise<Exported>;
}

/** Points of one request, about 200 kB: far below a collector's limit of 4 MiB for each gRPC message, and memory stays flat. */
const MAX_POINTS = 500;
/** Of one request, within its timeout. Waits are as those of OpenTelemetry's own exporters. */
const TRIES = { attempts: 5, baseMs: 1_000, maxMs: 5_000 } as const;
const MAX_MESSAGE_LENGTH = 200;
const SERVICE_NAME = 'network-mapper';

/**
 * Speaks OTLP by itself: OpenTelemetry's SDK with its gRPC takes 14 to 16 MiB before it sends anything, more than the
 * connections of 10,000 edges. While export is off neither protocol is loaded.
 * @throws OptionError for OTEL_EXPORTER_OTLP_* that cannot be meant
 */
export async function loadOtelExporter(
  deps: { readonly log: Logger; readonly env: Env; readonly random?: () => number },
  options: { readonly protocol: OtelProtocol; readonly metricName: string; readonly instance?: string; readonly version: string },
): Promise<OtelExporter> {
  const { log, env } = deps;
  const settings = otlpSettings(env, options.protocol);
  const open = options.protocol === 'grpc' ? (await import('./otlp-grpc.ts')).openGrpc : (await import('./otlp-http.ts')).openHttp;
  const head: OtlpHead = {
    resource: {
      'service.name': SERVICE_NAME,
      'service.version': options.version,
      ...(options.instance !== undefined && { 'service.instance.id': options.instance }),
      ...resourceOf(env, log),
    },
    scope: { name: 'network-mapper', version: options.version },
    metric: { name: options.metricName, description: 'Connections seen between two peers.' },
  };
  let writer = new ProtoWriter();
  log.info('sends connections by OpenTelemetry', { protocol: options.protocol, metric: options.metricName });

  return {
    async send(series, now, signal) {
      const sender = createSender(
        { open, random: deps.random ?? Math.random },
        { target: await toTarget(settings), timeoutMs: settings.timeoutMs },
      );
      let sent = 0;
      let failed = 0;
      let reason: string | undefined;
      let partial: PartialSuccess | undefined;
      try {
        for (const points of slicesOf(series)) {
          try {
            const found = decodePartialSuccess(await sender.post(encodeMetrics(writer, head, points, now), signal));
            sent += 1;
            if (found !== undefined) partial = addPartial(partial, found, points.length);
          } catch (error) {
            failed += 1;
            reason = toReason(error);
            // The broken connection may still hold the bytes.
            writer = new ProtoWriter();
            if (!(error instanceof OtlpError) || error.isPassing) break;
          }
        }
      } finally {
        sender.close();
      }
      return { sent, failed, ...(reason !== undefined && { reason }), ...(partial !== undefined && { partial }) };
    },
  };
}

interface Sender {
  post(message: Buffer, signal: AbortSignal): Promise<Buffer>;
  close(): void;
}

/** Keeps one connection, opens another after a failure, and repeats what may succeed a little later. */
function createSender(
  { open, random }: { readonly open: (target: OtlpTarget) => OtlpConnection; readonly random: () => number },
  { target, timeoutMs }: { readonly target: OtlpTarget; readonly timeoutMs: number },
): Sender {
  let connection: OtlpConnection | undefined;

  async function once(message: Buffer, signal: AbortSignal): Promise<Buffer> {
    connection ??= open(target);
    try {
      return await connection.post(message, signal);
    } catch (error) {
      connection.close();
      connection = undefined;
      throw error;
    }
  }

  return {
    async post(message, whole) {
      const signal = AbortSignal.any([whole, AbortSignal.timeout(timeoutMs)]);
      let before: unknown;
      try {
        return await retry(() => once(message, signal), { ...TRIES, random, signal, decide, onRetry: (error) => (before = error) });
      } catch (error) {
        if (!signal.aborted) throw error;
        const told = before === undefined ? '' : `: ${toReason(before)}`;
        throw new Error(`the receiver did not answer in time${told}`, { cause: error });
      }
    },
    close: () => connection?.close(),
  };
}

function decide(error: unknown): boolean | { readonly afterMs: number } {
  if (!(error instanceof OtlpError)) return true;
  return error.isPassing && error.afterMs !== undefined ? { afterMs: error.afterMs } : error.isPassing;
}

/** A receiver's words and numbers are its own: they are held to what can be. */
function addPartial(before: PartialSuccess | undefined, { rejectedPoints, message }: PartialSuccess, points: number): PartialSuccess {
  return {
    rejectedPoints: (before?.rejectedPoints ?? 0) + Math.min(rejectedPoints, points),
    message: message.slice(0, MAX_MESSAGE_LENGTH),
  };
}

/** Where a name has several addresses and none answers, the error has a code and no message. */
function toReason(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message === '' ? (code ?? 'unknown') : message;
}

function* slicesOf<Value>(values: Iterable<Value>): Generator<readonly Value[]> {
  let slice: Value[] = [];
  for (const value of values) {
    slice.push(value);
    if (slice.length < MAX_POINTS) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

async function toTarget({ url, headers, isGzip, files }: OtlpSettings): Promise<OtlpTarget> {
  const read = await Promise.all(Object.entries(files).map(async ([name, path]) => [name, await readFile(path)] as const));
  return { url, headers, isGzip, tls: Object.fromEntries(read) };
}

/** OTEL_RESOURCE_ATTRIBUTES, left out as a whole if it cannot be read (resource SDK specification), and OTEL_SERVICE_NAME. */
function resourceOf(env: Env, log: Logger): Attributes {
  const pairs = parsePairs(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  if (pairs === undefined) log.warn('OTEL_RESOURCE_ATTRIBUTES is left out: it must be key=value,key=value with values percent-encoded');
  const name = env['OTEL_SERVICE_NAME'] ?? '';
  return { ...pairs, ...(name !== '' && { 'service.name': name }) };
}
