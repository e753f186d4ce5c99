import { describe, expect, test } from 'vitest';
import { decodeClientHello } from './client-hello.ts';

function uint(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, 0, bytes);
  return out;
}
/** Behind its length. */
const sized = (bytes: number, content: Buffer): Buffer => Buffer.concat([uint(content.length, bytes), content]);
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([uint(type, 2), sized(2, content)]);
const record = (content: Buffer, type = 22): Buffer => Buffer.concat([uint(type, 1), uint(0x0301, 2), sized(2, content)]);

const serverName = (name: string): Buffer => extension(0, sized(2, Buffer.concat([uint(0, 1), sized(2, Buffer.from(name))])));
const protocols = (...names: string[]): Buffer => extension(16, sized(2, Buffer.concat(names.map((name) => sized(1, Buffer.from(name))))));

function hello(...extensions: Buffer[]): Buffer {
  const body = Buffer.concat([
    uint(0x0303, 2),
    Buffer.alloc(32),
    sized(1, Buffer.alloc(32)),
    sized(2, uint(0x1301, 2)),
    sized(1, uint(0, 1)),
    sized(2, Buffer.concat(extensions)),
  ]);
  return Buffer.concat([uint(1, 1), sized(3, body)]);
}

const usual = hello(serverName('B.s3.amazonaws.com'), protocols('h2', 'http/1.1'));
const expected = { serverName: 'b.s3.amazonaws.com', protocols: ['h2', 'http/1.1'] };
/** In records of so many bytes each. */
const inRecords = (size: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(usual.length / size) }, (_, index) => record(usual.subarray(index * size, (index + 1) * size))),
  );

describe('a ClientHello', () => {
  test.each<[string, Buffer, unknown]>([
    ['in one record', record(usual), expected],
    ['in several records', inRecords(50), expected],
    ['with more behind it', Buffer.concat([record(usual), record(Buffer.from('x'), 23)]), expected],
    ['without extensions', record(hello()), { protocols: [] }],
    ['with a name that is none', record(hello(serverName('a b'))), { protocols: [] }],
    ['with another message', record(Buffer.from([2, 0, 0, 0])), 'not-tls'],
    ['of HTTP', Buffer.from('GET / HTTP/1.1\r\n'), 'not-tls'],
    // Who sends a byte at a time has all of it looked at each time.
    ['in records with nothing in them (RFC 8446, 5.1)', Buffer.concat([record(Buffer.alloc(0)), record(usual)]), 'not-tls'],
    ['in very many records', inRecords(1), 'not-tls'],
  ])('%s', (_name, bytes, result) => {
    expect(decodeClientHello(bytes)).toEqual(result);
  });

  test('that is cut off anywhere wants more', () => {
    const bytes = inRecords(50);
    for (let end = 0; end < bytes.length; end += 1) expect(decodeClientHello(bytes.subarray(0, end)), `${end} bytes`).toBe('more');
  });
});
