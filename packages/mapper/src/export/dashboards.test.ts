import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../testing/free-port.ts';
import { ADDRESSES } from '../testing/shop-cluster.ts';
import { attempt, START, startTestMapper } from '../testing/start-test-mapper.ts';
import type { TestMapper } from '../testing/start-test-mapper.ts';

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly instant: boolean;
  readonly format: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly Target[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly panels: readonly Panel[];
}

const DEPLOY = new URL('../../../../deploy/', import.meta.url).pathname;
const dashboards = readdirSync(join(DEPLOY, 'grafana')).flatMap((file) =>
  file.endsWith('.json') ? [[file, JSON.parse(readFileSync(join(DEPLOY, 'grafana', file), 'utf8')) as Dashboard] as const] : [],
);
const queries = dashboards.flatMap(([file, { panels }]) =>
  panels.flatMap((panel) => panel.targets.map((target) => [`${file}: ${panel.title} (${target.refId})`, target] as const)),
);

/** Metrics that only other parts show, or only exports that are off here: their queries answer, with nothing. */
const ELSEWHERE =
  /sniffer_|otel_exports|observations_(rejected|dropped|unresolved)|export_overflow|reporter_losses\)$|by \(reason\) \(network_mapper_reporter_losses/;

describe.each(dashboards)('dashboard %s', (_, dashboard) => {
  test('has what Grafana and people need', () => {
    expect(dashboard.uid).toMatch(/^network-mapper-[a-z]+$/);
    expect(dashboard.description.length).toBeGreaterThan(20);
    expect(dashboard.tags).toContain('network-mapper');
    expect(JSON.stringify(dashboard)).not.toMatch(/"uid":"(?!\$\{datasource\}|network-mapper)[^"]*"/);
  });

  test('has panels with ids and titles of their own, which do not overlap', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBe(dashboard.panels.length);
    const cells = new Set<string>();
    for (const { title, gridPos, targets } of dashboard.panels) {
      expect([title, targets.length > 0]).toEqual([title, true]);
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, cells.has(`${x}/${y}`)]).toEqual([title, false]);
          cells.add(`${x}/${y}`);
        }
      }
    }
  });

  test('uses only variables that it has', () => {
    const known = new Set([...dashboard.templating.list.map(({ name }) => name), '__range', '__rate_interval']);
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z_]+)\}?/g)].map((match) => match[1] ?? '');
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });
});

test('the map is drawn from frames that the Node Graph panel takes', () => {
  const panel = dashboards.flatMap(([, { panels }]) => panels).find(({ type }) => type === 'nodeGraph');
  expect(panel?.targets.map(({ refId, instant, format }) => [refId, instant, format])).toEqual([
    ['nodes', true, 'table'],
    ['edges', true, 'table'],
  ]);
});

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPrometheus || !hasPromtool) process.stderr.write('prometheus is not installed: queries, rules and alerts are not tested\n');

describe.skipIf(!hasPromtool)('rules (promtool)', () => {
  const run = promisify(execFile);
  test('are well formed', async () => {
    const { stdout } = await run('promtool', ['check', 'rules', 'alerts.yml', 'recording-rules.yml', 'declared-edges.example.yml'], {
      cwd: join(DEPLOY, 'prometheus'),
    });
    expect(stdout.match(/SUCCESS/g)).toHaveLength(3);
  });

  test('fire when they should and only then', async () => {
    const { stdout } = await run('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: join(DEPLOY, 'prometheus') });
    expect(stdout).toContain('SUCCESS');
  });
});

describe.skipIf(!hasPrometheus)('queries on a real Prometheus that scrapes a real mapper', () => {
  const stops: (() => Promise<unknown>)[] = [];
  let mapper: TestMapper;
  let url = '';

  async function ask(
    expr: string,
  ): Promise<{ status: string; error?: string; data?: { result: { metric: Record<string, string>; value: [number, string] }[] } }> {
    const answer = await fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expr }) });
    return (await answer.json()) as Awaited<ReturnType<typeof ask>>;
  }

  /** Waits until a query has so many results, or more. */
  async function found(query: string, least: number): Promise<void> {
    await vi.waitFor(
      async () => {
        const results = (await ask(query)).data?.result.length ?? 0;
        if (results < least) throw new Error(`${query} has ${results} results instead of ${least}`);
      },
      { timeout: 30_000, interval: 200 },
    );
  }

  beforeAll(async () => {
    mapper = await startTestMapper({ args: ['--edge-metrics'] });
    stops.push(() => mapper.stop());
    const folder = await mkdtemp(join(tmpdir(), 'nm-prometheus-'));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const port = await freePort();
    await writeFile(
      join(folder, 'prometheus.yml'),
      `global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: ['${DEPLOY}prometheus/recording-rules.yml', '${DEPLOY}prometheus/alerts.yml']
scrape_configs: [{job_name: mapper, static_configs: [{targets: ['${new URL(mapper.metricsUrl).host}']}]}]
`,
    );
    const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`];
    const child = spawn('prometheus', args, { stdio: 'ignore' });
    stops.push(async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null) await once(child, 'exit');
    });
    url = `http://127.0.0.1:${port}`;
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
      attempt(ADDRESSES.frontend, '203.0.113.7', { port: 443, count: 2 }),
    ]);
    await found('count_over_time(network_mapper_edge_connections_total[1m]) > 2', 2);
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 30 }),
      attempt(ADDRESSES.frontend, '203.0.113.7', { port: 443, count: 20 }),
      attempt(ADDRESSES.cart, ADDRESSES.frontend, { at: START - 500 }),
    ]);
    await mapper.query('{ health }');
    for (const query of [
      'increase(network_mapper_edge_connections_total{server="cart"}[5m]) > 0',
      'count_over_time(network_mapper_edge_connections_total{client="cart"}[5m]) > 2',
      'network_mapper:edge_last_seen:timestamp_seconds{client="cart"}',
    ]) {
      await found(query, 1);
    }
    await found('rate(network_mapper_http_requests_total[5m]) > 0', 1);
  }, 90_000);
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  test.each(queries)('%s', async (_, { expr }) => {
    const filled = expr
      .replaceAll('$__range', '1h')
      .replaceAll('$__rate_interval', '5m')
      .replaceAll('=~"$namespace"', '=~".*"')
      .replaceAll('$namespace', 'shop')
      .replaceAll('$workload', 'frontend')
      .replaceAll('$evidence', '.*');
    const answer = await ask(filled);
    expect(answer.error).toBeUndefined();
    expect(answer.data?.result.length ?? -1).toBeGreaterThanOrEqual(ELSEWHERE.test(expr) ? 0 : 1);
  });

  test('the map’s nodes and edges fit together', async () => {
    const panel = dashboards.flatMap(([, { panels }]) => panels).find(({ type }) => type === 'nodeGraph');
    const fill = (ref: string): string =>
      (panel?.targets.find(({ refId }) => refId === ref)?.expr ?? '')
        .replaceAll('$__range', '1h')
        .replaceAll('$namespace', 'shop')
        .replaceAll('$evidence', '.*');
    const nodes = (await ask(fill('nodes'))).data?.result ?? [];
    const edges = (await ask(fill('edges'))).data?.result ?? [];
    const ids = nodes.map(({ metric }) => metric['id'] ?? '');
    expect(ids.toSorted()).toEqual(['/internet/internet', 'shop/Deployment/cart', 'shop/Deployment/frontend']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(edges.map(({ metric }) => metric['id'] ?? '').toSorted()).toEqual([
      'shop/Deployment/cart > shop/Deployment/frontend',
      'shop/Deployment/frontend > /internet/internet',
      'shop/Deployment/frontend > shop/Deployment/cart',
    ]);
    for (const { metric } of edges) expect(ids).toEqual(expect.arrayContaining([metric['source'], metric['target']]));
    const called = edges.find(({ metric }) => metric['target'] === 'shop/Deployment/cart');
    expect(Number(called?.value[1])).toBeGreaterThan(0);
  });
});
