import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeReport, REPORT_LIMITS } from '@nm/api';
import type { ReportBatch } from '@nm/api';
import type { CommandContext } from '@nm/runtime';
import { runIstioWatcher } from './run-istio-watcher.ts';
import { runKafkaWatcher } from './run-kafka-watcher.ts';

const KAFKA = new URL('../kafka/fixtures', import.meta.url).pathname;
const ISTIO = new URL('../istio/fixtures/frontend', import.meta.url).pathname;

let errors: string;
beforeEach(() => {
  errors = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function run(
  command: (context: CommandContext) => Promise<number>,
  cwd: string,
  ...argv: string[]
): Promise<{ readonly code: number; readonly lines: readonly Record<string, unknown>[]; readonly text: string }> {
  let text = '';
  const code = await command({ argv, env: {}, cwd, signal: new AbortController().signal, stdout: (more) => (text += more) });
  const lines = text.startsWith('{') ? text.trimEnd().split('\n') : [];
  return { code, text, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('kafka-watcher', () => {
  it('prints the events of a log', async () => {
    const { code, lines } = await run(runKafkaWatcher, KAFKA, '--file', 'kafka-4.3.1-kraft.log', '--once', '--print');
    const expected = JSON.parse(readFileSync(`${KAFKA}/kafka-4.3.1-kraft.expected.json`, 'utf8')) as { events: unknown[] };
    expect(code).toBe(0);
    expect(lines.map(({ rule: _rule, ...event }) => event)).toEqual(expected.events);
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('reads a log that is packed with %s, and says that it cannot be followed', async (packing, pack) => {
    const folder = mkdtempSync(join(tmpdir(), 'nm-packed-'));
    writeFileSync(join(folder, 'log'), pack(readFileSync(`${KAFKA}/kafka-4.3.1-kraft.log`)));
    const expected = await run(runKafkaWatcher, KAFKA, '--file', 'kafka-4.3.1-kraft.log', '--once', '--print');
    expect(await run(runKafkaWatcher, folder, '--file', 'log', '--once', '--print')).toEqual(expected);
    expect((await run(runKafkaWatcher, folder, '--file', 'log', '--print')).code).toBe(3);
    expect(errors).toBe(`network-mapper: log is packed with ${packing} and cannot be followed: add --once\n`);
    rmSync(folder, { recursive: true });
  });

  it('says that a packed log is cut off, after what it holds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nm-packed-'));
    writeFileSync(join(folder, 'log'), gzipSync(readFileSync(`${KAFKA}/kafka-4.3.1-kraft.log`)).subarray(0, -50));
    const { code, lines } = await run(runKafkaWatcher, folder, '--file', 'log', '--once', '--print');
    expect([code, lines.length > 0, errors]).toEqual([3, true, 'network-mapper: log cannot be read: unexpected end of file\n']);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['no event', 'pod.json', ' lines of pod.json is an event of the authorizer'],
    ['nothing at all', '/dev/null', '/dev/null is empty'],
  ])('says that a log holds %s', async (_, file, message) => {
    const { code, text } = await run(runKafkaWatcher, ISTIO, '--file', file, '--once', '--print');
    expect([code, text, errors.trimEnd().split('\n').length]).toEqual([0, '', 1]);
    expect(errors).toContain(message);
  });

  it('reports a whole log to the mapper', async () => {
    const batches: ReportBatch[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { variables } = JSON.parse(Buffer.concat(chunks).toString()) as { variables: { batch: ReportBatch } };
        batches.push(variables.batch);
        const report = { stored: 0, rejected: [], retryAfterMs: 0, settings: { dnsPorts: [], reportIntervalMs: 1000 } };
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: { report } }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = ['--once', '--pod', 'kafka-0', '--namespace', 'kafka', '--mapper-url', url, '--log-level', 'error'];
    const { code } = await run(runKafkaWatcher, KAFKA, '--file', 'kafka-4.3.1-kraft.log', ...options);
    await new Promise((resolve) => server.close(resolve));
    expect([errors, code]).toEqual(['', 0]);
    const rows = batches.map((batch) => decodeReport(batch, REPORT_LIMITS));
    expect(JSON.stringify(rows)).toContain('shop.orders.v1');
    expect(batches.map(({ sequence, reporter }) => [sequence, reporter.kind])).toEqual([[1, 'kafka-watcher']]);
  });

  it.each([
    [['--print'], 2, 'need --file'],
    [[], 2, 'nothing to watch'],
    [['--servers', 'kafka'], 2, 'name.namespace'],
    [['--file', 'x.log'], 2, '--pod and --namespace'],
    [['--file', 'missing.log', '--once', '--print'], 3, 'missing.log cannot be read: there is no such file'],
    [['--fil', 'x'], 2, 'did you mean --file'],
    [['x.log'], 2, 'files are given with --file'],
  ])('%j', async (argv, expected, message) => {
    const { code } = await run(runKafkaWatcher, KAFKA, ...argv);
    expect([code, errors.trimEnd().split('\n').length]).toEqual([expected, 1]);
    expect(errors).toContain(message);
  });
});

describe('istio-watcher', () => {
  it('prints the HTTP edges of saved statistics', async () => {
    const { code, lines } = await run(runIstioWatcher, ISTIO, '--file', 'stats.json', '--print');
    expect(code).toBe(0);
    expect(lines).toHaveLength(12);
    expect(lines[0]).toEqual({
      source: 'frontend',
      sourceNamespace: 'shop',
      destination: 'ads',
      destinationNamespace: 'shop',
      destinationService: 'ads.shop.svc.cluster.local',
      destinationServices: ['ads.shop.svc.cluster.local'],
      path: '/hipstershop.AdService/GetAds',
      methods: ['POST'],
      requests: expect.any(Number) as number,
    });
  });

  it.each([
    ['no counters', ['--file', '/dev/null'], '/dev/null holds no counter'],
    ['nothing that has risen', ['--file', 'requests_total.prom', '--previous', 'requests_total.prom'], 'that has risen'],
  ])('says that a file holds %s', async (_, argv, message) => {
    const { code, text } = await run(runIstioWatcher, ISTIO, ...argv, '--print');
    expect([code, text]).toEqual([0, '']);
    expect(errors).toContain(message);
  });

  it('prints what has risen', async () => {
    const { lines } = await run(runIstioWatcher, ISTIO, '--file', 'requests_total_2.prom', '--previous', 'requests_total.prom', '--print');
    expect(lines.map(({ path, requests }) => [path, requests])).toEqual([
      ['/cart', 1],
      ['/cart/items/42', 1],
    ]);
  });

  it.each([
    [['--file', 'stats.json'], 2, '--file needs --print'],
    [['--print'], 2, 'need --file'],
    [['--file', 'pod.json', '--print'], 3, 'cannot be read'],
    [['--file', 'missing', '--print'], 3, 'missing cannot be read'],
  ])('%j', async (argv, expected, message) => {
    const { code } = await run(runIstioWatcher, ISTIO, ...argv);
    expect(code).toBe(expected);
    expect(errors).toContain(message);
  });
});

it.each([runKafkaWatcher, runIstioWatcher])('describes its options', async (command) => {
  const { code, text } = await run(command, KAFKA, '--help');
  expect(code).toBe(0);
  expect(text).toContain('--mapper-url');
});
