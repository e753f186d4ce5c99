import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { runCli } from './cli.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { edges, run, web } from './testing/map-in-a-folder.ts';
import { createTestHost, edge, mapText, workload } from './testing/test-host.ts';

describe('wrong input: one line and the exit code', () => {
  test.each([
    ['no such file', ['list', '--map', 'nope.json'], 3, 'network-mapper: nope.json: no such file\n'],
    ['a folder', ['list', '--map', '.'], 3, 'network-mapper: .: is a folder, not a file\n'],
    ['not JSON', ['list', '--map', 'bad.json'], 3, expect.stringMatching(/^network-mapper: bad\.json: not JSON: .+\n$/)],
    ['broken gzip', ['list', '--map', 'cut.json.gz'], 3, 'network-mapper: cut.json.gz: is not whole gzip data (unexpected end of file)\n'],
    ['empty file', ['list', '--map', 'nothing.json'], 3, 'network-mapper: nothing.json: the file is empty\n'],
    [
      'not a map',
      ['list', '--map', 'list.json'],
      3,
      'network-mapper: list.json: expected a map file (an object with "schema": "network-mapper/map/v1"), got a list\n',
    ],
    [
      'bad field',
      ['list', '--map', 'field.json'],
      3,
      'network-mapper: field.json: edges[0].client.type: expected one of workload, service, internet, apiServer, node, aws, gcp, azure, unknown, got "x"\n',
    ],
    ['wrong flag', ['list', '--nope'], 2, "network-mapper: unknown option '--nope'\n"],
    [
      'cannot be written',
      ['list', '--map', 'map.json', '-o', 'no/such/folder.txt'],
      4,
      'network-mapper: no/such/folder.txt: cannot be written: there is no such folder\n',
    ],
    ['no mapper in this build', ['list'], 5, 'network-mapper: no mapper can be reached from this build: name a map file with --map FILE\n'],
    [
      'needs a mapper',
      ['watch', '--map', 'map.json'],
      2,
      'network-mapper: watch needs a running mapper, not a map file: leave --map out\n',
    ],
  ])('%s', async (_name, args, exit, message) => {
    const files = {
      'bad.json': '{"a":',
      'nothing.json': ' \n',
      'list.json': '[]',
      'cut.json.gz': gzipSync(mapText(edges)).subarray(0, -20),
      'field.json': JSON.stringify({
        schema: 'network-mapper/map/v1',
        generatedAt: '2026-01-31T12:00:00Z',
        edges: [{ client: { type: 'x' }, server: {} }],
      }),
    };
    const { code, host } = await run(args, { files });
    expect(code).toBe(exit);
    expect(host.out()).toBe('');
    expect(host.err()).toEqual(message);
  });

  test('a packed map is unpacked', async () => {
    const plain = await run(['list', '--map', 'map.json']);
    const packed = await run(['list', '--map', 'map.json.gz'], { files: { 'map.json.gz': gzipSync(mapText(edges)) } });
    expect([packed.code, packed.host.out()]).toEqual([0, plain.host.out()]);
  });

  test('a byte order mark is no mistake', async () => {
    expect(
      (await run(['list', '--map', 'bom.json'], { files: { 'bom.json': `\ufeff${mapText([edge(web, workload('é'))])}` } })).host.out(),
    ).toBe('web in namespace shop calls:\n  - é\n');
  });
  test('a reader that goes away is no mistake', async () => {
    const host = createTestHost({ files: { 'map.json': mapText(edges) } });
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) });
    stdout.on('error', () => undefined);
    expect(await runCli(['list', '--map', 'map.json'], { ...host, stdout })).toBe(0);
    expect(host.err()).toBe('');
  });
  test('an unexpected error prints its stack', async () => {
    const { code, host } = await run(['map', '--pcap', 'x'], { buildMap: () => Promise.reject(new Error('bug')) });
    expect(code).toBe(70);
    expect(host.err()).toMatch(/^network-mapper: Error: bug\n {4}at /);
  });
  test('interrupted', async () => {
    const stop = new AbortController();
    const { code } = await run(['map', '--pcap', 'x'], {
      signal: stop.signal,
      buildMap: () => {
        stop.abort();
        return Promise.reject(new Error('aborted'));
      },
    });
    expect(code).toBe(130);
  });
});

test('exit codes stand in the documentation', () => {
  const docs = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  const table = EXIT_CODES.map(({ code, name, meaning }) => `| ${code} | ${name} | ${meaning} |`).join('\n');
  expect(docs).toContain(table);
});
