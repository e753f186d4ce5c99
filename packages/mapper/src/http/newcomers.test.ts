import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createNewcomers } from './newcomers.ts';

test('work that waits for newcomers begins when all connections are accepted', async () => {
  const newcomers = createNewcomers();
  const sockets: Socket[] = [];
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    newcomers.arrived();
    sockets.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    for (let client = 0; client < 60; client++) sockets.push(connect(port, '127.0.0.1'));
    // The first is accepted; the kernel has the others.
    await once(server, 'connection');
    expect(accepted).toBeLessThan(60);
    await newcomers.allIn();
    expect(accepted).toBe(60);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test('who connects without end keeps nobody from working', async () => {
  const newcomers = createNewcomers({ maxTurns: 20 });
  let turns = 0;
  let isOver = false;
  const endless = (): void => {
    turns += 1;
    newcomers.arrived();
    if (!isOver) setImmediate(endless);
  };
  setImmediate(endless);
  await newcomers.allIn();
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(19);
  expect(turns).toBeLessThanOrEqual(21);
});
