import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ADDRESSES, attempt, START, startTestMapper } from '@nm/mapper/testing';
import type { TestMapper } from '@nm/mapper/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { folder, LIST, run, start } from './testing/run-cli.ts';

describe('a mapper by its address', () => {
  let mapper: TestMapper;
  beforeAll(async () => {
    mapper = await startTestMapper();
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
      attempt(ADDRESSES.frontend, ADDRESSES.kafka, { port: 9092 }),
    ]);
  });
  afterAll(() => mapper.stop());

  test('list', async () => expect(await run(['list', '--url', mapper.url])).toEqual({ code: 0, out: LIST, err: '' }));
  test('by the environment, with the path', async () => {
    expect((await run(['list'], { env: { NETWORK_MAPPER_URL: `${mapper.url}/query` } })).out).toBe(LIST);
  });
  test.each([
    ['server namespace', ['--to-namespace', 'kafka'], 'frontend in namespace shop calls:\n  - kafka in namespace kafka\n'],
    ['workload', ['--workload', 'cart'], 'frontend in namespace shop calls:\n  - cart\n'],
    ['excluded', ['--exclude-services', 'kafka'], 'frontend in namespace shop calls:\n  - cart\n'],
    ['server', ['--server', 'cart.shop'], LIST],
    ['window', ['--since', '1h'], LIST],
  ])('filter: %s', async (_name, flags, out) => expect((await run(['list', '--url', mapper.url, ...flags])).out).toBe(out));
  test.each([
    ['flags leave nothing', ['-n', 'nowhere'], /^No connections found\.\n.* holds 2 edges.*; there would be 2 without --namespaces\.\n$/],
    ['before everything', ['--until', '2026-01-01T00:00:00Z'], /there would be 2 without --since and --until/],
  ])('nothing to show: %s', async (_name, flags, err) => {
    expect((await run(['list', '--url', mapper.url, ...flags])).err).toMatch(err);
  });
  test('snapshot reads back equal', async () => {
    expect((await run(['snapshot', '--url', mapper.url, '-o', 'snap.json'])).code).toBe(0);
    expect((await run(['list', '--map', 'snap.json'])).out).toBe(LIST);
    expect((await run(['diff', 'snap.json', 'cluster', '--url', mapper.url])).code).toBe(0);
  });
  test('diff of two windows asks the mapper for each', async () => {
    const flags = ['--since', '14d', '--until', '7d', '--since', '7d', '--format', 'json'];
    const { code, out } = await run(['diff', '--url', mapper.url, ...flags]);
    expect([code, (JSON.parse(out) as { added: unknown[] }).added.length]).toEqual([1, 2]);
  });
  test('status', async () => {
    const { out } = await run(['status', '--url', mapper.url]);
    expect(out).toContain('sniffer on node-1 test: last report 0 s ago, 2 observations');
    expect(out).toContain('node without a sniffer: node-2');
    expect(out).toContain('- no sniffer reports from node node-2');
  });
  test('open prints the address of the web UI', async () => {
    const open = start(['open', '--no-browser', '--url', `${mapper.url}/query`]);
    expect(await open.saw('\n')).toBe(`${mapper.url}/\n`);
    open.stop();
    expect((await open.ended).code).toBe(0);
  });
  test('export', async () => {
    const { out } = await run(['export', '--url', mapper.url, '--output-version', 'v2', '--server', 'kafka.kafka']);
    expect(out).toContain('    - kubernetes:\n        name: kafka.kafka\n        kind: StatefulSet\n');
  });
});

describe('open --map', () => {
  test('serves the map and nothing else', async () => {
    if (!existsSync(new URL('../../web/dist/index.html', import.meta.url))) return;
    writeFileSync(join(folder, 'empty.json'), '{"schema":"network-mapper/map/v1","generatedAt":"2026-01-01T00:00:00Z","edges":[]}');
    const open = start(['open', '--no-browser', '--map', 'empty.json']);
    const url = (await open.saw('\n')).trim();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?map=map\.json$/);
    expect(await (await fetch(url)).text()).toContain('<div id="root"');
    expect(await (await fetch(new URL('/map.json', url))).json()).toMatchObject({ schema: 'network-mapper/map/v1', edges: [] });
    expect((await fetch(new URL('/..%2f..%2fpackage.json', url))).status).toBe(404);
    open.stop();
    expect((await open.ended).code).toBe(0);
  });
});

describe('what changes', () => {
  let mapper: TestMapper;
  beforeEach(async () => {
    mapper = await startTestMapper();
  });
  afterEach(() => mapper.stop());

  test('an empty map says why', async () => {
    const { err } = await run(['list', '--url', mapper.url]);
    expect(err).toMatch(/^No connections found\.\nno sniffer has reported since .* `network-mapper status` says more\.\n$/);
  });
  test('watch: new, changed, reset', async () => {
    const watch = start(['watch', '--format', 'json', '--url', mapper.url]);
    // The stream begins at the mapper's state when it is opened: what it shows first proves that it is open.
    const report = async (): Promise<void> => {
      for (let count = 1; !done; count += 1) {
        await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { at: START - 100 + count })]);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    let done = false;
    const reporting = report();
    await watch.saw('"changed"');
    done = true;
    await reporting;
    expect((await run(['reset', '--yes', '--url', mapper.url])).code).toBe(0);
    const out = await watch.saw('reset');
    watch.stop();
    const types = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect([types[0], types.at(-1), (await watch.ended).code]).toEqual(['added', 'reset', 0]);
  });
  test('more edges than a page', async () => {
    const domains = Array.from({ length: 2_345 }, (_, index) => ({
      kind: 'dns' as const,
      vantage: 'client' as const,
      source: { address: ADDRESSES.frontend },
      destination: { protocol: 'UDP' as const, name: `www.d${index}.example`, address: '203.0.113.1' },
      count: 1,
      firstSeenAt: START - 1_000,
      lastSeenAt: START - 1_000,
    }));
    await mapper.report(domains);
    const { out } = await run(['list', '--format', 'csv', '--url', mapper.url]);
    expect(out.trim().split('\n').length).toBe(1 + 2_345);
  });
});

describe('an address where no mapper is', () => {
  let server: Server;
  let answer: { status: number; body: string; type?: string } = { status: 200, body: '' };
  let url = '';
  const queries: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        queries.push(body);
        // As an old mapper: it knows the compatible queries alone.
        const isOld = answer.body === 'old';
        const knows = body.includes('intents(');
        response.writeHead(isOld ? (knows ? 200 : 422) : answer.status, { 'content-type': answer.type ?? 'application/json' });
        response.end(isOld ? (knows ? OLD_ANSWER : '{"errors":[{"message":"Cannot query field"}],"data":null}') : answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const identity = (name: string, namespace: string, kind: string): object => ({
    name,
    namespace,
    labels: [{ key: 'app', value: name }],
    podOwnerKind: { group: 'apps', version: 'v1', kind },
    kubernetesService: null,
  });
  const OLD_ANSWER = JSON.stringify({
    data: {
      intents: [
        {
          client: identity('frontend', 'shop', 'Deployment'),
          server: identity('kafka', 'kafka', 'StatefulSet'),
          kafkaTopics: [{ name: 'orders', operations: ['CONSUME', 'DESCRIBE_CONFIGS'] }],
          httpResources: null,
        },
        { client: identity('frontend', 'shop', 'Deployment'), server: identity('cart', 'shop', 'Deployment') },
      ],
    },
  });

  test('an old mapper is asked in its own words', async () => {
    answer = { status: 200, body: 'old' };
    const { code, out, err } = await run(['list', '--url', url]);
    expect(code).toBe(0);
    expect(out).toBe(`frontend in namespace shop calls:
  - cart
  - kafka in namespace kafka
    - Kafka topic: orders, operations: [DescribeConfigs consume]
`);
    expect(err).toMatch(/is an older mapper: it tells neither ports nor evidence nor times\.\n$/);
    expect((await run(['list', '--url', url, '--distinct-by-label', 'app', '--workload', 'cart'])).out).toContain('with app=frontend');
    expect((await run(['status', '--url', url])).out).toContain('edges: 2\n');
  });
  test.each([
    ['a web page', { status: 200, body: '<html>', type: 'text/html' }, /did not answer as a mapper does/],
    ['not found', { status: 404, body: 'no' }, /did not answer as a mapper does \(HTTP 404\)/],
    ['a token is needed', { status: 401, body: '{"errors":[{"message":"a token is needed"}]}' }, /asks for a token: name the cluster too/],
    ['forbidden', { status: 403, body: '{"errors":[{"message":"x may not"}]}' }, /refused the request \(403\): x may not/],
    [
      'odd edges',
      { status: 200, body: '{"data":{"edges":{"nodes":[{"client":{"type":"ghost"}}],"pageInfo":{},"window":{}}}}' },
      /cannot be read/,
    ],
  ])('%s', async (_name, planted, err) => {
    answer = planted;
    const ran = await run(['list', '--url', url]);
    expect([ran.code, ran.out]).toEqual([5, '']);
    expect(ran.err).toMatch(err);
    expect(ran.err.split('\n').length).toBe(2);
  });
  test('nobody listens', async () => {
    const { code, err } = await run(['list', '--url', 'http://127.0.0.1:1']);
    expect([code, err]).toEqual([5, expect.stringMatching(/^network-mapper: cannot reach http:\/\/127\.0\.0\.1:1: .*\n$/)]);
  });
  test.each([['ftp://x'], ['nonsense'], ['http://user:secret@host']])('bad address %s', async (bad) => {
    expect((await run(['list', '--url', bad])).code).toBe(2);
  });
});
