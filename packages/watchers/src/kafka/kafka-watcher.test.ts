import { mkdtemp, rm, writeFile, appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger, Observation } from '@nm/core';
import { silentLogger } from '@nm/core';
import type { ObservationSink } from '@nm/reporting';
import { createMetrics } from '@nm/runtime';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHttpReader } from '../testing/http-reader.ts';
import { createLogServer } from '../testing/log-server.ts';
import { KAFKA_METRICS } from './kafka-metrics.ts';
import { createKafkaWatcher, KAFKA_WATCHER_DEFAULTS } from './kafka-watcher.ts';
import type { KafkaWatcherOptions } from './kafka-watcher.ts';

const line = (host: string, topic: string, operation = 'WRITE', result = 'Allowed', count = 1): string =>
  `[2026-01-02 03:04:05,678] DEBUG Principal = User:CN=orders is ${result} operation = ${operation} from host = ${host} on resource = Topic:LITERAL:${topic} for request = Produce with resourceRefCount = ${count} based on rule DefaultAllow (kafka.authorizer.logger)`;

const pod = (name: string, owner: string, extra: Record<string, unknown> = {}): unknown => ({
  metadata: { name, namespace: 'kafka', uid: `uid-${name}`, ownerReferences: [{ kind: 'StatefulSet', name: owner }], ...extra },
  spec: { nodeName: 'node-1', containers: [{ name: 'exporter' }, { name: 'kafka' }] },
  status: { phase: 'Running' },
});

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function collectingSink(): ObservationSink & { readonly taken: Observation[]; failures: number } {
  const sink = {
    taken: [] as Observation[],
    failures: 0,
    take(observations: readonly Observation[]): Promise<void> {
      if (sink.failures > 0) {
        sink.failures -= 1;
        return Promise.reject(new Error('away'));
      }
      sink.taken.push(...observations);
      return Promise.resolve();
    },
  };
  return sink;
}

const OPTIONS: KafkaWatcherOptions = {
  ...KAFKA_WATCHER_DEFAULTS,
  brokers: [{ name: 'kafka', namespace: 'kafka' }],
  reportIntervalMs: 20,
  discoveryIntervalMs: 20,
  follow: { baseMs: 1, maxMs: 5 },
};

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 10_000, interval: 10 }).toBe(true);
}

describe('brokers in a cluster', () => {
  it('follows each broker of the set, new ones too, and says who used which topic at which broker', async () => {
    const server = await createLogServer();
    cleanUps.push(() => server.close());
    server.pods = [pod('kafka-0', 'kafka'), pod('other-0', 'other')];
    const sink = collectingSink();
    sink.failures = 2;
    const metrics = createMetrics(KAFKA_METRICS, new Registry());
    const watcher = createKafkaWatcher(
      { sink, clock: { now: Date.now }, log: silentLogger, metrics, reader: createHttpReader(server.url) },
      OPTIONS,
    );
    const at = Date.now();
    server.write(line('10.0.0.1', 'orders'), at);
    server.write(line('10.0.0.1', 'orders'), at + 10);
    server.write(line('0:0:0:0:0:ffff:a00:2', 'payments', 'READ', 'Denied'), at + 20);
    server.write(line('127.0.0.1', 'orders'), at + 30);
    server.write(line('10.0.0.1', 'hardcode', 'WRITE', 'Allowed', 0), at + 40);
    await watcher.start();
    cleanUps.push(() => watcher.stop());
    await until(() => sink.taken.length === 2);
    expect(sink.taken).toEqual([
      {
        kind: 'kafka',
        vantage: 'server',
        node: 'node-1',
        source: { address: '10.0.0.1' },
        destination: { protocol: 'TCP', podUid: 'uid-kafka-0', workload: { namespace: 'kafka', name: 'kafka-0', pod: true } },
        count: 2,
        firstSeenAt: at,
        lastSeenAt: at + 10,
        kafka: { topic: 'orders', operation: 'produce', allowed: true, principal: 'User:CN=orders' },
      },
      expect.objectContaining({
        source: { address: '10.0.0.2' },
        count: 1,
        kafka: { topic: 'payments', operation: 'consume', allowed: false, principal: 'User:CN=orders' },
      }),
    ]);
    server.pods = [...server.pods, pod('kafka-1', 'kafka')];
    await until(() => watcher.followed.length === 2);
    server.pods = [pod('kafka-1', 'kafka')];
    await until(() => watcher.followed.length === 1);
    expect(watcher.followed).toEqual(['uid-kafka-1/kafka']);
  });
});

describe('a log file', () => {
  async function watchFile(
    log: Logger,
    options: Partial<KafkaWatcherOptions>,
  ): Promise<{ sink: ReturnType<typeof collectingSink>; path: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'nm-kafka-'));
    cleanUps.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'authz.log');
    await writeFile(path, `${line('10.0.0.1', 'before')}\n`);
    const sink = collectingSink();
    const watcher = createKafkaWatcher(
      { sink, clock: { now: Date.now }, log, metrics: createMetrics(KAFKA_METRICS, new Registry()) },
      {
        ...OPTIONS,
        brokers: [],
        file: { path, fromStart: true, broker: { namespace: 'kafka', name: 'kafka-0', isPod: true } },
        ...options,
      },
    );
    await watcher.start();
    cleanUps.push(() => watcher.stop());
    return { sink, path };
  }

  it('is followed', async () => {
    const { sink, path } = await watchFile(silentLogger, {});
    await until(() => sink.taken.length === 1);
    await appendFile(path, `${line('10.0.0.1', 'after')}\n`);
    await until(() => sink.taken.length === 2);
    expect(sink.taken.map(({ kafka, destination }) => [kafka?.topic, destination.workload?.name])).toEqual([
      ['before', 'kafka-0'],
      ['after', 'kafka-0'],
    ]);
  });

  it.each([
    ['nothing is logged', [], 'write nothing to the log'],
    ['other loggers only', ['[2026-01-02 03:04:05,678] INFO started (kafka.server.KafkaServer)'], 'set authorizer.class.name'],
    ['events that stopped', [line('10.0.0.1', 'orders')], 'have stopped'],
    ['denied accesses only', [line('10.0.0.1', 'orders', 'WRITE', 'Denied')], 'denied accesses only'],
  ])('no allowed access for long, %s: a warning says what to set', async (_, lines, advice) => {
    const warnings: [string, unknown][] = [];
    const folder = await mkdtemp(join(tmpdir(), 'nm-kafka-'));
    cleanUps.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'silent.log');
    await writeFile(path, lines.map((text) => `${text}\n`).join(''));
    await watchFile(
      { ...silentLogger, warn: (message, fields) => void warnings.push([message, fields]) },
      { silenceMs: 1_000, file: { path, fromStart: true, broker: { namespace: 'a', name: 'b', isPod: true } } },
    );
    await until(() => warnings.length > 0);
    expect(warnings).toEqual([[expect.stringContaining(advice), expect.objectContaining({ brokers: 1, lines: lines.length })]]);
  });

  it('no broker found: a warning says how to name them', async () => {
    const warnings: string[] = [];
    const server = await createLogServer();
    cleanUps.push(() => server.close());
    const watcher = createKafkaWatcher(
      {
        sink: collectingSink(),
        clock: { now: Date.now },
        log: { ...silentLogger, warn: (message) => void warnings.push(message) },
        metrics: createMetrics(KAFKA_METRICS, new Registry()),
        reader: createHttpReader(server.url),
      },
      { ...OPTIONS, silenceMs: 30 },
    );
    await watcher.start();
    cleanUps.push(() => watcher.stop());
    await until(() => warnings.length > 0);
    expect(warnings).toEqual([expect.stringContaining('no Kafka broker found')]);
    expect(watcher.checks.pods()).toEqual({ ok: true, detail: '0 brokers' });
    await server.close();
    await until(() => !watcher.checks.pods().ok);
  });
});
