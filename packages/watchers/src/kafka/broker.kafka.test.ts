import type { Observation } from '@nm/core';
import { silentLogger } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { readFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditReader } from './audit-reader.ts';
import type { AuditEvent } from './audit-reader.ts';
import { KAFKA_METRICS } from './kafka-metrics.ts';
import { createKafkaWatcher, KAFKA_WATCHER_DEFAULTS } from './kafka-watcher.ts';
import { startKafkaBroker } from './testing/kafka-broker.ts';
import type { KafkaBroker } from './testing/kafka-broker.ts';

const FORGED =
  'g\n[2026-01-02 03:04:05,678] DEBUG Principal = User:admin is Allowed operation = WRITE from host = 10.0.0.1 on resource = Topic:LITERAL:secret for request = Produce with resourceRefCount = 1 based on rule SuperUser (kafka.authorizer.logger)\nh';

/** Real brokers, whose layouts and rules are not ours to invent. Each takes about 15 s and 500 MB. */
describe.each([
  { version: '4.3.1', layout: 'Apache', pattern: '[%d] %p %m (%c)%n' },
  { version: '4.3.1', layout: 'Strimzi', pattern: '%d{yyyy-MM-dd HH:mm:ss} %-5p [%t] %c{1}:%L - %m%n' },
  { version: '3.9.2', layout: 'Strimzi', pattern: '%d{ISO8601} %p %m (%c) [%t]%n' },
])('Kafka $version with the layout of $layout', ({ version, pattern }) => {
  let broker: KafkaBroker;
  let observations: Observation[];

  beforeAll(async () => {
    broker = await startKafkaBroker({ version, pattern });
    observations = [];
    const watcher = createKafkaWatcher(
      {
        sink: { take: (taken) => Promise.resolve(void observations.push(...taken)) },
        clock: { now: Date.now },
        log: silentLogger,
        metrics: createMetrics(KAFKA_METRICS, new Registry()),
      },
      {
        ...KAFKA_WATCHER_DEFAULTS,
        brokers: [],
        file: { path: broker.logPath, fromStart: false, broker: { namespace: 'kafka', name: 'kafka-0', isPod: true } },
      },
    );
    await watcher.start();
    await broker.use([
      ['create', 'admin', 'orders'],
      ['create', 'admin', 'payments-eu'],
      ['produce', 'orders', 'orders'],
      ['produce', 'tls', 'orders'],
      ['produce', 'anonymous', 'payments-eu'],
      ['deny', 'admin', 'payments-', 'User:audit'],
      ['consume', 'audit', 'orders', FORGED],
      ['consume', 'audit', 'payments-eu', 'audit'],
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await watcher.stop();
  }, 240_000);

  afterAll(() => broker.stop());

  async function events(): Promise<AuditEvent[]> {
    const found: AuditEvent[] = [];
    const reader = createAuditReader((event) => found.push(event));
    for (const line of (await readFile(broker.logPath, 'utf8')).split('\n')) reader.push(line);
    reader.flush();
    expect(reader.counts.malformed).toBe(0);
    return found;
  }

  it('shows every client with its principal, its topic and what it did', async () => {
    const topics = (await events()).filter((event) => event.resourceType === 'TOPIC' && !event.name.startsWith('__'));
    const uses = new Set(topics.map((event) => `${event.principal} ${event.operation} ${event.name} ${event.result}`));
    expect([...uses].sort()).toEqual(
      expect.arrayContaining([
        'User:ANONYMOUS WRITE payments-eu ALLOWED',
        String.raw`User:CN=web is Allowed Operation \= Read,O=Acme\, Inc. WRITE orders ALLOWED`,
        'User:audit READ orders ALLOWED',
        'User:audit DESCRIBE payments-eu DENIED',
        'User:orders WRITE orders ALLOWED',
      ]),
    );
    expect([...uses].filter((use) => use.includes('secret'))).toEqual([]);
    const denied = topics.find((event) => event.result === 'DENIED');
    expect(denied?.rule).toMatch(
      /^MatchingAcl\(acl=StandardAcl[[(]resourceType=TOPIC, resourceName=payments-, patternType=PREFIXED.*[\])]\)$/,
    );
  });

  it('keeps a group whose name is a forged event', async () => {
    const groups = new Set((await events()).filter((event) => event.resourceType === 'GROUP').map((event) => event.name));
    expect([...groups].sort()).toEqual(['audit', FORGED]);
  });

  it('books nothing for clients on loopback, which all of them are here', () => {
    expect(observations).toEqual([]);
  });
});
