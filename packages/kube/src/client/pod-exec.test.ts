import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeApiServer } from '../testing/index.ts';
import type { FakeApiServer } from '../testing/index.ts';
import { createKubeClient } from './kube-client.ts';
import type { KubeClient } from './kube-client.ts';
import { execInPod } from './pod-exec.ts';
import { createFrameDecoder, encodeFrame, OPCODE } from './web-socket-frame.ts';

const TARGET = { namespace: 'shop', pod: 'web-0', container: 'istio-proxy', command: ['pilot-agent', 'request', 'GET', 'stats?a=1&b=|'] };
const SUCCESS = { status: 'Success' };

let server: FakeApiServer;
let client: KubeClient;
beforeEach(async () => {
  server = await createFakeApiServer();
  client = createKubeClient({
    baseUrl: server.url,
    namespace: 'default',
    options: () => Promise.resolve({ headers: { Authorization: 'Bearer x' } }),
  });
});
afterEach(async () => {
  client.close();
  await server.close();
});

async function read(signal?: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of execInPod(client, TARGET, signal === undefined ? {} : { signal })) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('a command in a container', () => {
  test('its arguments and its output arrive whole', async () => {
    const seen: unknown[] = [];
    const text = 'é'.repeat(200_000);
    const bytes = Buffer.from(text);
    const parts = Array.from({ length: Math.ceil(bytes.length / 70_001) }, (_, index) =>
      bytes.subarray(index * 70_001, (index + 1) * 70_001),
    );
    server.onExec((target) => {
      seen.push(target);
      return { stdout: parts, status: SUCCESS };
    });
    expect(await read()).toBe(text);
    expect(seen).toEqual([TARGET]);
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer x');
  });

  test.each([
    [
      'it fails',
      { stdout: [], stderr: 'connection refused\n', status: { status: 'Failure', message: 'exit code 1' } },
      /web-0.*connection refused/,
    ],
    ['there is no such program', { stdout: [], status: { status: 'Failure', message: 'executable file not found' } }, /not found/],
    ['the connection breaks', { stdout: [Buffer.from('half')] }, /ended before the command did|connection broke/],
  ] as const)('%s', async (_, outcome, message) => {
    server.onExec(() => outcome);
    await expect(read()).rejects.toMatchObject({ code: 'exec-failed', message: expect.stringMatching(message) as string });
  });

  test('it is not allowed', async () => {
    await expect(read()).rejects.toMatchObject({ code: 'kube-not-found' });
  });

  test('no more is read than is taken, and leaving ends it', async () => {
    let sent = 0;
    let ended: () => void = () => undefined;
    const isEnded = new Promise<void>((resolve) => (ended = resolve));
    server.onExec(() => ({
      stdout: (async function* () {
        try {
          for (;;) {
            sent += 1;
            yield await Promise.resolve(Buffer.alloc(32_768));
          }
        } finally {
          ended();
        }
      })(),
    }));
    for await (const _chunk of execInPod(client, TARGET)) break;
    await isEnded;
    // What sockets hold: some megabytes.
    expect(sent).toBeLessThan(1_000);
  });

  test('a signal ends it', async () => {
    const stop = new AbortController();
    server.onExec(() => ({
      stdout: (async function* () {
        yield Buffer.from('x');
        stop.abort();
        await new Promise(() => undefined);
      })(),
    }));
    await expect(read(stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('frames', () => {
  test('may come in any pieces', () => {
    const bytes = Buffer.concat([
      Buffer.from([0x82, 3, 1, 2, 3]),
      Buffer.from([0x82, 126, 0, 200]),
      Buffer.alloc(200, 7),
      Buffer.from([0x88, 0]),
    ]);
    for (const size of [1, 2, 3, 100, 1000]) {
      const decoder = createFrameDecoder();
      const frames: [number, number][] = [];
      for (let at = 0; at < bytes.length; at += size) {
        for (const { opcode, payload } of decoder.push(bytes.subarray(at, at + size))) frames.push([opcode, payload.length]);
      }
      expect(frames).toEqual([
        [OPCODE.binary, 3],
        [OPCODE.binary, 200],
        [OPCODE.close, 0],
      ]);
    }
  });
  test.each([
    ['masked', Buffer.from([0x82, 0x81, 0, 0, 0, 0, 1])],
    ['too large', Buffer.concat([Buffer.from([0x82, 127]), Buffer.alloc(8, 1)])],
  ])('refused: %s', (_, bytes) => {
    expect(() => createFrameDecoder().push(bytes)).toThrow(/WebSocket/);
  });
  test('a client masks its own', () => {
    expect([...encodeFrame(OPCODE.pong, Buffer.from([1, 2]), Buffer.from([5, 6, 7, 8]))]).toEqual([0x8a, 0x82, 5, 6, 7, 8, 4, 4]);
  });
});
