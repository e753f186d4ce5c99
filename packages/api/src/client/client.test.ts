import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { buildSchema, parse, validate } from 'graphql';
import { afterEach, describe, expect, test } from 'vitest';
import { SCHEMA_TEXT } from '../generated/schema-text.ts';
import { createApiClient, toQueryUrl } from './client.ts';
import { parseRetryAfter } from './errors.ts';
import * as operations from './operations.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('operations', () => {
  const schema = buildSchema(SCHEMA_TEXT);
  test.each(Object.entries(operations))('%s fits the schema', (_, operation) => {
    expect(validate(schema, parse(operation.text))).toEqual([]);
  });
});

test.each([
  ['http://mapper:9090', 'http://mapper:9090/query'],
  ['http://mapper:9090/', 'http://mapper:9090/query'],
  ['http://mapper:9090/query', 'http://mapper:9090/query'],
  ['http://mapper:9090/query/', 'http://mapper:9090/query'],
])('%s asks %s', (url, expected) => expect(toQueryUrl(url)).toBe(expected));

test.each([
  ['3', 3_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 4_000],
  ['soon', 1_000],
  [null, 1_000],
])('Retry-After %s waits %d ms', (header, expected) => expect(parseRetryAfter(header, 1_000)).toBe(expected));

describe('a client', () => {
  const answers: readonly [string, number, Record<string, string>, string, object][] = [
    ['busy', 503, { 'retry-after': '2' }, '{"errors":[{"message":"not now"}]}', { code: 'API_BUSY', retryAfterMs: 2_000 }],
    ['not allowed', 403, {}, '{"errors":[{"message":"no"}]}', { code: 'API_FORBIDDEN', status: 403 }],
    ['another schema', 422, {}, '{"errors":[{"message":"Cannot query"}]}', { code: 'API_INVALID_QUERY' }],
    ['a resolver error', 200, {}, '{"data":null,"errors":[{"message":"boom"}]}', { code: 'API_FAILED' }],
    ['some web page', 200, {}, '<html>', { code: 'API_BAD_ANSWER' }],
    ['no data', 200, {}, '{}', { code: 'API_BAD_ANSWER' }],
    ['not found', 404, {}, 'nothing here', { code: 'API_BAD_ANSWER', status: 404 }],
  ];
  test.each(answers)('tells %s', async (_, status, headers, body, expected) => {
    const url = await serve((_request, response) => response.writeHead(status, headers).end(body));
    await expect(createApiClient({ url }).run(operations.HEALTH, {})).rejects.toMatchObject(expected);
  });

  test('tells an unreachable mapper', async () => {
    const url = await serve(() => undefined);
    closers.splice(0).forEach((close) => close());
    await expect(createApiClient({ url }).run(operations.HEALTH, {})).rejects.toMatchObject({ code: 'API_UNREACHABLE' });
  });

  test('reads no more of an answer than its bound', async () => {
    const url = await serve((_request, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(1024)));
        response.once('drain', more);
      };
      more();
    });
    const answer = createApiClient({ url, maxAnswerBytes: 10_240 }).run(operations.HEALTH, {});
    await expect(answer).rejects.toMatchObject({
      code: 'API_TOO_LARGE',
      message: `${url}/query answered with more than 10 KiB. Ask for less, such as one namespace`,
    });
  });

  test('tells a mapper that does not answer in time', async () => {
    const url = await serve(() => undefined);
    await expect(createApiClient({ url, timeoutMs: 20 }).run(operations.HEALTH, {})).rejects.toMatchObject({ code: 'API_TIMEOUT' });
  });

  test('sends headers and compressed bodies', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push(request.headers.authorization, request.headers['content-encoding'], request.url);
        seen.push((JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as { operationName: string }).operationName);
        response.end('{"data":{"health":true}}');
      });
    });
    const client = createApiClient({ url, headers: () => ({ authorization: 'Bearer x' }), gzip: promisify<string, Buffer>(gzip) });
    expect(await client.run(operations.HEALTH, {})).toEqual({ health: true });
    expect(seen).toEqual(['Bearer x', 'gzip', '/query', 'Health']);
  });

  test('follows a subscription, whatever the chunks', async () => {
    const stream =
      ':\n\nevent: next\ndata: {"data":{"changes":{"cursor":"1"}}}\n\nevent: next\ndata: {"data":{"changes":{"cursor":"2"}}}\n\nevent: complete\ndata:\n\n';
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(stream.slice(0, 30));
      setImmediate(() => response.end(stream.slice(30)));
    });
    const cursors: string[] = [];
    for await (const event of createApiClient({ url }).subscribe(operations.CHANGES, {})) cursors.push(event.changes.cursor);
    expect(cursors).toEqual(['1', '2']);
  });
});
