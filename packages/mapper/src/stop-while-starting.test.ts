import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runMapper } from './run-mapper.ts';

test('a mapper that is told to stop while it waits for the API server ends without an error and lets its connections go', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'nm-stop-'));
  try {
    const server = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'silent', cluster: { server } }],
        users: [{ name: 'tester', user: {} }],
        contexts: [{ name: 'silent', context: { cluster: 'silent', user: 'tester' } }],
        'current-context': 'silent',
      }),
    );
    const stopping = new AbortController();
    const asked = once(silent, 'connection');
    const ended = runMapper(
      [
        '--listen',
        '127.0.0.1:0',
        '--metrics-listen',
        '127.0.0.1:0',
        '--auth',
        'none',
        '--store',
        'sqlite::memory:',
        '--kubeconfig',
        kubeconfig,
      ],
      {},
      { signal: stopping.signal, stdout: () => undefined, version: 'test' },
    );
    await asked;
    stopping.abort();
    await ended;
    for (let [open] = sockets; open !== undefined; [open] = sockets) await once(open, 'close');
    expect(sockets.size).toBe(0);
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await rm(folder, { recursive: true, force: true });
  }
});
