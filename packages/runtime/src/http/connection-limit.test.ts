import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limitConnections } from './connection-limit.ts';
import type { ConnectionRefusal } from './connection-limit.ts';

let server: Server;
let refused: ConnectionRefusal[];
let sockets: Socket[];

beforeEach(async () => {
  refused = [];
  sockets = [];
  server = createServer((socket) => {
    // What was refused comes here too, closed.
    if (!socket.destroyed) socket.write('in');
  });
  limitConnections(server, { maxConnections: 4, maxPerAddress: 2, exempt: /^127\.0\.0\.9$/ }, (why) => refused.push(why));
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
});

/** Whether the server took a connection from this address of the machine. */
async function isTaken(localAddress: string): Promise<boolean> {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', localAddress });
  sockets.push(socket);
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
}

test('one address does not take the places of all others', async () => {
  const [first, second, third] = [await isTaken('127.0.0.2'), await isTaken('127.0.0.2'), await isTaken('127.0.0.2')];
  expect([first, second, third, refused]).toEqual([true, true, false, ['address']]);
  expect(await isTaken('127.0.0.3')).toBe(true);
  expect(await isTaken('127.0.0.4')).toBe(true);
  expect(await isTaken('127.0.0.5')).toBe(false);
  expect(refused).toEqual(['address', 'total']);
});

test('an address that stands for many has only the bound of all', async () => {
  for (let count = 0; count < 4; count++) expect(await isTaken('127.0.0.9')).toBe(true);
  expect(await isTaken('127.0.0.9')).toBe(false);
  expect(refused).toEqual(['total']);
});

test('a closed connection makes room', async () => {
  await isTaken('127.0.0.2');
  await isTaken('127.0.0.2');
  const [gone] = await Promise.all([once(server, 'connection'), isTaken('127.0.0.3')]);
  const left = once(gone[0] as Socket, 'close');
  sockets.at(-1)?.destroy();
  await left;
  expect([await isTaken('127.0.0.3'), await isTaken('127.0.0.3'), await isTaken('127.0.0.3')]).toEqual([true, true, false]);
});
