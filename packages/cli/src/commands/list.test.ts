import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseMapDocument, toEdges } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { run } from '../testing/map-in-a-folder.ts';
import { edge, HOSTILE_NAMES, mapText, workload } from '../testing/test-host.ts';

describe('list', () => {
  test('text', async () => {
    const { code, host } = await run(['list', '--map', 'map.json']);
    expect(code).toBe(0);
    expect(host.err()).toBe('');
    expect(host.out()).toBe(`op in namespace ops calls:
  - kafka in namespace kafka
    - Kafka group: g, operations: [describe]
    - Kafka topic: t, denied operations: [consume]
  - kubernetes in namespace default
web in namespace shop calls:
  - api.example.com
  - arn:aws:s3:::bucket
    - actions: [s3:GetObject]
  - cart
  - internet (9 addresses: 203.0.113.7, 203.0.113.8, …)
internet calls:
  - web in namespace shop
node n1 calls:
  - web in namespace shop
`);
  });

  test.each([
    [
      'evidence and ports',
      ['--evidence', '--ports', '--workload', 'cart'],
      'web in namespace shop calls:\n  - cart\n    - ports: 7070/TCP (cart-svc.shop:80)\n    - seen: dns 2, tcp 2; 2026-01-31T10:00:00.000Z to 2026-01-31T11:00:00.000Z\n',
    ],
    [
      'looked up only',
      ['--evidence', '--workload', 'api.example.com'],
      'web in namespace shop calls:\n  - api.example.com\n    - seen: dns 2; 2026-01-31T10:00:00.000Z to 2026-01-31T11:00:00.000Z; looked up, never seen connecting\n',
    ],
    ['as Kubernetes Service', ['--as-kubernetes-service', '--workload', 'cart'], 'web in namespace shop calls:\n  - cart-svc\n'],
    ['distinct by label', ['--distinct-by-label', 'app', '--workload', 'cart'], 'web with app=web calls:\n  - cart\n'],
    ['label that nobody has', ['--distinct-by-label', 'x', '--workload', 'cart'], 'web with x=no_value calls:\n  - cart\n'],
    [
      'system traffic',
      ['--include-system', '--workload', 'cart'],
      'web in namespace shop calls:\n  - cart\nnode n1 calls:\n  - cart in namespace shop\n',
    ],
    ['namespaces', ['-n', 'ops', '--to-namespace', 'default'], 'op in namespace ops calls:\n  - kubernetes in namespace default\n'],
    [
      'evidence as a filter',
      ['--evidence', 'aws'],
      'web in namespace shop calls:\n  - arn:aws:s3:::bucket\n    - actions: [s3:GetObject]\n    - seen: aws 2; 2026-01-31T10:00:00.000Z to 2026-01-31T11:00:00.000Z\n',
    ],
    [
      'exclude a domain',
      ['-n', 'shop', '--exclude-services', 'api.example.com,internet,arn:aws:s3:::bucket,203.0.113.7'],
      'web in namespace shop calls:\n  - cart\n',
    ],
  ])('%s', async (_name, args, expected) => expect((await run(['list', '--map', 'map.json', ...args])).host.out()).toBe(expected));

  test('JSON is a map file', async () => {
    const { host } = await run(['list', '--map', 'map.json', '--format', 'json', '-n', 'shop']);
    expect(toEdges(parseMapDocument(JSON.parse(host.out())))).toHaveLength(4);
    const again = await run(['list', '--map', '-', '--workload', 'cart'], { stdin: host.out() });
    expect(again.host.out()).toBe('web in namespace shop calls:\n  - cart\n');
  });

  test('CSV', async () => {
    const { host } = await run(['list', '--map', 'map.json', '--format', 'csv', '--workload', 'cart']);
    expect(host.out()).toBe(
      'client_type,client_namespace,client_name,client_kind,server_type,server_namespace,server_name,server_kind,class,shared,ports,services,evidence,count,first_seen,last_seen,kafka,http,actions\r\n' +
        'workload,shop,web,Deployment,workload,shop,cart,Deployment,app,false,7070/TCP (cart-svc.shop:80),cart-svc.shop,dns:2; tcp:2,4,2026-01-31T10:00:00.000Z,2026-01-31T11:00:00.000Z,,,\r\n',
    );
  });

  test('table fits the terminal and has no colours without one', async () => {
    const { host } = await run(['list', '--map', 'map.json', '--format', 'table'], { isTTY: true, columns: 70 });
    const lines = host.out().split('\n');
    expect(lines[0]).toContain('\u001b[1mCLIENT');
    expect(Math.max(...lines.slice(1).map((line) => line.length))).toBeLessThanOrEqual(70);
    expect((await run(['list', '--map', 'map.json', '--format', 'table'])).host.out()).not.toContain('\u001b');
  });

  test('hostile names reach no terminal', async () => {
    const hostile = HOSTILE_NAMES.map((name) => edge(workload(name, name), workload(name)));
    for (const format of ['text', 'table', 'csv']) {
      const { host } = await run(['list', '--map', 'h.json', '--format', format], { files: { 'h.json': mapText(hostile) } });
      expect(host.out()).not.toMatch(/(?![\r\n])[\p{Cc}\u2028\u202e]/u);
    }
  });
});

describe('nothing to show', () => {
  test.each([
    ['an empty map', ['list', '--map', 'empty.json'], 'empty.json holds no edges; was traffic captured while the workloads were talking?'],
    [
      'a namespace without calls',
      ['list', '--map', 'map.json', '-n', 'none'],
      'map.json holds 10 edges, last seen 2026-01-31T11:00:00.000Z; there would be 8 without --namespaces.',
    ],
    [
      'too short a time',
      ['list', '--map', 'map.json', '--since', '10m'],
      'map.json holds 10 edges, last seen 2026-01-31T11:00:00.000Z; there would be 8 without --since and --until.',
    ],
    [
      'only system traffic',
      ['list', '--map', 'map.json', '--exclude-services', 'web,op'],
      '1 of the 10 edges of map.json are system traffic or have an unknown end: --include-system and --include-unknown show them.',
    ],
  ])('%s', async (_name, args, reason) => {
    const { code, host } = await run(args);
    expect(code).toBe(0);
    expect(host.out()).toBe('');
    expect(host.err()).toBe(`No connections found.\n${reason}\n`);
  });
  test('exports keep their form: an empty line, an empty list', async () => {
    expect((await run(['export', '--map', 'empty.json'])).host.out()).toBe('\n');
    expect((await run(['export', '--map', 'empty.json', '--format', 'json'])).host.out()).toBe('[]\n');
  });
  test('no picture', async () => {
    const { code, host } = await run(['visualize', '--map', 'empty.json', '-o', 'a.png']);
    expect([code, existsSync(join(host.cwd, 'a.png'))]).toEqual([0, false]);
  });
});
