import { expect, test } from 'vitest';
import { parseHostField } from './parse-host-field.ts';

test.each<[string, string, string | undefined]>([
  ['usual', 'GET / HTTP/1.1\r\nHost: B.s3.amazonaws.com\r\nX: 1', 'b.s3.amazonaws.com'],
  ['with a port', 'GET / HTTP/1.1\r\nX: 1\r\nhost:b.s3.amazonaws.com:80', 'b.s3.amazonaws.com'],
  ['with spaces', 'GET / HTTP/1.1\r\nHOST: \t b.s3.amazonaws.com \t', 'b.s3.amazonaws.com'],
  ['none', 'GET / HTTP/1.0\r\nX-Host: a.example', undefined],
  ['in the target only', 'GET http://a.example/ HTTP/1.1\r\nX: 1', undefined],
  // What the next line says is not it.
  ['empty', 'GET / HTTP/1.1\r\nHost:\r\nb.s3.amazonaws.com: 1', undefined],
  ['of spaces', 'GET / HTTP/1.1\r\nHost: \t\r\nX: 1', undefined],
])('the field Host, %s', (_name, head, host) => {
  expect(parseHostField(head)).toBe(host);
});
