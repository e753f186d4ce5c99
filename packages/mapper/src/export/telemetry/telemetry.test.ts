import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '@nm/core';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMapperMetrics } from '../../mapper-metrics.ts';
import { startTestMapper } from '../../testing/start-test-mapper.ts';
import { createTelemetry, TELEMETRY_INTERVAL_MS } from './create-telemetry.ts';
import { showTelemetry } from './show-telemetry.ts';
import { telemetryState } from './telemetry-state.ts';
import { toMagnitude } from './usage-report.ts';
import type { UsageReport } from './usage-report.ts';

const REPORT: UsageReport = {
  schema: 'network-mapper/usage/v1',
  version: 'test',
  uptimeHours: 1,
  store: 'sqlite',
  edges: '10-99',
  nodes: '1-9',
  namespaces: '1-9',
  sniffers: '1-9',
  watchers: false,
  otelExport: false,
  edgeMetrics: false,
};

/** A receiver that counts connections and keeps bodies. */
const received = { connections: 0, bodies: [] as string[], status: 200 };
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    received.bodies.push(body);
    response.writeHead(received.status).end();
    server.emit('report');
  });
}).on('connection', () => received.connections++);
let endpoint = '';

beforeEach(async () => {
  Object.assign(received, { connections: 0, bodies: [], status: 200 });
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/usage`;
});
afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
});

function setHours(hours: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(hours * TELEMETRY_INTERVAL_MS);
}

describe('where usage telemetry goes', () => {
  const on = { telemetryEnabled: true, telemetryEndpoint: 'https://usage.example.com/r' };
  test.each([
    ['nowhere by default', { telemetryEnabled: true, telemetryEndpoint: undefined }, {}, undefined],
    ['to the endpoint that is set', on, {}, 'https://usage.example.com/r'],
    ['nowhere when switched off', { ...on, telemetryEnabled: false }, {}, undefined],
    ['nowhere by DO_NOT_TRACK=1', on, { DO_NOT_TRACK: '1' }, undefined],
    ['nowhere by DO_NOT_TRACK=true', on, { DO_NOT_TRACK: 'true' }, undefined],
    ['on by DO_NOT_TRACK=0', on, { DO_NOT_TRACK: '0' }, 'https://usage.example.com/r'],
  ] as const)('%s', (_, options, env, expected) => {
    expect(telemetryState(options, env).endpoint).toBe(expected);
  });

  test('an endpoint that is no URL stops the start', () => {
    expect(() => telemetryState({ ...on, telemetryEndpoint: 'file:///etc/passwd' }, {})).toThrow('http(s) URL');
  });
});

describe('connections', () => {
  test.each([
    ['none by default', [], {}, 0],
    ['none with --telemetry-enabled=false', ['--telemetry-enabled=false', '--telemetry-endpoint', 'ENDPOINT'], {}, 0],
    ['none with DO_NOT_TRACK=1', ['--telemetry-endpoint', 'ENDPOINT'], { DO_NOT_TRACK: '1' }, 0],
    ['one an hour when on', ['--telemetry-endpoint', 'ENDPOINT'], {}, 3],
  ] as const)('%s', async (_, args, env, expected) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const asked = vi.spyOn(globalThis, 'fetch');
    const mapper = await startTestMapper({ args: args.map((arg) => (arg === 'ENDPOINT' ? endpoint : arg)), env });
    try {
      for (let hour = 0; hour < 3; hour++) {
        const sent = expected === 0 ? undefined : once(server, 'report');
        await setHours(1);
        await sent;
      }
      expect(asked).toHaveBeenCalledTimes(expected);
      expect(received.bodies).toHaveLength(expected);
      expect(received.connections > 0).toBe(expected > 0);
    } finally {
      asked.mockRestore();
      vi.useRealTimers();
      await mapper.stop();
    }
  });

  test('none in the first hour, and a receiver that fails or hangs holds up nothing', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    received.status = 500;
    const metrics = createMapperMetrics(new Registry());
    const telemetry = createTelemetry({ report: () => Promise.resolve(REPORT), log: silentLogger, metrics }, { endpoint });
    await telemetry.start();
    await vi.advanceTimersByTimeAsync(TELEMETRY_INTERVAL_MS - 1);
    expect(received.connections).toBe(0);
    const sent = once(server, 'report');
    await vi.advanceTimersByTimeAsync(1);
    await sent;
    vi.useRealTimers();
    await vi.waitFor(async () => expect((await metrics.telemetrySends.get()).values).toEqual([{ value: 1, labels: { result: 'failed' } }]));
    await telemetry.stop();
  });
});

describe('what is said', () => {
  test('is what `telemetry show` prints, byte for byte', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const mapper = await startTestMapper({ args: ['--telemetry-endpoint', `${endpoint}?key=secret`] });
    try {
      const sent = once(server, 'report');
      await setHours(1);
      await sent;
      vi.useRealTimers();
      let shown = '';
      const listen = new URL(mapper.metricsUrl).host;
      await showTelemetry(['show', '--metrics-listen', listen], {
        stdout: (text) => (shown += text),
        env: {},
        signal: new AbortController().signal,
      });
      const parsed = JSON.parse(shown) as { sent: boolean; to: string; body: UsageReport };
      expect([parsed.sent, parsed.to]).toEqual([true, new URL(endpoint).origin]);
      expect(JSON.stringify(parsed.body)).toBe(received.bodies[0]);
      expect(shown).not.toContain('secret');
    } finally {
      await mapper.stop();
    }
  });

  test('`telemetry show` says why nothing is sent', async () => {
    const mapper = await startTestMapper();
    let shown = '';
    await showTelemetry(['show', '--metrics-listen', new URL(mapper.metricsUrl).host], {
      stdout: (text) => (shown += text),
      env: {},
      signal: new AbortController().signal,
    });
    await mapper.stop();
    expect(JSON.parse(shown)).toMatchObject({ sent: false, reason: 'no --telemetry-endpoint is set', body: { schema: REPORT.schema } });
  });

  test('names no pod, namespace, address or node of the cluster', async () => {
    const mapper = await startTestMapper();
    const text = await (await fetch(`${mapper.metricsUrl}/telemetry`)).text();
    await mapper.stop();
    for (const word of ['shop', 'frontend', 'node-1', '10.1.', '10.96.', 'kube-system', 'default']) expect(text).not.toContain(word);
  });

  test('has every field in the documentation, and no other', async () => {
    const page = await readFile(new URL('../../../../../docs/telemetry.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] ?? '');
    expect(documented.toSorted()).toEqual(Object.keys(REPORT).toSorted());
    const mapper = await startTestMapper();
    const { body } = (await (await fetch(`${mapper.metricsUrl}/telemetry`)).json()) as { body: object };
    await mapper.stop();
    expect(Object.keys(body).toSorted()).toEqual(Object.keys(REPORT).toSorted());
  });

  test.each([
    [0, '0'],
    [1, '1-9'],
    [9, '1-9'],
    [10, '10-99'],
    [99_999, '10000-99999'],
    [2_000_000, '100000+'],
  ])('%i is told as %s', (count, expected) => {
    expect(toMagnitude(count)).toBe(expected);
  });
});
