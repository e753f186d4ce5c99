import { loadKubeClient } from '@nm/kube';
import {
  createMapperSink,
  inputName,
  note,
  loadCommandOptions,
  readInput,
  refusePacked,
  serveUntilStopped,
  SYSTEM_CLOCK,
  writerOf,
} from '@nm/reporting';
import { Registry } from 'prom-client';
import { createLogger, createMetrics, guarded, OptionError } from '@nm/runtime';
import type { CommandContext, ExitName, OptionValues } from '@nm/runtime';
import { resolve } from 'node:path';
import { createAuditReader } from '../kafka/audit-reader.ts';
import { parseBrokerSet } from '../kafka/broker-pods.ts';
import type { BrokerSetError } from '../kafka/broker-pods.ts';
import { followFile } from '../kafka/file-follower.ts';
import { KAFKA_METRICS } from '../kafka/kafka-metrics.ts';
import { createKafkaWatcher, KAFKA_WATCHER_DEFAULTS } from '../kafka/kafka-watcher.ts';
import { printAuditLog, toPrintedEvent } from '../kafka/print-audit-log.ts';
import { createAccessAggregate } from '../kafka/access-aggregate.ts';
import { createLineSplitter } from '../kafka/line-splitter.ts';
import { FILES_BY_FLAG } from './common-options.ts';
import { KAFKA_OPTIONS } from './kafka-options.ts';

type KafkaValues = OptionValues<typeof KAFKA_OPTIONS>;

const USAGE = 'network-mapper kafka-watcher --servers NAME.NAMESPACE,… | --file LOG [--once] [--print] [options]';

const EXITS: Readonly<Record<BrokerSetError, ExitName>> = { 'kafka-server-invalid': 'usage' };

/** `network-mapper kafka-watcher`: runs until the signal aborts or the file is read; gives the exit code. */
export async function runKafkaWatcher(context: CommandContext): Promise<number> {
  return guarded(async () => {
    const values = await loadCommandOptions(context, KAFKA_OPTIONS, { part: 'kafka', usage: USAGE, advice: FILES_BY_FLAG });
    if (values === undefined) return;
    checkOptions(values);
    const { file } = values;
    if (file !== undefined && !values.once) await refusePacked(context, file, 'add --once');
    if (values.print && file !== undefined) await (values.once ? printOnce(context, file) : printForever(context, file));
    else if (values.once && file !== undefined) await reportOnce(context, values, file);
    else await watch(context, values);
  }, EXITS);
}

function checkOptions(values: KafkaValues): void {
  if (values.file === undefined) {
    if (values.print || values.once) throw new OptionError('option_conflict', '--print and --once need --file LOG');
    if (values.servers.length === 0)
      throw new OptionError('option_conflict', 'nothing to watch: give --servers NAME.NAMESPACE or --file LOG');
  } else if (!values.print && (values.pod === undefined || values.namespace === undefined)) {
    throw new OptionError('option_conflict', '--file needs --pod and --namespace of the broker that writes it, or --print');
  }
  if (values.file === '-' && !values.once) throw new OptionError('option_conflict', '--file - (standard input) needs --once');
}

async function printOnce(context: CommandContext, file: string): Promise<void> {
  const { lines, events, malformed } = await printAuditLog(readInput(context, file), writerOf(context));
  const name = inputName(file);
  if (events === 0 && lines === 0) note(`${name} is empty`);
  else if (events === 0)
    note(`none of the ${lines} lines of ${name} is an event of the authorizer: docs/watchers.md says what the broker must be told`);
  if (malformed > 0) note(`${malformed} events begin like the authorizer's and cannot be read`);
}

async function printForever(context: CommandContext, file: string): Promise<void> {
  const write = writerOf(context);
  const reader = createAuditReader((event) => write(`${toPrintedEvent(event)}\n`));
  await followFile(
    { path: resolve(context.cwd, file), fromStart: true, pollMs: 250 },
    { line: (line) => reader.push(line), rotated: () => undefined, caughtUp: () => reader.flush() },
    context.signal,
  );
}

/** Reads a whole file and reports it; times are those that the log's carrier gives, else now. */
async function reportOnce(context: CommandContext, values: KafkaValues, file: string): Promise<void> {
  const log = createLogger({ name: 'kafka-watcher', level: values.logLevel });
  const sink = await createMapperSink(context, values, { kind: 'kafka-watcher', clock: SYSTEM_CLOCK, log });
  const aggregate = createAccessAggregate();
  const broker = { namespace: values.namespace ?? '', name: values.pod ?? '', isPod: true };
  const reader = createAuditReader((event) => void aggregate.add(event, broker, event.at ?? SYSTEM_CLOCK.now()));
  const splitter = createLineSplitter((line) => reader.push(line));
  for await (const chunk of readInput(context, file)) splitter.push(chunk);
  splitter.end();
  reader.flush();
  await sink.take(aggregate.drain(), context.signal);
  log.info('reported', { ...reader.counts });
}

async function watch(context: CommandContext, values: KafkaValues): Promise<void> {
  const brokers = values.servers.map(parseBrokerSet);
  const log = createLogger({ name: 'kafka-watcher', level: values.logLevel });
  const register = new Registry();
  const sink = await createMapperSink(context, values, { kind: 'kafka-watcher', clock: SYSTEM_CLOCK, log });
  const reader =
    brokers.length === 0
      ? undefined
      : await loadKubeClient({ env: context.env, kubeconfig: values.kubeconfig, context: values.kubeContext });
  const watcher = createKafkaWatcher(
    { sink, clock: SYSTEM_CLOCK, log, metrics: createMetrics(KAFKA_METRICS, register), ...(reader === undefined ? {} : { reader }) },
    {
      ...KAFKA_WATCHER_DEFAULTS,
      brokers,
      reportIntervalMs: values.reportInterval,
      lookBackMs: values.lookBack,
      ...(values.file === undefined
        ? {}
        : {
            file: {
              path: resolve(context.cwd, values.file),
              fromStart: values.fromStart,
              broker: { namespace: values.namespace ?? '', name: values.pod ?? '', isPod: true },
            },
          }),
    },
  );
  await serveUntilStopped(context.signal, { log, register, metricsListen: values.metricsListen }, watcher);
}
