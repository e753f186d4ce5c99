import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger } from '@nm/core';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import type { KeyPair } from '@nm/runtime/certificates';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Series } from '../series-book.ts';
import { startGrpcReceiver, startHttpReceiver } from '../testing/otlp-receiver.ts';
import type { OtlpReceiver, ReceiverAnswer } from '../testing/otlp-receiver.ts';
import { loadOtelExporter } from './otel-exporter.ts';
import type { Exported } from './otel-exporter.ts';
import type { OtelProtocol } from './otel-settings.ts';
import type { Attributes } from './service-graph.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

const series: readonly Series<Attributes>[] = Array.from({ length: 1_201 }, (_, index) => ({
  labels: { client: `client-${index}`, server: 'cart' },
  startAt: NOW - 60_000,
  value: index + 1,
  lastSeenAt: NOW,
  changedAt: NOW,
}));

async function send(protocol: OtelProtocol, url: string, env: Record<string, string> = {}): Promise<Exported> {
  const exporter = await loadOtelExporter(
    { log: silentLogger, env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env }, random: () => 0 },
    { protocol, metricName: 'edges_total', version: '1' },
  );
  return exporter.send(series, NOW, AbortSignal.timeout(20_000));
}

/** Values by client, of all requests together: twice the same value is twice in the list. */
function valuesOf({ exports }: OtlpReceiver): number[] {
  return exports.flatMap(({ metrics }) => metrics.flatMap(({ points }) => points.map(({ value }) => value)));
}

/** Answers requests in turn, and takes those that follow. */
function inTurn(...answers: ReceiverAnswer[]): () => ReceiverAnswer {
  return () => answers.shift() ?? {};
}

let folder = '';
let tls: KeyPair;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-otlp-'));
  const clock = { now: Date.now };
  const authority = await createAuthorityKeyPair(clock, 'collectors');
  tls = await signServerCertificate(authority, ['localhost'], clock, 3_600_000);
  await writeFile(join(folder, 'ca.pem'), authority.cert);
});
afterAll(() => rm(folder, { recursive: true }));

const all = series.map(({ value }) => value);
/** Three rejected points and why: `no`. */
const PARTIAL = Buffer.from('0a060803' + '12026e6f', 'hex');

describe.each([
  ['http/protobuf', startHttpReceiver, { status: 400 }, { status: 503 }],
  ['grpc', startGrpcReceiver, { grpcStatus: 3 }, { grpcStatus: 14 }],
] as const)('an export over %s', (protocol, startReceiver, refusal, passing) => {
  async function start(answer?: () => ReceiverAnswer): Promise<OtlpReceiver> {
    const receiver = await startReceiver(answer);
    open.push(receiver);
    return receiver;
  }

  test('goes in several requests of one counter', async () => {
    const receiver = await start();
    expect(await send(protocol, receiver.url)).toEqual({ sent: 3, failed: 0 });
    expect(receiver.exports.map(({ metrics }) => metrics.map(({ name, points }) => [name, points.length]))).toEqual([
      [['edges_total', 500]],
      [['edges_total', 500]],
      [['edges_total', 201]],
    ]);
    expect(new Set(receiver.exports.map(({ resource }) => JSON.stringify(resource))).size).toBe(1);
    expect(valuesOf(receiver)).toEqual(all);
  });

  test('is packed where told', async () => {
    const receiver = await start();
    expect(await send(protocol, receiver.url, { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' })).toEqual({ sent: 3, failed: 0 });
    expect(receiver.headers[0]?.[protocol === 'grpc' ? 'grpc-encoding' : 'content-encoding']).toBe('gzip');
    expect(valuesOf(receiver)).toEqual(all);
  });

  test('carries the headers and attributes that are set', async () => {
    const receiver = await start();
    await send(protocol, receiver.url, {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,team=b%2Cc',
      OTEL_SERVICE_NAME: 'own',
    });
    expect(receiver.headers[0]?.['authorization']).toBe('Bearer x');
    expect(receiver.exports[0]?.resource).toEqual({ 'service.name': 'own', 'service.version': '1', team: 'b,c' });
  });

  test('goes on after a request that is refused, without sending it again', async () => {
    const receiver = await start(inTurn(refusal));
    expect(await send(protocol, receiver.url)).toMatchObject({
      sent: 2,
      failed: 1,
      reason: expect.stringMatching(/status (400|3: said so)$/),
    });
    expect(valuesOf(receiver)).toEqual(all.slice(500));
  });

  test('sends again what may be taken a little later, once', async () => {
    const receiver = await start(inTurn({}, passing, passing));
    expect(await send(protocol, receiver.url)).toEqual({ sent: 3, failed: 0 });
    expect(valuesOf(receiver)).toEqual(all);
  });

  test('ends while the receiver takes nothing', async () => {
    let asked = 0;
    const receiver = await start(() => {
      asked += 1;
      return passing;
    });
    expect(await send(protocol, receiver.url)).toMatchObject({ sent: 0, failed: 1 });
    expect(asked).toBe(5);
  });

  test('believes no more rejected than were sent', async () => {
    const message = Buffer.from('0a0b08' + 'ff'.repeat(9) + '01', 'hex');
    const receiver = await start(inTurn({ message }));
    expect(await send(protocol, receiver.url)).toEqual({ sent: 3, failed: 0, partial: { rejectedPoints: 500, message: '' } });
  });

  test('tells what was not taken', async () => {
    const receiver = await start(inTurn({ message: PARTIAL }, {}, { message: PARTIAL }));
    expect(await send(protocol, receiver.url)).toEqual({ sent: 3, failed: 0, partial: { rejectedPoints: 6, message: 'no' } });
  });

  test('goes by TLS to whom the given authority vouches for, and to nobody else', async () => {
    const receiver = await startReceiver(undefined, tls);
    open.push(receiver);
    const env = { OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder, 'ca.pem') };
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    expect(await send(protocol, url, env)).toEqual({ sent: 3, failed: 0 });
    expect(await send(protocol, url)).toMatchObject({ sent: 0, failed: 1, reason: expect.stringContaining('certificate') });
    expect(await send(protocol, receiver.url, env)).toMatchObject({ sent: 0, failed: 1, reason: expect.stringContaining('altnames') });
    expect(valuesOf(receiver)).toEqual(all);
  });

  test.each(['127.0.0.1', 'localhost'])('ends where nobody listens at %s', async (host) => {
    const receiver = await startReceiver();
    await receiver.stop();
    const exported = await send(protocol, receiver.url.replace('127.0.0.1', host));
    expect(exported).toMatchObject({ sent: 0, failed: 1, reason: expect.stringContaining('ECONNREFUSED') });
  });

  test('ends where nobody answers', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    open.push({ stop: async () => void (await new Promise((resolve) => server.close(resolve))) });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await send(protocol, url, { OTEL_EXPORTER_OTLP_TIMEOUT: '50' })).toEqual({
      sent: 0,
      failed: 1,
      reason: 'the receiver did not answer in time',
    });
  });
});

describe('what is loaded', () => {
  /** The transports among all files that a process loads for some code. */
  async function loadedBy(code: string): Promise<unknown> {
    const watch = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
      ${code}
      process.stdout.write(JSON.stringify(loaded.flatMap((url) => /otlp-(?:http|grpc)(?=.ts)/.exec(url) ?? [])));
      process.exit();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', watch]);
    return JSON.parse(stdout);
  }
  const run = promisify(execFile);
  const exporter = JSON.stringify(new URL('otel-exporter.ts', import.meta.url));
  const load = (protocol: OtelProtocol): string =>
    `await (await import(${exporter})).loadOtelExporter({ log: { info() {} }, env: {} }, { protocol: '${protocol}', metricName: 'm', version: '1' });`;

  test.each([
    ['no protocol while it is off', `await import(${JSON.stringify(new URL('../../index.ts', import.meta.url))});`, []],
    ['HTTP alone for HTTP', load('http/protobuf'), ['otlp-http']],
    ['gRPC alone for gRPC', load('grpc'), ['otlp-grpc']],
  ])('%s', async (_, code, expected) => {
    expect(await loadedBy(code)).toEqual(expected);
  });
});
