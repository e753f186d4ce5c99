import { expect, test } from 'vitest';
import type { AwsHttpRequest } from '../actions/aws-request.ts';
import { createBodyBudget } from './body-budget.ts';
import { createHttp1Tap } from './http1-tap.ts';

const HOST = 'sqs.us-east-1.amazonaws.com';

function read(text: string, size = text.length): { seen: AwsHttpRequest[]; held: number } {
  const seen: AwsHttpRequest[] = [];
  const budget = createBodyBudget(1_000);
  const tap = createHttp1Tap((request) => void seen.push(request), { host: HOST, maxBodyBytes: 100, budget });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) tap.push(bytes.subarray(at, at + size));
  tap.end();
  return { seen, held: budget.held };
}

const bodies = (text: string, size?: number): string[] => read(text, size).seen.map(({ body }) => Buffer.from(body).toString());

test.for<[string, string, string[]]>([
  ['a length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiPOST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n!', ['hi', '!']],
  [
    'chunks',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=1\r\nhi\r\n1\r\n!\r\n0\r\nt: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n',
    ['hi!', ''],
  ],
  ['an end in the middle', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhi', ['hi']],
  // What two readers could understand differently ends the reading: nothing may be told of requests that nobody made.
  ['a length and chunks', 'POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n', []],
  ['two lengths', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi', []],
  ['a length that is no number', 'POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\nhi', []],
  ['another coding', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n', []],
  ['a space before the colon', 'POST / HTTP/1.1\r\nContent-Length : 2\r\n\r\nhi', []],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', []],
  ['a chunk that has no size', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n', []],
])('%s', ([, text, expected]) => {
  expect(bodies(text)).toEqual(expected);
  expect(bodies(text, 1)).toEqual(expected);
  expect(read(text).held).toBe(0);
});

test('holds no more of a body than its bound, and nothing of what is put into S3', () => {
  const body = 'x'.repeat(500);
  expect(bodies(`POST / HTTP/1.1\r\nContent-Length: 500\r\n\r\n${body}`)).toEqual(['x'.repeat(100)]);
  expect(bodies(`PUT /k HTTP/1.1\r\nHost: b.s3.amazonaws.com\r\nContent-Length: 500\r\n\r\n${body}`)).toEqual(['']);
});

test('shares what bodies may hold', () => {
  const budget = createBodyBudget(150);
  const seen: number[] = [];
  const taps = [1, 2, 3].map(() => createHttp1Tap(({ body }) => void seen.push(body.length), { host: HOST, maxBodyBytes: 100, budget }));
  for (const tap of taps) tap.push(Buffer.from(`POST / HTTP/1.1\r\nContent-Length: 300\r\n\r\n${'x'.repeat(200)}`));
  expect(budget.held).toBe(150);
  for (const tap of taps) tap.end();
  expect(seen).toEqual([100, 50, 0]);
  expect(budget.held).toBe(0);
});
