import { once, EventEmitter } from 'node:events';
import { silentLogger } from '@nm/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpReader } from '../testing/http-reader.ts';
import { createLogServer } from '../testing/log-server.ts';
import type { LogServer } from '../testing/log-server.ts';
import { followPodLog } from './pod-log-follower.ts';
import type { LogGap } from './pod-log-follower.ts';

const START = Date.parse('2026-01-02T03:04:05.000Z');

describe('following a log through the API', () => {
  let server: LogServer;
  let stop: AbortController;
  let lines: string[];
  let gaps: LogGap[];
  let changes: EventEmitter;
  let done: Promise<void>;

  beforeEach(async () => {
    server = await createLogServer();
    stop = new AbortController();
    lines = [];
    gaps = [];
    changes = new EventEmitter();
    done = followPodLog(
      { reader: createHttpReader(server.url), clock: { now: () => START }, log: silentLogger },
      { namespace: 'kafka', pod: 'kafka-0', container: 'kafka' },
      {
        line: (text) => void (lines.push(text), changes.emit('line')),
        gap: (gap) => gaps.push(gap),
        reconnected: () => changes.emit('line'),
      },
      { sinceTime: '2026-01-02T03:04:00Z', idleTimeoutMs: 10_000, baseMs: 1, maxMs: 5 },
      stop.signal,
    );
  });

  afterEach(async () => {
    stop.abort();
    await done;
    await server.close();
  });

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(changes, 'line');
  }

  it('loses no line and repeats none in 100 reconnects', async () => {
    const expected: string[] = [];
    for (let round = 0; round < 100; round += 1) {
      // Several rounds in one second, equal lines among them.
      for (let index = 0; index < 7; index += 1) {
        const text = index % 3 === 0 ? 'the same text' : `line ${round} ${index}`;
        expected.push(text);
        server.write(text, START + round * 137 + index * 20);
      }
      if (round % 2 === 0) await until(() => lines.length >= expected.length - 5);
      server.cut(round % 3 === 0 ? 'half a li' : undefined);
      const count = server.requests.length;
      while (server.requests.length === count) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => lines.length >= expected.length);
    expect(lines).toEqual(expected);
    expect(gaps).toEqual([]);
    expect(server.requests.length).toBeGreaterThanOrEqual(100);
  });

  it('asks for whole lines with their time, from where it stopped', async () => {
    server.write('a', START);
    await until(() => lines.length === 1);
    server.cut();
    server.write('b', START + 5000);
    await until(() => lines.length === 2);
    expect(server.requests.map((url) => url.searchParams.get('sinceTime'))).toEqual(['2026-01-02T03:04:00Z', '2026-01-02T03:04:05Z']);
    expect(server.requests[0]?.pathname).toBe('/api/v1/namespaces/kafka/pods/kafka-0/log');
    expect(server.requests[0]?.searchParams.get('container')).toBe('kafka');
  });

  it('notices that the log was rotated while it was away', async () => {
    server.write('a', START);
    await until(() => lines.length === 1);
    server.write('lost', START + 1000);
    lines.length = 0;
    server.cut();
    server.rotate();
    server.write('b', START + 2000);
    await until(() => lines.includes('b'));
    expect(gaps).toEqual([
      { from: expect.stringMatching(/^2026-01-02T03:04:0[56]/) as string, to: expect.stringMatching(/^2026-01-02T03:04:07/) as string },
    ]);
  });

  it('reads what a container wrote before it started again', async () => {
    server.write('a', START);
    await until(() => lines.length === 1);
    server.cut();
    server.write('last words', START + 100);
    server.restart();
    server.write('first words', START + 3000);
    await until(() => lines.length >= 3);
    expect(lines).toEqual(['a', 'last words', 'first words']);
    expect(gaps).toEqual([]);
  });
});
