import { describe, expect, test } from 'vitest';
import type { LiveMapSource } from '../source/map-source.ts';
import { edges, run } from '../testing/map-in-a-folder.ts';
import { edge, NOW, seen, workload } from '../testing/test-host.ts';
import type { TestHost } from '../testing/test-host.ts';

describe('a running mapper, through its port', () => {
  const source = (calls: string[]): LiveMapSource => ({
    name: 'http://mapper',
    loadEdges: () => Promise.resolve({ edges, generatedAt: NOW, window: {} }),
    status: () =>
      Promise.resolve({
        version: '1',
        edges: 3,
        since: NOW - 60_000,
        reporters: [{ kind: 'sniffer', node: 'n1', version: '1', lastReportAt: NOW - 3_000, observations: 7, lost: 2 }],
        nodesWithoutSniffer: ['n2'],
        unresolved: [{ reason: 'pod-gone', count: 1 }],
        dropped: [],
        lost: [{ reason: 'spool-full', count: 2 }],
      }),
    async *watch() {
      for (const one of edges.slice(0, 2)) yield await Promise.resolve({ type: 'added' as const, edge: one });
    },
    reset: () => Promise.resolve(void calls.push('reset')),
    openWeb: () => Promise.resolve('http://127.0.0.1:1/'),
    close: () => Promise.resolve(void calls.push('close')),
  });
  const live = async (args: readonly string[], stdin = ''): Promise<{ code: number; host: TestHost; calls: string[] }> => {
    const calls: string[] = [];
    const signal = AbortSignal.abort();
    const isOpen = args[0] === 'open';
    const result = await run(args, {
      stdin,
      isTTY: stdin !== '',
      openLive: () => Promise.resolve(source(calls)),
      ...(isOpen && { signal }),
    });
    return { ...result, calls };
  };
  test('list reads it and closes it', async () => {
    const { host, calls } = await live(['list', '--workload', 'cart']);
    expect([host.out(), calls]).toEqual(['web in namespace shop calls:\n  - cart\n', ['close']]);
  });
  test('status', async () => {
    const { host } = await live(['status']);
    expect(host.out()).toBe(
      `mapper http://mapper, version 1, started 2026-01-31T11:59:00.000Z
edges: 3
sniffer on n1 1: last report 3 s ago, 7 observations, 2 lost
node without a sniffer: n2
unresolved: 1 pod-gone
lost before the mapper: 2 spool-full

What may be missing, and why:
- no sniffer reports from node n2: what pods there do is seen only from the other side
- addresses that nobody owned: 1 pod-gone (--include-unknown shows them)
- reporters lost observations: 2 spool-full
`,
    );
  });
  test('watch', async () => {
    expect((await live(['watch', '--workload', 'cart'])).host.out()).toBe(
      '+ web in namespace shop -> cart in namespace shop 7070/TCP (cart-svc.shop:80) (dns 2, tcp 2)\n',
    );
    expect(JSON.parse((await live(['watch', '--format', 'json', '--workload', 'cart'])).host.out())).toMatchObject({
      type: 'added',
      edge: { server: { name: 'cart' } },
    });
  });
  test('watch names as lists do', async () => {
    const { host } = await live(['watch', '--workload', 'cart', '--as-kubernetes-service', '--distinct-by-label', 'app']);
    expect(host.out()).toContain('+ web with app=web -> cart-svc in namespace shop 7070');
  });
  test('watch as CSV has the columns of lists', async () => {
    const [header, row] = (await live(['watch', '--format', 'csv', '--workload', 'cart'])).host.out().split('\r\n');
    expect(header).toMatch(/^time,change,client_type,.*,last_seen,/);
    expect(row).toMatch(/^2026-01-31T12:00:00\.000Z,added,workload,shop,web,/);
    expect(row?.split(',')).toHaveLength(header?.split(',').length ?? 0);
  });
  test.each([
    ['a narrow terminal', 60, 60],
    ['a wide terminal', 200, 142],
  ])('watch as a table fits %s', async (_name, columns, atMost) => {
    const long = edge(workload('a'.repeat(60)), workload('b'.repeat(60)), { evidence: { tcp: seen } });
    const { host } = await run(['watch', '--format', 'table'], {
      isTTY: true,
      columns,
      openLive: () =>
        Promise.resolve({
          ...source([]),
          watch: async function* () {
            yield await Promise.resolve({ type: 'added' as const, edge: long });
          },
        }),
    });
    const lines = host.out().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(atMost);
  });
  test('status as CSV', async () => {
    const { host } = await live(['status', '--format', 'csv']);
    expect(host.out()).toContain('what,value\r\nversion,1\r\nedges,3\r\n');
    expect(host.out()).toContain('\r\nreporters.0.node,n1\r\n');
    const file = await run(['status', '--map', 'map.json', '--format', 'csv']);
    expect(file.host.out()).toContain('\r\nservers.workload,');
  });
  test.each([
    ['confirmed by flag', ['reset', '--yes'], '', 0, ['reset', 'close']],
    ['confirmed on the terminal', ['reset'], 'y\n', 0, ['reset', 'close']],
    ['declined on the terminal', ['reset'], 'n\n', 0, ['close']],
    ['nobody to ask', ['reset'], '', 2, ['close']],
  ])('reset: %s', async (_name, args, stdin, exit, expected) => {
    const { code, calls } = await live(args, stdin);
    expect([code, calls]).toEqual([exit, expected]);
  });
  test('open prints the address', async () => expect((await live(['open', '--no-browser'])).host.out()).toBe('http://127.0.0.1:1/\n'));
});
