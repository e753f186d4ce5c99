import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { writePieces } from './write-pieces.ts';

test('an answer in pieces ends when its reader takes none, and so does what it is read from', async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  async function* pieces(): AsyncGenerator<string, void> {
    let given = 0;
    try {
      for (; given < 100_000; given++) yield 'x'.repeat(65_536);
    } finally {
      end(given);
    }
  }
  const server = createServer((_, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    void writePieces(response, pieces(), { asEvent: false, signal: gone.signal, maxStallMs: 50 });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const reader = connect((server.address() as AddressInfo).port, '127.0.0.1')
    .pause()
    .on('error', () => undefined);
  reader.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await ended).toBeLessThan(100_000);
  reader.destroy();
  server.close();
});
