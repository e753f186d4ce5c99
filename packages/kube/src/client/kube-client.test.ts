import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeApiServer } from '../testing/index.ts';
import type { FakeApiServer } from '../testing/index.ts';
import { createKubeClient } from './kube-client.ts';
import type { KubeClient } from './kube-client.ts';
import { readByteLines } from './line-reader.ts';

let server: FakeApiServer;
let client: KubeClient;
beforeEach(async () => {
  server = await createFakeApiServer({ token: 'secret' });
  client = createKubeClient({
    baseUrl: server.url,
    namespace: 'default',
    options: async () => ({ headers: { Authorization: 'Bearer secret' } }),
  });
});
afterEach(async () => {
  client.close();
  await server.close();
});

test('a request and its answer', async () => {
  server.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } });
  expect(await client.request('/api/v1/pods')).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'a' } }] });
  expect(server.requests[0]?.headers).toMatchObject({ accept: 'application/json', 'user-agent': 'network-mapper' });
});

test('a body is sent as JSON', async () => {
  server.onCreate('tokenreviews', (body) => ({ kind: 'TokenReview', status: { authenticated: true }, echo: body }));
  const answer = await client.request('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body: { spec: { token: 'é' } } });
  expect(answer).toMatchObject({ status: { authenticated: true }, echo: { spec: { token: 'é' } } });
});

test.each<[string, Parameters<FakeApiServer['plant']>[0], object]>([
  ['401', { status: 401 }, { code: 'kube-unauthorised', message: expect.stringContaining('log in again') as string }],
  ['403', { status: 403 }, { code: 'kube-forbidden', fields: expect.objectContaining({ status: 403, path: '/api/v1/pods' }) as object }],
  ['404', { status: 404 }, { code: 'kube-not-found' }],
  ['409', { status: 409 }, { code: 'kube-refused' }],
  ['410', { status: 410 }, { code: 'kube-expired' }],
  ['429', { status: 429, retryAfterSeconds: 7 }, { code: 'kube-throttled', retryAfterMs: 7000 }],
  ['500', { status: 500 }, { code: 'kube-server-error', message: 'the Kubernetes API answered 500 to /api/v1/pods: planted' }],
  [
    'a proxy in between',
    { status: 502, body: '<html>Bad gateway</html>' },
    { code: 'kube-server-error', message: expect.stringContaining('Bad gateway') as string },
  ],
  ['no JSON', { body: 'hello' }, { code: 'kube-bad-answer', message: expect.stringContaining('is not JSON') as string }],
  ['dropped', { drop: true }, { code: 'kube-unreachable' }],
  ['hung', { hang: true }, { code: 'kube-timeout' }],
])('%s', async (_name, fault, expected) => {
  server.plant(fault);
  await expect(client.request('/api/v1/pods?limit=5', { idleTimeoutMs: 100 })).rejects.toMatchObject(expected);
});

test('nobody listens', async () => {
  await server.close();
  await expect(client.request('/api')).rejects.toMatchObject({
    code: 'kube-unreachable',
    message: expect.stringMatching(/^cannot reach the Kubernetes API at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/) as string,
  });
});

test('connections are kept for the next request', async () => {
  const ports = new Set<number | undefined>();
  const plain = createServer((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('{}');
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const other = createKubeClient({
    baseUrl: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
    namespace: '',
    options: async () => ({}),
  });
  for (let index = 0; index < 3; index += 1) await other.request('/');
  expect(ports.size).toBe(1);
  other.close();
  plain.close();
});

describe('streams', () => {
  const lines = async (options: Parameters<KubeClient['stream']>[1] = {}): Promise<string[]> => {
    const found: string[] = [];
    for await (const part of readByteLines(
      await client.stream('/api/v1/namespaces/shop/pods/kafka-0/log?follow=true&container=kafka&timestamps=true', options),
      1000,
    )) {
      found.push(...part.map((line) => line ?? 'too long'));
      if (found.length === 3) server.logs.end('shop/kafka-0/kafka');
    }
    return found;
  };
  beforeEach(() => void server.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'kafka-0', namespace: 'shop' } }));

  test('a log is followed to its end', async () => {
    server.logs.append('shop/kafka-0/kafka', 'one', 'two');
    const following = lines();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (server.requests.length === 0) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    server.logs.append('shop/kafka-0/kafka', 'three');
    expect((await following).map((line) => line.split(' ')[1])).toEqual(['one', 'two', 'three']);
  });

  test('a break and silence are errors', async () => {
    setTimeout(() => server.logs.drop('shop/kafka-0/kafka'), 50);
    await expect(lines()).rejects.toMatchObject({ code: 'kube-unreachable' });
    await expect(lines({ idleTimeoutMs: 50 })).rejects.toMatchObject({ code: 'kube-timeout' });
  });

  test('can be stopped', async () => {
    await expect(lines({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('a failure status is an error at once', async () => {
    await expect(client.stream('/api/v1/namespaces/shop/pods/none/log')).rejects.toMatchObject({ code: 'kube-not-found' });
  });
});

test('lines are put together from chunks, long ones dropped', async () => {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (const text of ['ab', 'c\nd', 'é\n\n', 'x'.repeat(8), 'y'.repeat(8), '\nz\nrest']) yield Buffer.from(text);
  }
  const found: (string | undefined)[] = [];
  for await (const part of readByteLines(chunks(), 10)) found.push(...part);
  expect(found).toEqual(['abc', 'dé', '', undefined, 'z']);
});
