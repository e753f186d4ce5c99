import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHttp2DataFilter } from './http2-data-filter.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const END = 1;

function frame(type: number, stream: number, payload: string, flags = 0): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

function filtered(bytes: Buffer, sizes: readonly number[] = [bytes.length]): Buffer {
  const filter = createHttp2DataFilter({ maxBodyBytes: 4, maxStreams: 2 });
  const out: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    out.push(...filter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(out);
}

const sent = Buffer.concat([
  PREFACE,
  frame(1, 1, 'headers'),
  frame(0, 1, 'abc'),
  frame(0, 1, 'defg'),
  frame(0, 1, 'left out'),
  frame(0, 3, 'other'),
  frame(0, 1, 'the end', END),
  frame(8, 0, '1234'),
]);
const kept = Buffer.concat([
  PREFACE,
  frame(1, 1, 'headers'),
  frame(0, 1, 'abc'),
  frame(0, 1, 'defg'),
  frame(0, 3, 'other'),
  frame(0, 1, '', END),
  frame(8, 0, '1234'),
]);

test('leaves out what goes beyond the bound of a stream and keeps its end', () => {
  expect(filtered(sent).equals(kept)).toBe(true);
});

test('however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      expect(filtered(sent, sizes).equals(kept)).toBe(true);
    }),
  );
});

test('follows a bounded number of streams and forgets those that ended', () => {
  const filter = createHttp2DataFilter({ maxBodyBytes: 4, maxStreams: 2 });
  filter.push(Buffer.concat([PREFACE, frame(0, 1, 'a'), frame(0, 3, 'a'), frame(0, 5, 'a')]));
  expect(filter.size).toBe(2);
  filter.push(Buffer.concat([frame(0, 1, 'a', END), frame(3, 3, '1234')]));
  expect(filter.size).toBe(0);
});
