import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';
import { parseAddress, SocketRows, SocketTableParser, SOCKET_TCP } from '@nm/core';
import { afterEach, describe, expect, test } from 'vitest';
import { createSocketDiag } from './socket-diag.ts';

const opened: (Server | Socket)[] = [];
afterEach(() => {
  for (const one of opened.splice(0))
    if ('close' in one) one.close();
    else one.destroy();
});

async function open(listen: string, host: string): Promise<{ readonly server: number; readonly client: number }> {
  const server = createServer((socket) => opened.push(socket));
  server.listen(0, listen);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, host);
  opened.push(client, server);
  await once(client, 'connect');
  return { server: port, client: client.localPort ?? 0 };
}

function rowsOf(fill: (rows: SocketRows) => void, port: number): string[] {
  const rows = new SocketRows();
  fill(rows);
  return Array.from({ length: rows.length }, (_, row) => row)
    .filter((row) => rows.localPort[row] === port || rows.remotePort[row] === port)
    .map((row) =>
      [
        rows.family[row],
        rows.local(row),
        rows.localPort[row],
        rows.remote(row),
        rows.remotePort[row],
        rows.state[row],
        rows.inode[row],
      ].join(' '),
    )
    .toSorted();
}

function readTables(rows: SocketRows): void {
  const parser = new SocketTableParser(rows);
  for (const file of ['tcp', 'tcp6']) {
    parser.begin(SOCKET_TCP);
    const bytes = readFileSync(`/proc/self/net/${file}`);
    parser.push(bytes, bytes.length);
    parser.end();
  }
}

describe.skipIf(process.platform !== 'linux')('createSocketDiag', () => {
  const diag = createSocketDiag();

  test.each([
    ['IPv4', '127.0.0.1', '127.0.0.1'],
    ['IPv6', '::1', '::1'],
    ['IPv4 at a socket of both families', '::', '127.0.0.1'],
  ])('%s: the same sockets as in the tables', async (_name, listen, host) => {
    const { server } = await open(listen, host);
    const fromDiag = rowsOf((rows) => expect(diag.addTo(rows)).toBe(true), server);
    expect(fromDiag).toEqual(rowsOf(readTables, server));
    expect(fromDiag.length).toBe(3);
  });

  test.each([
    ['IPv4', '127.0.0.1', '127.0.0.1'],
    ['IPv6', '::1', '::1'],
    ['IPv4 at a socket of both families', '::', '127.0.0.1'],
  ])('%s: one socket by its ends', async (_name, listen, host) => {
    const { server, client } = await open(listen, host);
    const address = parseAddress(host) ?? new Uint8Array(4);
    const family = address.length === 4 ? 4 : 6;
    const inodes = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    });
    for (const [localPort, remotePort] of [
      [client, server],
      [server, client],
    ] as const) {
      const found = diag.find({ family, local: address, localPort, remote: address, remotePort });
      expect(found).toMatchObject({ family, localPort, remotePort, state: 1 });
      expect(inodes).toContain(`socket:[${found?.inode}]`);
    }
    // Somebody listens there, but has no such connection.
    expect(diag.find({ family, local: address, localPort: server, remote: address, remotePort: 1 })).toBeUndefined();
  });

  test('an answer that was not read to its end does not pass for the next one', async () => {
    const { server, client } = await open('127.0.0.1', '127.0.0.1');
    expect(() =>
      diag.each(() => {
        throw new Error('enough');
      }),
    ).toThrow('enough');
    const local = parseAddress('127.0.0.1') ?? new Uint8Array(4);
    for (const [localPort, remotePort] of [
      [client, server],
      [server, client],
      [client, server],
    ] as const) {
      expect(diag.find({ family: 4, local, localPort, remote: local, remotePort })).toMatchObject({ localPort, remotePort });
    }
  });
});
