import { afterEach, describe, expect, test } from 'vitest';
import { ADDRESSES } from '../../testing/shop-cluster.ts';
import { attempt, START, startTestMapper } from '../../testing/start-test-mapper.ts';
import type { TestMapper } from '../../testing/start-test-mapper.ts';

let mapper: TestMapper | undefined;
afterEach(() => mapper?.stop());

async function edgeLines(args: readonly string[]): Promise<string[]> {
  mapper = await startTestMapper({ args });
  await mapper.report([
    attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
    attempt(ADDRESSES.frontend, '203.0.113.7', { port: 443, count: 2 }),
    attempt(ADDRESSES.kafka, '198.51.100.1', { port: 9_999 }),
  ]);
  const text = await (await fetch(`${mapper.metricsUrl}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith('network_mapper_edge_'));
}

describe('edge metrics', () => {
  test('are off by default', async () => {
    expect(await edgeLines([])).toEqual([]);
  });

  test('show count and last time by port and evidence', async () => {
    const lines = await edgeLines(['--edge-metrics']);
    const labels =
      'client="frontend",client_namespace="shop",client_kind="Deployment",client_cluster="default",server="cart",server_namespace="shop",server_kind="Deployment",server_cluster="default",port="8080",protocol="TCP",evidence="tcp"';
    expect(lines).toHaveLength(6);
    expect(lines).toContain(`network_mapper_edge_connections_total{${labels}} 3`);
    expect(lines).toContain(`network_mapper_edge_last_seen_timestamp_seconds{${labels}} ${(START - 1_000) / 1_000}`);
    expect(lines.filter((line) => line.includes('server="internet",server_namespace="",server_kind="internet"'))).toHaveLength(4);
  });

  test('are limited to namespaces', async () => {
    const lines = await edgeLines(['--edge-metrics', '--edge-metrics-namespaces', 'kafka']);
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.includes('client="kafka"'))).toBe(true);
  });

  test('are bounded: the rest is one series, and counted', async () => {
    const lines = await edgeLines(['--edge-metrics', '--edge-metrics-max-series', '1']);
    expect(lines).toHaveLength(4);
    const sum = lines.filter((line) => line.includes('connections_total')).reduce((total, line) => total + Number(line.split('} ')[1]), 0);
    expect([sum, lines.some((line) => line.includes('client="(other)"'))]).toEqual([6, true]);
    const text = await (await fetch(`${mapper?.metricsUrl}/metrics`)).text();
    expect(text).toMatch(/network_mapper_export_overflow_total\{export="prometheus"\} [1-9]/);
  });

  test('nodes without a sniffer are counted', async () => {
    await edgeLines([]);
    expect(await (await fetch(`${mapper?.metricsUrl}/metrics`)).text()).toMatch(/^network_mapper_nodes_without_sniffer 1$/m);
  });
});
