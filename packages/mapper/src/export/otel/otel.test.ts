import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../testing/free-port.ts';
import { ADDRESSES } from '../../testing/shop-cluster.ts';
import { attempt, START, startTestMapper } from '../../testing/start-test-mapper.ts';
import type { TestMapper } from '../../testing/start-test-mapper.ts';
import type { ReceivedPoint } from '../testing/decode-otlp.ts';
import { startGrpcReceiver, startHttpReceiver } from '../testing/otlp-receiver.ts';
import type { OtlpReceiver } from '../testing/otlp-receiver.ts';
import { isOtelOn, otelIntervalMs, otelProtocol } from './otel-settings.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.stop();
});

async function startWith(env: Record<string, string>, args: readonly string[] = []): Promise<TestMapper> {
  const all = { OTEL_METRIC_EXPORT_INTERVAL: '100', ...env };
  const mapper = await startTestMapper({ env: all, args });
  open.push(mapper);
  return mapper;
}

async function start(receiver: OtlpReceiver, protocol: string, args: readonly string[] = []): Promise<TestMapper> {
  open.push(receiver);
  return startWith(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=map',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    },
    args,
  );
}

function lastPoint(receiver: OtlpReceiver, server: string): ReceivedPoint | undefined {
  return receiver.exports
    .flatMap(({ metrics }) => metrics.flatMap(({ points }) => points))
    .findLast(({ attributes }) => attributes['server'] === server);
}

const wait = { timeout: 8_000, interval: 20 };

describe.each([
  ['http/protobuf', startHttpReceiver],
  ['grpc', startGrpcReceiver],
] as const)('OTLP over %s', (protocol, startReceiver) => {
  test('sends connections as a cumulative monotonic counter', async () => {
    const receiver = await startReceiver();
    const mapper = await start(receiver, protocol);
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
      attempt(ADDRESSES.frontend, '203.0.113.7', { port: 443, count: 2 }),
    ]);
    await vi.waitFor(() => expect(lastPoint(receiver, 'cart')?.value).toBe(3), wait);
    expect(lastPoint(receiver, 'cart')?.attributes).toEqual({
      client: 'frontend',
      server: 'cart',
      connection_type: '',
      client_namespace: 'shop',
      client_service_namespace: 'shop',
      client_kind: 'Deployment',
      client_cluster: 'default',
      server_namespace: 'shop',
      server_service_namespace: 'shop',
      server_kind: 'Deployment',
      server_cluster: 'default',
    });
    expect(lastPoint(receiver, 'internet')).toMatchObject({ value: 2, attributes: { connection_type: 'virtual_node' }, startAt: START });
    expect(receiver.exports[0]).toMatchObject({
      resource: { 'service.name': 'network-mapper', 'deployment.environment': 'test' },
      metrics: [{ name: 'traces_service_graph_request_total', temporality: 2, isMonotonic: true }],
    });
    expect(receiver.headers[0]?.['x-team']).toBe('map');

    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 4 })]);
    await vi.waitFor(() => expect(lastPoint(receiver, 'cart')?.value).toBe(7), wait);
  });
});

describe('the export', () => {
  test('counts connections, not intervals', async () => {
    const receiver = await startHttpReceiver();
    const mapper = await start(receiver, 'http/protobuf');
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 })]);
    await vi.waitFor(() => expect(lastPoint(receiver, 'cart')?.value).toBe(3), wait);
    const before = receiver.exports.length;
    await vi.waitFor(() => expect(receiver.exports.length).toBeGreaterThan(before + 3), wait);
    expect(lastPoint(receiver, 'cart')?.value).toBe(3);
  });

  test('keeps its counts while the window of the map moves on', async () => {
    const receiver = await startHttpReceiver();
    const mapper = await start(receiver, 'http/protobuf');
    for (let step = 1; step <= 8; step++) {
      await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 5, at: mapper.now - 1_000 })], { sentAt: mapper.now });
      await vi.waitFor(() => expect(lastPoint(receiver, 'cart')?.value).toBe(5 * step), wait);
      mapper.now += 250_000;
    }
  });

  test('begins anew after a restart and counts nothing twice', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nm-otel-'));
    const receiver = await startHttpReceiver();
    open.push({ stop: () => rm(folder, { recursive: true, force: true }) });
    const args = ['--store', `sqlite:${join(folder, 'map.db')}`];
    const first = await start(receiver, 'http/protobuf', args);
    await first.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 })]);
    await vi.waitFor(() => expect(lastPoint(receiver, 'cart')?.value).toBe(3), wait);
    open.splice(open.indexOf(first), 1);
    await first.stop();
    receiver.exports.length = 0;

    const second = await startWith({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, args);
    second.now = START + 60_000;
    await second.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 1, at: second.now - 1_000 })], { sequence: 9 });
    await vi.waitFor(() => expect(lastPoint(receiver, 'cart')?.value).toBe(1), wait);
    expect(lastPoint(receiver, 'cart')?.startAt).toBeGreaterThanOrEqual(START);
  });

  test('loses nothing while its receiver is away', async () => {
    let status = 400;
    const receiver = await startHttpReceiver(() => ({ status }));
    const mapper = await start(receiver, 'http/protobuf');
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 })]);
    await vi.waitFor(async () => {
      const text = await (await fetch(`${mapper.metricsUrl}/metrics`)).text();
      expect(text).toMatch(/network_mapper_otel_exports_total\{result="failed"\} [1-9]/);
    }, wait);
    status = 200;
    await vi.waitFor(() => expect(lastPoint(receiver, 'cart')?.value).toBe(3), wait);
  });

  test('puts what is beyond its bound into one overflow series', async () => {
    const receiver = await startHttpReceiver();
    const mapper = await start(receiver, 'http/protobuf', ['--otel-max-series', '1', '--otel-metric-name', 'edges_total']);
    await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart), attempt(ADDRESSES.cart, ADDRESSES.kafka, { count: 2 })]);
    await mapper.report([attempt(ADDRESSES.kafka, ADDRESSES.frontend, { count: 4 })]);
    await vi.waitFor(() => {
      const { metrics } = receiver.exports.at(-1) ?? { metrics: [] };
      expect(metrics[0]?.name).toBe('edges_total');
      expect(metrics[0]?.points).toHaveLength(2);
      const total = metrics[0]?.points.reduce((sum, { value }) => sum + value, 0);
      expect([metrics[0]?.points[1]?.attributes, total]).toEqual([{ 'otel.metric.overflow': true }, 7]);
    }, wait);
  });
});

describe('settings', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317' };
  test.each([
    ['off without an endpoint', undefined, {}, false],
    ['on with an endpoint', undefined, endpoint, true],
    ['on with an endpoint of metrics', undefined, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c' }, true],
    ['on when told so', true, {}, true],
    ['off when told so', false, endpoint, false],
    ['off by OTEL_SDK_DISABLED', true, { ...endpoint, OTEL_SDK_DISABLED: 'true' }, false],
    ['off by OTEL_METRICS_EXPORTER', undefined, { ...endpoint, OTEL_METRICS_EXPORTER: 'none' }, false],
  ] as const)('%s', (_, wanted, env, expected) => {
    expect(isOtelOn(wanted, env)).toBe(expected);
  });

  test.each([
    ['gRPC by default', endpoint, 'grpc'],
    ['HTTP by its port', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, 'http/protobuf'],
    ['as told', { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, 'http/protobuf'],
    ['as told for metrics', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc' }, 'grpc'],
  ] as const)('speaks %s', (_, env, expected) => {
    expect(otelProtocol(env)).toBe(expected);
  });

  test('what cannot be meant stops the start', () => {
    expect(() => otelProtocol({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })).toThrow('use grpc or http/protobuf');
    expect(() => otelIntervalMs({ OTEL_METRIC_EXPORT_INTERVAL: '1m' })).toThrow('give milliseconds');
    expect(otelIntervalMs({})).toBe(60_000);
  });
});

/** A real OpenTelemetry collector with the otlp receiver and the debug exporter. */
const collector = process.env['NM_OTELCOL'];

describe.skipIf(collector === undefined)('a real collector (NM_OTELCOL names its binary)', () => {
  test.each(['grpc', 'http/protobuf'])(
    'takes the counter over %s',
    async (protocol) => {
      const folder = await mkdtemp(join(tmpdir(), 'nm-otelcol-'));
      const port = await freePort();
      await writeFile(
        join(folder, 'config.yaml'),
        `receivers: {otlp: {protocols: {${protocol === 'grpc' ? 'grpc' : 'http'}: {endpoint: '127.0.0.1:${port}'}}}}
exporters: {debug: {verbosity: detailed}}
service: {telemetry: {metrics: {level: none}}, pipelines: {metrics: {receivers: [otlp], exporters: [debug]}}}
`,
      );
      const child = spawn(collector ?? '', ['--config', `file:${join(folder, 'config.yaml')}`]);
      let output = '';
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      open.push({
        async stop() {
          child.kill('SIGKILL');
          if (child.exitCode === null) await once(child, 'exit');
          await rm(folder, { recursive: true, force: true });
        },
      });
      await vi.waitFor(() => expect(output).toContain('Everything is ready'), { timeout: 10_000 });
      const mapper = await startWith({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
      await mapper.report([attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 })]);
      await vi.waitFor(() => {
        for (const line of [
          'Name: traces_service_graph_request_total',
          'IsMonotonic: true',
          'AggregationTemporality: Cumulative',
          'client: Str(frontend)',
          'server_service_namespace: Str(shop)',
          'Value: 3',
        ]) {
          expect(output).toContain(line);
        }
      }, wait);
    },
    30_000,
  );
});
