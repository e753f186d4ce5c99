/**
 * Measures the AWS proxy in a process of its own: what it adds to a request, what it carries per second of its CPU for large
 * bodies, each way and protocol, requests per second of CPU, and its memory. Usage: node bench/aws-proxy.ts [--profile];
 * ONLY=words of a row's name, BODY_MB=size of bodies
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp, request as requestHttp } from 'node:http';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createAuthorityKeyPair, signServerCertificate } from '../packages/runtime/src/certificates/index.ts';
import type { Answer, Order } from './support/aws-proxy-process.ts';

const HOST = 'b.s3.us-east-1.amazonaws.com';
const TABLE_HOST = 'dynamodb.us-east-1.amazonaws.com';
const MB = 1e6;
const CHUNK = Buffer.alloc(1024 * 1024);
const BODY_BYTES = Number(process.env['BODY_MB'] ?? 512) * CHUNK.length;
const REQUESTS = 3_000;
const clock = { now: () => Date.now() };
const authority = await createAuthorityKeyPair(clock, 'bench');
const pair = await signServerCertificate(authority, [HOST, TABLE_HOST], clock, 3_600_000);

const settings = { initialWindowSize: 16 * CHUNK.length, maxFrameSize: 1024 * 1024 };
const secure = createSecureServer({ ...pair, allowHTTP1: true, settings }, (incoming, response) => {
  const size = Number(incoming.headers['x-answer'] ?? 0);
  incoming.resume();
  incoming.on('end', () => void answer(response, size));
});
secure.on('session', (session) => session.setLocalWindowSize(32 * CHUNK.length));
const plain = createHttp((incoming, response) => {
  incoming.resume();
  incoming.on('end', () => response.end('ok'));
});
for (const server of [secure, plain]) server.listen(0, '127.0.0.1');
await Promise.all([once(secure, 'listening'), once(plain, 'listening')]);
const [tlsPort, httpPort] = [secure, plain].map((server) => (server.address() as AddressInfo).port);

interface Sink {
  write(chunk: Buffer): boolean;
  once(event: 'drain', listener: () => void): unknown;
  end(): unknown;
}

async function answer(response: Sink, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= CHUNK.length)
    if (!response.write(CHUNK)) await new Promise<void>((done) => void response.once('drain', done));
  response.end();
}

// As it is shipped: one file, with the young generation of V8 that the chart sets.
const folder = mkdtempSync(join(tmpdir(), 'aws-proxy-'));
const outfile = join(folder, 'proxy.mjs');
await build({
  entryPoints: [fileURLToPath(new URL('support/aws-proxy-process.ts', import.meta.url))],
  outfile,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  external: ['koffi', 'pg-native'],
  logLevel: 'error',
  banner: { js: "import{createRequire as nmCreateRequire}from'node:module';const require=nmCreateRequire(import.meta.url);" },
});
const child = fork(outfile, [], {
  execArgv: ['--max-semi-space-size=2', ...(process.argv.includes('--profile') ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [])],
});
async function tell(order: Order): Promise<Answer> {
  child.send(order);
  const [message] = (await once(child, 'message')) as [Answer];
  return message;
}
const ports = await tell({ kind: 'start', authority, tlsPort: tlsPort ?? 0, httpPort: httpPort ?? 0 });

const tlsOptions = { host: '127.0.0.1', servername: HOST, ca: authority.cert };

async function small(port: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let index = 0; index < REQUESTS; index += 1) {
    const at = performance.now();
    const sent = request({ ...tlsOptions, port, agent, path: `/k${index}`, headers: { host: HOST } });
    sent.end();
    const [incoming] = (await once(sent, 'response')) as [IncomingMessage];
    incoming.resume();
    await once(incoming, 'end');
    times.push(performance.now() - at);
  }
  agent.destroy();
  return times.toSorted((a, b) => a - b)[REQUESTS / 2] ?? 0;
}

async function parallel(port: number, connections: number, each: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const body = Buffer.from('{"TableName":"T"}');
  const headers = { host: TABLE_HOST, 'x-amz-target': 'DynamoDB_20120810.GetItem', 'content-length': body.length };
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let index = 0; index < each; index += 1) {
        const sent = request({ ...tlsOptions, servername: TABLE_HOST, port, agent, method: 'POST', path: '/', headers });
        sent.end(body);
        const [incoming] = (await once(sent, 'response')) as [IncomingMessage];
        incoming.resume();
        await once(incoming, 'end');
      }
    }),
  );
  agent.destroy();
}

async function http1(port: number, isPlain: boolean, isUpload: boolean): Promise<void> {
  const headers = { host: HOST, ...(isUpload ? { 'content-length': BODY_BYTES } : { 'x-answer': BODY_BYTES }) };
  const options = { method: isUpload ? 'PUT' : 'GET', path: '/big', headers, port };
  const sent = isPlain ? requestHttp({ ...options, host: '127.0.0.1' }) : request({ ...options, ...tlsOptions });
  const incoming = once(sent, 'response') as Promise<[IncomingMessage]>;
  await answer(sent, isUpload ? BODY_BYTES : 0);
  const [got] = await incoming;
  got.resume();
  await once(got, 'end');
}

async function http2(port: number, isUpload: boolean): Promise<void> {
  const session: ClientHttp2Session = connectHttp2(`https://${HOST}`, {
    settings,
    createConnection: () => connectTls({ ...tlsOptions, port, ALPNProtocols: ['h2'] }),
  });
  session.on('connect', () => session.setLocalWindowSize(32 * CHUNK.length));
  const stream = session.request({ ':method': isUpload ? 'PUT' : 'GET', ':path': '/big', 'x-answer': isUpload ? 0 : BODY_BYTES });
  stream.resume();
  const ended = once(stream, 'end');
  await answer(stream, isUpload ? BODY_BYTES : 0);
  await ended;
  session.close();
}

async function measured(name: string, bytes: number, work: () => Promise<void>): Promise<void> {
  if (!name.includes(process.env['ONLY'] ?? '')) return;
  const before = await tell({ kind: 'usage' });
  const own = process.cpuUsage();
  const at = performance.now();
  await work();
  const seconds = (performance.now() - at) / 1000;
  const after = await tell({ kind: 'usage' });
  const used = process.cpuUsage(own);
  const cpu = after.cpuSeconds - before.cpuSeconds;
  const what =
    bytes === 0 ? '' : `: ${(bytes / MB / cpu).toFixed(0)} MB per CPU second of the proxy (${((cpu * 1e9) / bytes).toFixed(2)} s/GB)`;
  console.log(
    `${name}${what}; CPU ${cpu.toFixed(2)} s, wall ${seconds.toFixed(2)} s, ends' CPU ${((used.user + used.system) / 1e6).toFixed(2)} s, proxy's memory ${(after.rssBytes / CHUNK.length).toFixed(0)} MiB`,
  );
}

const direct = await small(tlsPort ?? 0);
const through = await small(ports.httpsPort);
console.log(
  `median request: direct ${direct.toFixed(3)} ms, through the proxy ${through.toFixed(3)} ms, added ${(through - direct).toFixed(3)} ms`,
);
await measured('plain HTTP upload', BODY_BYTES, () => http1(ports.httpPort, true, true));
await measured('HTTP/1.1 TLS upload', BODY_BYTES, () => http1(ports.httpsPort, false, true));
await measured('HTTP/1.1 TLS download', BODY_BYTES, () => http1(ports.httpsPort, false, false));
await measured('HTTP/2 TLS upload', BODY_BYTES, () => http2(ports.httpsPort, true));
await measured('HTTP/2 TLS download', BODY_BYTES, () => http2(ports.httpsPort, false));
await measured('10,000 small requests on 100 connections', 0, () => parallel(ports.httpsPort, 100, 100));
console.log(`requests read: ${(await tell({ kind: 'usage' })).calls}`);
child.send({ kind: 'stop' } satisfies Order);
await once(child, 'exit');
secure.close();
plain.close();
if (process.argv.includes('--profile')) console.log(`profile in ${folder}`);
else rmSync(folder, { recursive: true });
process.exit(0);
