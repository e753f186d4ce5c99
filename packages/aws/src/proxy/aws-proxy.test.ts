import { once } from 'node:events';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { Registry } from 'prom-client';
import { toAwsCall } from '../actions/to-aws-call.ts';
import { AWS_METRICS } from '../report/aws-metrics.ts';
import { AWS_PROXY_DEFAULTS, createAwsProxy } from './aws-proxy.ts';
import type { AwsProxy } from './aws-proxy.ts';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import type { KeyPair } from '@nm/runtime/certificates';
import { createCertificateAuthority } from './certificate-authority.ts';

const clock = { now: () => Date.now() };
const HOST = 'b.s3.us-east-1.amazonaws.com';
const AUTH = 'AWS4-HMAC-SHA256 Credential=AKIABZPUZDIKKU5JCF2E/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=secret';

let ours: KeyPair;
let theirs: KeyPair;
let proxy: AwsProxy;
let seen: string[] = [];
let heads: Record<string, string | undefined>[] = [];
let received = 0;
const register = new Registry();

const upstream1 = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => (received += chunk.length));
  request.on('end', () => response.end(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`));
});
const upstream2 = createSecureServer({ allowHTTP1: true }, (request, response) => {
  if (request.url === '/echo') {
    request.on('data', (chunk: Buffer) => response.write(chunk));
    return void request.on('end', () => response.end());
  }
  request.resume();
  response.end('two');
});

beforeAll(async () => {
  ours = await createAuthorityKeyPair(clock, 'ours');
  theirs = await createAuthorityKeyPair(clock, 'theirs');
  const pair = await signServerCertificate(
    theirs,
    [HOST, 'h2.amazonaws.com', 'lambda.us-east-1.amazonaws.com', 'other.example.org'],
    clock,
    3_600_000,
  );
  upstream1.setSecureContext({ cert: pair.cert, key: pair.key });
  upstream2.setSecureContext({ cert: pair.cert, key: pair.key });
  upstream1.listen(0, '127.0.0.1');
  upstream2.listen(0, '127.0.0.1');
  await Promise.all([once(upstream1, 'listening'), once(upstream2, 'listening')]);
  const port = (server: typeof upstream1 | typeof upstream2): number => (server.address() as AddressInfo).port;
  proxy = createAwsProxy(
    {
      authority: createCertificateAuthority({ clock }, { authority: ours, maxHosts: 2 }),
      clock,
      log: silentLogger,
      metrics: createMetrics(AWS_METRICS, register),
      onRequest: (request) => {
        heads.push(request.headers);
        for (const { action, resource } of toAwsCall(request)?.pairs ?? []) seen.push(`${action} ${resource}`);
        if (request.path === '/throw') throw new Error('reading fails');
      },
    },
    {
      ...AWS_PROXY_DEFAULTS,
      maxPerClient: 6,
      httpsListen: { host: '127.0.0.1', port: 0 },
      httpListen: { host: '127.0.0.1', port: 0 },
      upstream: (host) => ({
        host: '127.0.0.1',
        port: port(host === 'lambda.us-east-1.amazonaws.com' ? upstream2 : upstream1),
        ca: host === 'untrusted.s3.amazonaws.com' ? [] : theirs.cert,
      }),
    },
  );
  await proxy.start();
});

afterAll(async () => {
  await proxy.stop();
  upstream1.close();
  upstream2.close();
});

async function call(
  path: string,
  options: { host?: string; ca?: string; method?: string; body?: Buffer; headers?: Record<string, string>; agent?: Agent } = {},
): Promise<{ text: string; answer: IncomingMessage }> {
  const host = options.host ?? HOST;
  const sent = httpsRequest({
    host: '127.0.0.1',
    port: proxy.httpsPort(),
    servername: host,
    path,
    method: options.method ?? 'GET',
    ca: options.ca ?? ours.cert,
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    headers: { host, authorization: AUTH, ...options.headers },
  });
  sent.end(options.body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { text, answer };
}

describe('the proxy', () => {
  test('shows a request and passes it on unchanged', async () => {
    seen = [];
    heads = [];
    const { text } = await call('/k?versionId=1');
    expect(text).toBe(`GET /k?versionId=1 ${AUTH}`);
    expect(seen).toEqual(['s3:GetObjectVersion arn:aws:s3:::b/k']);
    expect(JSON.stringify(heads)).not.toContain('secret');
  });

  test('keeps connections alive and reads each request on them', async () => {
    seen = [];
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const key of ['1', '2', '3']) await call(`/${key}`, { agent, method: 'PUT', body: Buffer.from('x') });
    agent.destroy();
    expect(seen).toEqual(['1', '2', '3'].map((key) => `s3:PutObject arn:aws:s3:::b/${key}`));
  });

  test('carries bodies far beyond what it reads', async () => {
    received = 0;
    await call('/big', { method: 'PUT', body: Buffer.alloc(20 * 1024 * 1024) });
    expect(received).toBe(20 * 1024 * 1024);
  });

  test('lets requests through that it fails to read', async () => {
    expect((await call('/throw')).text).toContain('GET /throw');
  });

  test('speaks HTTP/2 where the server does', async () => {
    heads = [];
    const session = connectHttp2('https://lambda.us-east-1.amazonaws.com', {
      createConnection: () =>
        connectTls({
          host: '127.0.0.1',
          port: proxy.httpsPort(),
          servername: 'lambda.us-east-1.amazonaws.com',
          ca: ours.cert,
          ALPNProtocols: ['h2'],
        }),
    });
    seen = [];
    const stream = session.request({
      ':method': 'POST',
      ':path': '/2015-03-31/functions/f/invocations',
      authorization: AUTH.replace('/s3/', '/lambda/'),
    });
    stream.end('{}');
    let text = '';
    stream.on('data', (chunk) => (text += String(chunk)));
    await once(stream, 'end');
    session.close();
    expect(text).toBe('two');
    await expect.poll(() => seen).toEqual(['lambda:InvokeFunction arn:aws:lambda:us-east-1:123456789012:function:f']);
  });

  test('lets both sides of an event stream speak while it is open', async () => {
    const host = 'lambda.us-east-1.amazonaws.com';
    const session = connectHttp2(`https://${host}`, {
      createConnection: () =>
        connectTls({ host: '127.0.0.1', port: proxy.httpsPort(), servername: host, ca: ours.cert, ALPNProtocols: ['h2'] }),
    });
    const stream = session.request({ ':method': 'POST', ':path': '/echo' });
    for (const event of ['one', 'two', 'three']) {
      stream.write(event);
      const [answer] = (await once(stream, 'data')) as [Buffer];
      expect(answer.toString()).toBe(event);
    }
    stream.end();
    await once(stream, 'end');
    session.close();
  });

  test('passes other hosts through with their own certificate', async () => {
    seen = [];
    await call('/x', { host: 'other.example.org', ca: theirs.cert });
    expect(seen).toEqual([]);
  });

  test('never accepts an endpoint whose certificate does not verify', async () => {
    await expect(call('/x', { host: 'untrusted.s3.amazonaws.com' })).rejects.toThrow(/certificate|socket|ECONN/i);
  });

  test('steps aside for a client that refuses our certificate', async () => {
    await expect(call('/1', { host: 'h2.amazonaws.com', ca: theirs.cert })).rejects.toThrow(/certificate|socket|ECONN/i);
    const again = (): Promise<string> => call('/y', { host: 'h2.amazonaws.com', ca: theirs.cert }).then(({ text }) => text, String);
    await expect.poll(again).toContain('GET /y');
    expect(await register.getSingleMetricAsString('network_mapper_aws_connections_total')).toContain('distrusted');
  });

  test('waits for 100-continue', async () => {
    const sent = httpsRequest({
      host: '127.0.0.1',
      port: proxy.httpsPort(),
      servername: HOST,
      ca: ours.cert,
      method: 'PUT',
      path: '/c',
      headers: { host: HOST, authorization: AUTH, expect: '100-continue', 'content-length': '2' },
    });
    sent.flushHeaders();
    await once(sent, 'continue');
    sent.end('ok');
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });

  test('takes a bounded number of connections from one client, and others again when these have ended', async () => {
    const open = Array.from({ length: 10 }, () => connectTcp(proxy.httpsPort(), '127.0.0.1'));
    const ended = await Promise.all(
      open.slice(6).map((socket) => {
        socket.resume();
        return once(socket, 'close').then(() => true);
      }),
    );
    expect(ended).toHaveLength(4);
    for (const socket of open) socket.destroy();
    await expect.poll(() => call('/again').then(({ text }) => text, String)).toContain('GET /again');
  });

  test('a request that names another service than its connection counts for the connection’s', async () => {
    seen = [];
    await call('/k', { headers: { host: 'iam.amazonaws.com' } });
    await call('/k', { headers: { host: 'other-bucket.s3.us-east-1.amazonaws.com' } });
    expect(seen).toEqual(['s3:GetObject arn:aws:s3:::b/k', 's3:GetObject arn:aws:s3:::other-bucket/k']);
  });

  test.for(['127.0.0.1', 'localhost', '[::1]', '2130706433'])('is no way to %s', async (host) => {
    const socket = connectTcp(proxy.httpPort(), '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    socket.resume();
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    await once(socket, 'close');
    expect(text).toBe('');
  });
});
