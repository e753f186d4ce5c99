import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthorityKeyPair, signServerCertificate } from '../certificates/index.ts';
import type { KeyPair } from '../certificates/index.ts';
import { createTlsFetch } from './tls-fetch.ts';

const clock = { now: () => Date.now() };
let authority: KeyPair;
let server: Server;
let url: string;

beforeAll(async () => {
  authority = await createAuthorityKeyPair(clock, 'ours');
  const { cert, key } = await signServerCertificate(authority, ['localhost'], clock, 3_600_000);
  server = createServer({ cert, key }, (request, response) => {
    if (request.url === '/endless') {
      const more = (): void => {
        while (response.write('x'.repeat(1_024)));
        response.once('drain', more);
      };
      more();
    } else if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    } else {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () =>
        response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '7' }).end(`${request.method} ${body}`),
      );
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const trusting = (trusted: () => Promise<string>): typeof fetch => createTlsFetch(trusted);
const ours = (): Promise<string> => Promise.resolve(authority.cert);

test('a body goes and an answer comes, with what the API client looks at', async () => {
  const answer = await trusting(ours)(url, { method: 'POST', body: 'hello' });
  const { status, headers } = answer;
  expect([status, headers.get('content-type'), headers.get('retry-after'), await answer.text()]).toEqual([
    503,
    'text/plain',
    '7',
    'POST hello',
  ]);
});

test('an answer is read as it comes: whoever takes it may stop', async () => {
  const { body } = await trusting(ours)(`${url}/endless`);
  const reader = body?.getReader();
  expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
  await reader?.cancel();
});

test('an answer that breaks off is an error', async () => {
  const answer = await trusting(ours)(`${url}/broken`);
  await expect(answer.text()).rejects.toThrow(/aborted/);
});

test('another authority is not trusted, and a renewed one is from the next request on', async () => {
  let trusted = (await createAuthorityKeyPair(clock, 'theirs')).cert;
  const send = trusting(() => Promise.resolve(trusted));
  await expect(send(url)).rejects.toThrow(/self.signed|unable to (verify|get)/);
  trusted = authority.cert;
  expect((await send(url, { method: 'POST' })).status).toBe(503);
});

test('a signal ends it', async () => {
  const stop = new AbortController();
  const answer = await trusting(ours)(`${url}/endless`, { signal: stop.signal });
  stop.abort();
  await expect(answer.text()).rejects.toThrow(/abort/i);
});
