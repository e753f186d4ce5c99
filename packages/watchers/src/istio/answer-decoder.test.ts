import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnswerDecoder } from './answer-decoder.ts';

interface Decoded {
  readonly status?: number;
  readonly body: string;
  readonly isWhole: boolean;
}

/** Decodes text that comes in pieces of the given lengths, over and over. */
function decode(text: string, lengths: readonly number[] = [text.length], ends = true): Decoded {
  let status: number | undefined;
  let body = '';
  const decoder = createAnswerDecoder({
    head: (head) => (status = head.status),
    body: (bytes) => (body += bytes.toString('latin1')),
  });
  const bytes = Buffer.from(text, 'latin1');
  let isWhole = false;
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    isWhole = decoder.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (ends) decoder.end();
  return { ...(status === undefined ? {} : { status }), body, isWhole };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const rows: readonly [string, string, Decoded][] = [
  ['a length', `${OK}Content-Length: 5\r\n\r\nhello`, { status: 200, body: 'hello', isWhole: true }],
  ['a length and more behind it', `${OK}Content-Length: 5\r\n\r\nhelloHTTP/1.1 200`, { status: 200, body: 'hello', isWhole: true }],
  ['no body', `HTTP/1.1 403 Forbidden\r\ncontent-length:0\r\n\r\n`, { status: 403, body: '', isWhole: true }],
  [
    'chunks',
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n`,
    { status: 200, body: 'hello!', isWhole: true },
  ],
  [
    'chunks with a trailer',
    `${OK}Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\na: b\r\n\r\n`,
    { status: 200, body: '0123456789', isWhole: true },
  ],
  ['until the end', `${OK}content-type: text/plain\r\n\r\nhello\r\n\r\n`, { status: 200, body: 'hello\r\n\r\n', isWhole: false }],
  [
    'something ahead',
    `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}content-length: 2\r\n\r\nhi`,
    { status: 200, body: 'hi', isWhole: true },
  ],
  ['no reason', `HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nhi`, { status: 200, body: 'hi', isWhole: true }],
];

describe('answers', () => {
  it.each(rows)('%s', (_, text, expected) => {
    expect(decode(text)).toEqual(expected);
  });
  it('may come in any pieces', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rows), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), ([, text, expected], lengths) => {
        expect(decode(text, lengths)).toEqual(expected);
      }),
    );
  });
  it('a head of very many pieces is refused, however short', () => {
    expect(() => decode(`${OK}a: ${'b'.repeat(2_000)}\r\ncontent-length: 0\r\n\r\n`, [1])).toThrow('no HTTP');
  });
  it.each([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['an endless head', `${OK}${'a: b\r\n'.repeat(20_000)}`],
    ['a bad length', `${OK}content-length: -1\r\n\r\n`],
    ['a bad chunk', `${OK}transfer-encoding: chunked\r\n\r\nxyz\r\n`],
    ['a cut body', `${OK}content-length: 5\r\n\r\nhel`],
    ['a cut chunk', `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhel`],
    ['no last chunk', `${OK}transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n`],
    ['nothing', ''],
  ])('refused: %s', (_, text) => {
    expect(() => decode(text)).toThrow(/answer|chunk/);
  });
});
