import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PARTS } from './parts.ts';

let cwd: string;
let out: string;
let err: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'nm-parts-'));
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(cwd, { recursive: true });
});

async function run(name: string, ...argv: string[]): Promise<number> {
  return runUntil(new AbortController().signal, name, ...argv);
}

async function runUntil(signal: AbortSignal, name: string, ...argv: string[]): Promise<number> {
  const part = PARTS.find((one) => one.name === name);
  if (part === undefined) throw new Error(`there is no part ${name}`);
  return (await part.load())({ argv, env: {}, cwd, signal });
}

test.each(PARTS.map(({ name }) => [name]))('%s --help', async (name) => {
  const code = await run(name, '--help');
  expect([code, err]).toEqual([0, '']);
  expect(out.startsWith(`Usage: network-mapper ${name}`)).toBe(true);
});

test.each([['mapper'], ['sniffer'], ['kafka-watcher'], ['istio-watcher'], ['aws-visibility']])('%s config show', async (name) => {
  expect(await run(name, 'config', 'show', '--log-level', 'error')).toBe(0);
  expect(out).toMatch(/^logLevel +error +flag --log-level$/m);
});

test('a demo that is broken off ends without a word of it', async () => {
  const listen = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];
  expect(await runUntil(AbortSignal.abort(), 'demo', '--sample', ...listen)).toBe(130);
  expect(err).toBe('network-mapper: the sample capture of a small lab\n');
});

test('the demo tells whose place it would take', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const code = await run('demo', '--sample', '--listen', `127.0.0.1:${port}`, '--metrics-listen', '127.0.0.1:0');
  server.close();
  expect([code, out, err]).toEqual([
    3,
    '',
    `network-mapper demo: cannot listen on 127.0.0.1:${port}: something else listens there; choose another address: npm start -- --listen HOST:PORT\n`,
  ]);
});

test.each([
  ['an unknown option', ['mapper', '--bogus'], 2, 'network-mapper mapper: unknown flag --bogus'],
  [
    'a store that is none',
    ['mapper', '--auth', 'none', '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--log-level', 'error', '--store', 'map.db'],
    2,
    'network-mapper mapper: --store must be sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/DATABASE',
  ],
  ['a word after mapper', ['mapper', 'serve'], 2, 'network-mapper mapper: unknown argument "serve"'],
  ['half of config show', ['mapper', 'config'], 2, 'network-mapper mapper: "config" alone says nothing: "config show" prints the options'],
  ['a word after sniffer', ['sniffer', 'serve'], 2, 'network-mapper: unknown argument "serve"'],
  [
    'no word after telemetry',
    ['telemetry'],
    2,
    'network-mapper telemetry: telemetry has one use: network-mapper telemetry show [--metrics-listen HOST:PORT]',
  ],
  [
    'a backup without a name',
    ['backup'],
    2,
    'network-mapper backup: name one file to write: network-mapper backup [--store sqlite:PATH] FILE',
  ],
  [
    'a backup of nothing',
    ['backup', '--store', 'sqlite:none.db', 'copy.db'],
    4,
    'network-mapper backup: there is no database none.db: say with --store which one the mapper uses',
  ],
  [
    'telemetry of no mapper',
    ['telemetry', 'show', '--metrics-listen', '127.0.0.1:1'],
    5,
    "network-mapper telemetry: no mapper answers at http://127.0.0.1:1/telemetry: run this in the mapper's pod, or add --metrics-listen",
  ],
  [
    'a capture into no folder',
    ['capture', '-o', 'none/c.pcapng', '--duration', '1s'],
    4,
    'network-mapper: cannot write ./none/c.pcapng: there is no such folder; give another file with --output',
  ],
  [
    'a configuration that is not there',
    ['sniffer', '--config', 'none.yaml'],
    2,
    'network-mapper: cannot read the configuration file none.yaml: there is no such file',
  ],
])('wrong use: %s', async (_, [name = '', ...argv], code, message) => {
  expect(await run(name, ...argv)).toBe(code);
  expect([out, err.replace(cwd, '.')]).toEqual(['', `${message}\n`]);
});
