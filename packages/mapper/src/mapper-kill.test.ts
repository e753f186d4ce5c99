import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient, createReportWriter, EDGES, REPORT } from '@nm/api';
import type { ReportBatch } from '@nm/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from './store/testing/embedded-postgres.ts';
import type { PostgresForTests } from './store/testing/embedded-postgres.ts';
import { ADDRESSES, shopObjects } from './testing/shop-cluster.ts';
import { startMapperProcess } from './testing/start-mapper-process.ts';

const KILLS = 2;
const ROWS = 50;
/** The frontend calls the cart; every row counts one. */
function batchOf(instance: string, sequence: number): ReportBatch {
  const now = Date.now();
  const writer = createReportWriter();
  for (let row = 0; row < ROWS; row += 1) {
    writer.add({
      kind: 'tcp',
      vantage: 'client',
      source: { address: ADDRESSES.frontend },
      destination: { protocol: 'TCP', address: ADDRESSES.cart, port: 8_000 + row },
      count: 1,
      firstSeenAt: now - 1_000,
      lastSeenAt: now - 1_000,
    });
  }
  return writer.finish({ kind: 'sniffer', node: 'node-1', instance, version: 'test' }, sequence, now);
}

interface Reporter {
  /** Sends one batch after the other to the first of these that answers, until `stop`. */
  run(urls: () => readonly string[]): Promise<void>;
  stop(): void;
  /** Batches that were acknowledged. */
  readonly acknowledged: number;
  /** Resolves when `count` more were acknowledged. */
  more(count: number): Promise<void>;
}

/** As a sniffer does it: a batch without an answer is sent again, with its sequence, to whoever is there. */
function createReporter(instance: string): Reporter {
  let acknowledged = 0;
  let stopped = false;
  let wanted = { at: Number.POSITIVE_INFINITY, reached: () => undefined as void };
  return {
    get acknowledged() {
      return acknowledged;
    },
    async run(urls) {
      for (let turn = 0; !stopped; turn += 1) {
        const all = urls();
        const url = all[turn % all.length] ?? '';
        const batch = batchOf(instance, acknowledged + 1);
        try {
          await createApiClient({ url, timeoutMs: 5_000 }).run(REPORT, { batch });
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 5));
          continue;
        }
        acknowledged += 1;
        if (acknowledged >= wanted.at) wanted.reached();
      }
    },
    stop() {
      stopped = true;
    },
    more(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wanted = { at: acknowledged + count, reached: resolve };
      return promise;
    },
  };
}

async function countOf(url: string): Promise<number> {
  const { edges } = await createApiClient({ url, timeoutMs: 10_000 }).run(EDGES, { first: 10 });
  return edges.nodes.reduce((sum, edge) => sum + (edge.evidence.tcp?.count ?? 0), 0);
}

describe('kill -9 of a mapper that takes in reports over HTTP', () => {
  let folder = '';
  let postgres: PostgresForTests;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nm-mapper-kill-'));
    await writeFile(join(folder, 'objects.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: shopObjects() }));
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const start = (store: string) => startMapperProcess(['--store', store, '--kube', join(folder, 'objects.json')]);

  test('loses nothing that was acknowledged and counts nothing twice', async () => {
    const store = `sqlite:${join(folder, 'map.db')}`;
    const reporter = createReporter('one');
    let mapper = await start(store);
    const running = reporter.run(() => [mapper.url]);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await reporter.more(2 + ((kill * 5) % 7));
      await mapper.kill();
      mapper = await start(store);
    }
    await reporter.more(1);
    reporter.stop();
    await running;
    expect(await countOf(mapper.url)).toBe(reporter.acknowledged * ROWS);
    expect(await mapper.stop()).toBe(0);
  }, 120_000);

  test('of one of two on one PostgreSQL leaves one right map', async () => {
    const url = await postgres.createDatabase();
    const first = await start(url);
    const second = await start(url);
    let urls = [first.url, second.url];
    const reporters = ['one', 'two', 'three'].map(createReporter);
    const running = reporters.map((reporter) => reporter.run(() => urls));
    await Promise.all(reporters.map((reporter) => reporter.more(4)));
    await first.kill();
    urls = [second.url];
    await Promise.all(reporters.map((reporter) => reporter.more(3)));
    for (const reporter of reporters) reporter.stop();
    await Promise.all(running);
    const acknowledged = reporters.reduce((sum, reporter) => sum + reporter.acknowledged, 0);
    expect(await countOf(second.url)).toBe(acknowledged * ROWS);
    await second.stop();
  }, 120_000);
});
