import { describe, expect, test } from 'vitest';
import { edges, run, web } from '../testing/map-in-a-folder.ts';
import { edge, HOSTILE_NAMES, mapText, NOW, seen, workload } from '../testing/test-host.ts';

describe('diff', () => {
  const [first, second, ...rest] = edges;
  const before = [first, second, edge(web, workload('kafka'), { kafka: [{ topic: 't', operation: 'consume', allowed: true }] })].filter(
    (one) => one !== undefined,
  );
  const after = [
    edge(web, workload('cart'), { evidence: { tcp: { ...seen, count: 99 } }, ports: [{ port: 7071, protocol: 'TCP', evidence: {} }] }),
    edge(web, workload('db', 'data'), { ports: [{ port: 5432, protocol: 'TCP', evidence: {} }] }),
    edge(web, workload('kafka'), {
      kafka: [{ topic: 't', operation: 'consume', allowed: true }],
      evidence: { tcp: { ...seen, count: 3 } },
    }),
  ];
  const files = { 'a.json': mapText(before), 'b.json': mapText(after) };
  test('text', async () => {
    const { code, host } = await run(['diff', 'a.json', 'b.json'], { files });
    expect(rest).not.toEqual([]);
    expect(code).toBe(1);
    expect(host.out()).toBe(`+ web in namespace shop -> db in namespace data: port 5432/TCP
- web in namespace shop -> api.example.com
~ web in namespace shop -> cart in namespace shop: + port 7071/TCP, - evidence dns, - port 7070/TCP of Service cart-svc.shop
1 added, 1 removed, 1 changed
`);
  });
  test('counts on demand', async () => {
    const { host } = await run(['diff', '--counts', 'a.json', 'b.json', '--workload', 'kafka'], { files });
    expect(host.out()).toBe(
      '~ web in namespace shop -> kafka in namespace shop: + evidence tcp (3), - evidence tcp (2)\n0 added, 0 removed, 1 changed\n',
    );
  });
  test.each([
    [
      'Services instead of workloads',
      ['--as-kubernetes-service', '--workload', 'api'],
      '+ web in namespace shop -> api-svc in namespace front: port 80/TCP\n',
    ],
    [
      'a label instead of the namespace',
      ['--distinct-by-label', 'app', '--workload', 'api'],
      '+ web with app=web -> api in namespace shop: port 80/TCP\n',
    ],
    ['evidence', ['--evidence', '--workload', 'api'], '+ web in namespace shop -> api in namespace shop: port 80/TCP; tcp 2\n'],
    ['evidence as a filter', ['--evidence', 'kafka'], ''],
    ['system traffic', ['--include-system', '--to-namespace', 'kube'], '+ web in namespace shop -> dns in namespace kube\n'],
    ['no system traffic', ['--to-namespace', 'kube'], ''],
  ])('named as in lists: %s', async (_name, args, expected) => {
    const api = edge(web, workload('api'), {
      evidence: { tcp: seen },
      ports: [{ port: 80, protocol: 'TCP', service: { namespace: 'front', name: 'api-svc' }, evidence: { tcp: seen } }],
    });
    const system = edge(web, workload('dns', 'kube'), { class: 'system' });
    const { host } = await run(['diff', 'empty.json', 'n.json', ...args], { files: { 'n.json': mapText([api, system]) } });
    expect(host.out().replace(/\d+ added.*\n$/, '')).toBe(expected);
  });
  test('equal maps', async () => {
    const { code, host } = await run(['diff', 'a.json', 'a.json'], { files });
    expect([code, host.out()]).toEqual([0, '0 added, 0 removed, 0 changed\n']);
  });
  test('JSON and CSV', async () => {
    const { host } = await run(['diff', 'a.json', 'b.json', '--format', 'json'], { files });
    expect(JSON.parse(host.out())).toMatchObject({
      added: [{ server: { name: 'db' } }],
      removed: [{ server: { domain: 'api.example.com' } }],
      changed: [{ added: ['port 7071/TCP'] }],
    });
    expect((await run(['diff', 'a.json', 'b.json', '--format', 'csv'], { files })).host.out().split('\r\n')).toHaveLength(5);
  });
  test('Markdown is safe', async () => {
    const hostile = mapText(HOSTILE_NAMES.map((name) => edge(workload(name), web)));
    const { host } = await run(['diff', 'empty.json', 'h.json', '--format', 'markdown'], { files: { 'h.json': hostile } });
    const rows = host.out().trimEnd().split('\n').slice(4);
    expect(rows).toHaveLength(HOSTILE_NAMES.length);
    expect(rows.every((row) => row.match(/(?<!&#124)\|/g)?.length === 5 && !/[<>`*[\]]/.test(row))).toBe(true);
  });
  test('two windows of one map', async () => {
    const old = { ...seen, firstSeenAt: NOW - 10 * 86_400_000, lastSeenAt: NOW - 9 * 86_400_000 };
    const map = mapText([edge(web, workload('old'), { evidence: { tcp: old } }), edge(web, workload('new'))]);
    const { code, host } = await run(['diff', '--map', 'w.json', '--since', '14d', '--until', '7d', '--since', '7d'], {
      files: { 'w.json': map },
    });
    expect([code, host.out()]).toEqual([
      1,
      '+ web in namespace shop -> new in namespace shop\n- web in namespace shop -> old in namespace shop\n1 added, 1 removed, 0 changed\n',
    ]);
  });
});
