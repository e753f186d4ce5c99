import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { silentLogger } from '@nm/core';
import type { ReportBatch } from '@nm/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFrameSource } from '../testing/frame-source.ts';
import type { FrameSource } from '../testing/frame-source.ts';
import { SNIFFER_OPTIONS } from './options.ts';
import { createSniffer } from './sniffer.ts';
import type { Sniffer, SnifferOptions } from './sniffer.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

// 198.51.100.9:40000 asks 198.51.100.53 for a.example, which is 192.0.2.1.
const QUESTION = '0161 076578616d706c65 00 0001 0001';
const QUERY = bytes(`4500 0037 0000 4000 4011 0000 c6336409 c6336435 9c40 0035 0023 0000 1234 0100 0001 0000 0000 0000 ${QUESTION}`);
const ANSWER = bytes(
  `4500 0047 0000 4000 4011 0000 c6336435 c6336409 0035 9c40 0033 0000 1234 8180 0001 0001 0000 0000 ${QUESTION} c00c 0001 0001 0000001e 0004 c0000201`,
);
const SYN = bytes('4500 0028 0000 4000 4006 0000 c6336409 c0000201 9c41 01bb 00000001 00000000 5002 ffff 0000 0000');

let server: Server;
let source: FrameSource;
let sniffer: Sniffer;
const batches: ReportBatch[] = [];

beforeEach(async () => {
  batches.length = 0;
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { variables } = JSON.parse(gunzipSync(Buffer.concat(pieces)).toString()) as { variables: { batch: ReportBatch } };
      batches.push(variables.batch);
      response.end(
        JSON.stringify({
          data: { report: { stored: 1, rejected: [], retryAfterMs: 0, settings: { dnsPorts: [53, 1053], reportIntervalMs: 250 } } },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  source = createFrameSource();
  const options = snifferOptions();
  sniffer = await createSniffer({ log: silentLogger, version: '1', source }, options);
  await sniffer.start();
});

afterEach(async () => {
  await sniffer.stop();
  server.closeAllConnections();
  server.close();
});

function snifferOptions(): SnifferOptions {
  const defaults = Object.fromEntries(
    Object.entries(SNIFFER_OPTIONS).map(([name, { default: value }]) => [name, value]),
  ) as unknown as SnifferOptions;
  return {
    ...defaults,
    mapperUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    node: 'node-1',
    reportInterval: 250,
    metricsListen: { host: '127.0.0.1', port: 0 },
  };
}

function createRecordingLog(): { log: typeof silentLogger; lines: string[] } {
  const lines: string[] = [];
  return { log: { ...silentLogger, warn: (message: string) => void lines.push(`warn ${message}`) }, lines };
}

/** Rows of a kind (0 dns, 1 tcp) as [name, port, count]. */
function rows(kind: number): unknown[] {
  return batches.flatMap(({ observations, strings }) =>
    observations.filter((row) => row[0] === kind).map((row) => [strings[row[8] ?? -1], row[7], row[13]]),
  );
}

describe('createSniffer', () => {
  test('a lookup and an attempt, each seen twice, are reported once, the attempt with the name', async () => {
    for (const frame of [QUERY, QUERY, ANSWER, ANSWER, SYN, SYN]) source.feed(frame);
    await vi.waitFor(() => expect([rows(0), rows(1)]).toEqual([[['a.example', -1, 1]], [['a.example', 443, 1]]]), 5_000);
    expect(batches[0]?.reporter).toMatchObject({ kind: 'sniffer', node: 'node-1' });
  });

  test('the mapper names further DNS ports', async () => {
    await vi.waitFor(() => expect(source.dnsPorts).toEqual([53, 1053]), 5_000);
  });

  test('metrics and health are served', async () => {
    source.feed(QUERY);
    const { port } = sniffer.metricsAddress();
    const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    await vi.waitFor(async () => expect(await get('/metrics')).toMatch(/^network_mapper_sniffer_frames_total 1$/m), 5_000);
    expect(await get('/metrics')).toMatch(/^network_mapper_sniffer_packets_total\{outcome="dnsMessages"\} 1$/m);
    expect(await get('/healthz')).toBe('{"alive":true}\n');
    expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404);
  });

  test('a port for metrics that is taken does not keep it from seeing', async () => {
    const { log, lines } = createRecordingLog();
    const options = { ...snifferOptions(), metricsListen: { host: '127.0.0.1', port: sniffer.metricsAddress().port } };
    const second = await createSniffer({ log, version: '1', source: createFrameSource() }, options);
    await second.start();
    await second.stop();
    expect(lines.filter((line) => line.startsWith('warn metrics'))).toHaveLength(1);
  });

  test('losses are logged, at most once a minute and only when there are more', async () => {
    const { log, lines } = createRecordingLog();
    const lossy = createFrameSource();
    let dropped = 0;
    const second = await createSniffer(
      { log, version: '1', source: { ...lossy, stats: () => ({ ...lossy.stats(), dropped }) } },
      // A folder without processes: minutes pass in this test, and each second they are looked at.
      { ...snifferOptions(), hostProc: '/proc/self' },
    );
    const logged: number[] = [];
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      await second.start();
      for (const now of [0, 7, 7, 9]) {
        dropped = now;
        vi.advanceTimersByTime(60_000);
        logged.push(lines.filter((line) => line === 'warn losses so far').length);
      }
    } finally {
      vi.useRealTimers();
      await second.stop();
    }
    expect(logged).toEqual([0, 1, 1, 2]);
  });

  test('a sniffer that takes over leaves nothing out and counts nothing twice', async () => {
    const name = `test-${process.pid}`;
    const sources = [createFrameSource(), createFrameSource()] as const;
    const create = async (from: FrameSource): Promise<Sniffer> => {
      const made = await createSniffer({ log: silentLogger, version: '1', source: from }, { ...snifferOptions(), handover: name });
      await made.start();
      return made;
    };
    /** To a port of its own, by which it is known in the reports. */
    const attempt = (port: number): Uint8Array => SYN.map((byte, index) => (index === 22 ? 0 : index === 23 || index === 27 ? port : byte));
    const counted = (): string[] => rows(1).map((row) => (row as unknown[]).slice(1).join(' x'));

    const old = await create(sources[0]);
    sources[0].feed(attempt(1));
    await vi.waitFor(() => expect(counted()).toEqual(['1 x1']), 5_000);
    const next = await create(sources[1]);
    for (const source of sources) source.feed(attempt(2));
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
    const stopped = old.stop();
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
    for (const source of sources) source.feed(attempt(3));
    await stopped;
    // Its listeners open with its turn; one that is stopped before leaves everything to its predecessor.
    await vi.waitFor(() => expect(next.metricsAddress().port).toBeGreaterThan(0), 5_000);
    sources[1].feed(attempt(4));
    await next.stop();
    expect(counted().toSorted()).toEqual([1, 2, 3, 4].map((port) => `${port} x1`));
  }, 20_000);

  test('garbage frames do nothing but count', async () => {
    for (let length = 0; length < 60; length++) source.feed(ANSWER.slice(0, length));
    for (let at = 0; at < ANSWER.length; at++) source.feed(ANSWER.map((byte, index) => (index === at ? byte ^ 0xff : byte)));
    source.feed(QUERY);
    source.feed(ANSWER);
    await vi.waitFor(() => expect(rows(0)).toEqual([['a.example', -1, 1]]), 5_000);
  });
});
