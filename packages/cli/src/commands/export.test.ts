import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseMapDocument } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { run } from '../testing/map-in-a-folder.ts';
import { edge, mapText, workload } from '../testing/test-host.ts';

describe('export', () => {
  test('a file has no final newline, and stderr says where it is', async () => {
    const { host } = await run(['export', '--map', 'map.json', '-o', 'out.yaml']);
    expect(readFileSync(join(host.cwd, 'out.yaml'), 'utf8').endsWith('\n')).toBe(false);
    expect(host.err()).toBe(
      '3 of 8 calls have no place in ClientIntents and are left out: 1 clients outside the cluster, 1 clients that are nodes or unknown addresses, 1 denied accesses.\nSuccessfully wrote intents into out.yaml\n',
    );
    expect(host.out()).toBe('');
  });
  test('a folder has a file for each client', async () => {
    const { host } = await run(['export', '--map', 'map.json', '--output-type', 'dir', '-o', 'a/b']);
    expect(readdirSync(join(host.cwd, 'a/b')).toSorted()).toEqual(['op.ops.yaml', 'web.shop.yaml']);
    expect(statSync(join(host.cwd, 'a/b')).mode & 0o777).toBe(0o700);
  });
  test('hostile names stay in the folder, each in its own file', async () => {
    const names = ['../../etc/passwd', '..', 'a/b', 'a\\b', 'A', 'a', '.hidden', 'x\u0000y'];
    const { host } = await run(['export', '--map', 'h.json', '--output-type', 'dir', '-o', 'd'], {
      files: { 'h.json': mapText(names.map((name) => edge(workload(name), workload('s')))) },
    });
    expect(readdirSync(host.cwd).toSorted()).toEqual(['d', 'empty.json', 'h.json', 'map.json']);
    expect(readdirSync(join(host.cwd, 'd'))).toHaveLength(names.length);
  });
  test('format map is a map file', async () => {
    const { host } = await run(['export', '--map', 'map.json', '--format', 'map', '-o', 'out.json']);
    expect(parseMapDocument(JSON.parse(readFileSync(join(host.cwd, 'out.json'), 'utf8'))).edges).toHaveLength(8);
  });
  test('snapshot keeps what lists hide', async () => {
    const { host } = await run(['snapshot', '--map', 'map.json']);
    expect(parseMapDocument(JSON.parse(host.out())).edges).toHaveLength(10);
  });
});
