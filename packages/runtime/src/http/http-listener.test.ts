import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '@nm/core';
import type { Logger } from '@nm/core';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { createHealth } from '../health.ts';
import { createMetrics, defineMetrics } from '../metrics/create-metrics.ts';
import { createMetricsHandler } from '../metrics/metrics-handler.ts';
import { createHttpListener } from './http-listener.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serveMetrics(ready: boolean): Promise<string> {
  const register = new Registry();
  const table = defineMetrics({
    reports: { type: 'counter', name: 'network_mapper_reports_total', help: 'Reports.', labels: ['kind'] },
    edges: { type: 'gauge', name: 'network_mapper_edges', help: 'Edges.' },
  });
  const metrics = createMetrics(table, register);
  metrics.reports.inc({ kind: 'sniffer' });
  const health = createHealth();
  health.addCheck('caches', () => ({ ok: ready, detail: 'pods' }));
  const handler = createMetricsHandler({ register, health, log: silentLogger, collect: () => metrics.edges.set(5) });
  const listener = createHttpListener({ handler, log: silentLogger }, { name: 'metrics', listen: { host: '127.0.0.1', port: 0 } });
  await listener.start();
  closers.push(() => listener.stop());
  return `http://127.0.0.1:${listener.address().port}`;
}

describe('the metrics listener', () => {
  test('shows metrics, with gauges read at the scrape', async () => {
    const body = await (await fetch(`${await serveMetrics(true)}/metrics`)).text();
    expect(body).toContain('network_mapper_reports_total{kind="sniffer"} 1');
    expect(body).toContain('network_mapper_edges 5');
  });

  test('logs why metrics cannot be collected, and does not tell who asks', async () => {
    const logged: unknown[] = [];
    const log: Logger = { ...silentLogger, error: (message, fields) => logged.push([message, fields]) };
    const collect = (): Promise<void> => Promise.reject(new Error('password is wrong for 10.0.0.1'));
    const handler = createMetricsHandler({ register: new Registry(), health: createHealth(), log, collect });
    const listener = createHttpListener({ handler, log }, { name: 'metrics', listen: { host: '127.0.0.1', port: 0 } });
    await listener.start();
    closers.push(() => listener.stop());
    const answer = await fetch(`http://127.0.0.1:${listener.address().port}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([500, 'metrics could not be collected: the log says why\n']);
    expect(logged).toEqual([['metrics could not be collected', { error: 'password is wrong for 10.0.0.1' }]]);
  });

  test.each([
    ['/healthz', false, 200, { alive: true }],
    ['/readyz', true, 200, { ready: true, checks: { caches: { ok: true, detail: 'pods' } } }],
    ['/readyz', false, 503, { ready: false, checks: { caches: { ok: false, detail: 'pods' } } }],
  ])('%s when ready is %s answers %d', async (path, ready, status, body) => {
    const response = await fetch(`${await serveMetrics(ready)}${path}`);
    expect([response.status, await response.json()]).toEqual([status, body]);
  });

  test.each(['//', '/\\', 'http://[', '*'])('survives a request for %s', async (target) => {
    const url = new URL(await serveMetrics(true));
    const status = await new Promise((resolve, reject) => {
      get({ host: url.hostname, port: url.port, path: target, agent: false }, (answer) => resolve(answer.resume().statusCode)).on(
        'error',
        reject,
      );
    });
    expect(status).toBe(404);
    expect((await fetch(`${url.origin}/metrics`)).status).toBe(200);
  });

  test('answers nothing else', async () => expect((await fetch(`${await serveMetrics(true)}/query`)).status).toBe(404));
});

describe('a listener', () => {
  test('says which address it cannot have', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => taken.close(() => resolve())));
    const { port } = taken.address() as AddressInfo;
    const listener = createHttpListener(
      { handler: () => undefined, log: silentLogger },
      { name: 'queries', listen: { host: '127.0.0.1', port } },
    );
    await expect(listener.start()).rejects.toMatchObject({
      code: 'listen_failed',
      message: expect.stringContaining(`127.0.0.1:${port} for queries`) as string,
    });
  });

  test('lets a running request finish, then is gone', async () => {
    let answer = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let finish = (): void => undefined;
    const listener = createHttpListener(
      {
        handler: (_request, response) => {
          finish = () => response.end('done');
          answer();
        },
        log: silentLogger,
      },
      // A connection that is kept for a next request must not be waited for.
      { name: 'queries', listen: { host: '127.0.0.1', port: 0 }, drainMs: 600_000 },
    );
    await listener.start();
    const url = `http://127.0.0.1:${listener.address().port}/`;
    const body = new Promise<string>((resolve, reject) => {
      get(url, { agent: new Agent({ keepAlive: true }) }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
    await arrived;
    const stopped = listener.stop();
    finish();
    expect(await body).toBe('done');
    await stopped;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  test('cuts a request that does not finish', async () => {
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const listener = createHttpListener(
      { handler: () => arrive(), log: silentLogger },
      { name: 'queries', listen: { host: '127.0.0.1', port: 0 }, drainMs: 10 },
    );
    await listener.start();
    const request = fetch(`http://127.0.0.1:${listener.address().port}/`).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    await arrived;
    await listener.stop();
    expect(await request).toBe('fetch failed');
  });

  test('says what is wrong with the certificate', async () => {
    const tls = { certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key' };
    const listener = createHttpListener({ handler: () => undefined, log: silentLogger }, { name: 'queries', listen: { port: 0 }, tls });
    await expect(listener.start()).rejects.toMatchObject({
      code: 'tls_invalid',
      message: expect.stringContaining('/nowhere/tls.crt') as string,
    });
  });
});
