import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readFirst } from './first-bytes.ts';

/** A connection that sends so many pieces of one byte, each in a turn of its own. */
async function send(pieces: number, wanted: number): Promise<{ readonly looks: number; readonly isEnded: boolean }> {
  const client = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  let looks = 0;
  readFirst(client as Socket, 64 * 1024, (bytes) => {
    looks += 1;
    return bytes.length >= wanted;
  });
  for (let piece = 0; piece < pieces && !client.destroyed; piece += 1) {
    client.push('x');
    await turn();
  }
  const isEnded = client.destroyed;
  client.destroy();
  return { looks, isEnded };
}

test('what comes in pieces is looked at until it is enough', async () => {
  expect(await send(50, 40)).toEqual({ looks: 40, isEnded: false });
});

test('what comes in very many pieces ends the connection: all of it is looked at each time', async () => {
  const { looks, isEnded } = await send(3_000, 4_000);
  expect(isEnded).toBe(true);
  expect(looks).toBeLessThanOrEqual(1_024);
});
