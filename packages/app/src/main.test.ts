import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMAND_NAMES, nearestCommand } from './commands.ts';
import { PARTS } from './parts.ts';

const main = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'nm-app-'));
const workload = (name: string): object => ({ type: 'workload', namespace: 'shop', name });
writeFileSync(
  join(folder, 'map.json'),
  JSON.stringify({
    schema: 'network-mapper/map/v1',
    generatedAt: '2026-01-31T12:00:00Z',
    edges: [{ client: workload('web'), server: workload('cart') }],
  }),
);

function run(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): { code: number | null; out: string; err: string } {
  const { INIT_CWD: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: options.cwd ?? folder,
    env: { ...env, ...options.env },
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

const LIST = 'web in namespace shop calls:\n  - cart\n';

describe('the process', () => {
  test('reads a file of the current folder', () => expect(run(['list', '--map', 'map.json'])).toEqual({ code: 0, out: LIST, err: '' }));
  test('reads a file as seen from where npm was called', () => {
    expect(run(['list', '--map', 'map.json'], { cwd: tmpdir(), env: { INIT_CWD: folder } })).toEqual({ code: 0, out: LIST, err: '' });
  });
  test.each([
    ['nearly right', ['lst'], 'network-mapper: unknown command "lst", did you mean list?\n'],
    ['swapped letters', ['mpa'], 'network-mapper: unknown command "mpa", did you mean map?\n'],
    ['nothing like it', ['frobnicate'], 'network-mapper: unknown command "frobnicate": --help lists them all\n'],
    ['control characters', ['\u001b[31m'], 'network-mapper: unknown command "\\u001b[31m": --help lists them all\n'],
  ])('unknown command: %s', (_name, args, err) => expect(run(args)).toEqual({ code: 2, out: '', err }));
  test('help lists the parts too', () => {
    const { code, out } = run(['--help']);
    expect(code).toBe(0);
    for (const name of COMMAND_NAMES) expect(out).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  });
  test.each([['--version'], ['version']])('%s', (word) => expect(run([word]).out).toMatch(/^network-mapper \d+\.\d+\.\d+.*\(.*Node \d+/));
  test('a reader that goes away is quiet', () => {
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', `"${process.execPath}" "${main}" list --help | head -1; echo "\${PIPESTATUS[0]}"`],
      { encoding: 'utf8', cwd: folder },
    );
    expect([stdout.trim().split('\n').at(-1), stderr]).toEqual(['0', '']);
  });
});

test('names of commands are distinct', () => expect(new Set(COMMAND_NAMES).size).toBe(COMMAND_NAMES.length));

test.each([
  ['exprot', 'export'],
  ['LIST', 'list'],
  ['sniffr', 'sniffer'],
  ['x', undefined],
  ['', undefined],
])('nearest to %j', (typed, expected) => expect(nearestCommand(typed)).toBe(expected));

test('every part has its line', () => expect(PARTS.every(({ summary }) => summary.length > 0 && summary.length < 80)).toBe(true));
