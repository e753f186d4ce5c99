import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KOFFI_ARM64, runOnArm64 } from './machine.ts';
import { POD_UID } from './pod-uid.ts';
import type { ScenarioLine, ScenarioResult } from './scenario.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const BOOT_AND_RUN_MS = 560_000;
let folder = '';
let here: ScenarioResult;
let arm64: ScenarioResult;

beforeAll(async () => {
  execFileSync(`${root}e2e/arm64/fetch`, { stdio: 'inherit' });
  folder = mkdtempSync(`${tmpdir()}/nm-arm64-`);
  await bundle(join(folder, 'test'));
  here = parse(
    execFileSync(
      'unshare',
      ['--net', '--pid', '--fork', '--mount-proc', process.execPath, join(folder, 'test/scenario.js'), join(folder, 'test')],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    ),
  );
  arm64 = parse(await runOnArm64(join(folder, 'test'), BOOT_AND_RUN_MS));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The sniffer as it ships (tools/build.ts), and what tries it, with koffi for both machines. */
async function bundle(outdir: string): Promise<void> {
  const banner = "import{createRequire as nmCreateRequire}from'node:module';const require=nmCreateRequire(import.meta.url);";
  await build({
    absWorkingDir: root,
    entryPoints: {
      'network-mapper': 'packages/sniffer/src/testing/run.ts',
      scenario: 'e2e/arm64/scenario.ts',
      client: 'e2e/arm64/client.ts',
      'dns-server': 'packages/sniffer/src/testing/dns-server.ts',
    },
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    external: ['koffi'],
    banner: { js: banner },
    logLevel: 'warning',
  });
  writeFileSync(join(outdir, 'package.json'), '{"type":"module"}');
  const modules = join(outdir, 'node_modules');
  for (const name of ['koffi/package.json', 'koffi/index.js', 'koffi/src/koffi/index.js', 'koffi/src/koffi/src/static.js']) {
    cpSync(join(root, 'node_modules', name), join(modules, name));
  }
  cpSync(join(root, 'node_modules/@koromix/koffi-linux-x64'), join(modules, '@koromix/koffi-linux-x64'), { recursive: true });
  cpSync(KOFFI_ARM64, join(modules, '@koromix/koffi-linux-arm64'), { recursive: true });
}

function parse(text: string): ScenarioResult {
  const line = text.split('\n').find((one) => one.startsWith('{"arch"'));
  if (line === undefined) throw new Error(`the scenario gave no result:\n${text}`);
  return JSON.parse(line) as ScenarioResult;
}

/** What must be the same on both: all but times, the ports that clients took, and closed connections that a table still showed. */
function essence({ lines }: ScenarioResult): string[] {
  const counts = new Map<string, number>();
  for (const { kind, vantage, count, source, destination } of lines) {
    if (kind === 'socket' && destination['port'] !== 8_081) continue;
    const key = JSON.stringify({ kind, vantage, source: withoutPort(source), destination });
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return [...counts].map(([key, count]) => `${count} ${key}`).toSorted();
}

function withoutPort({ port: _port, ...rest }: ScenarioLine['source']): object {
  return rest;
}

test('it is an arm64 machine', () => {
  expect(arm64).toMatchObject({ arch: 'arm64', kernel: expect.stringContaining('arm64') });
});

test('the same lookups, attempts and open connections are printed as on this machine', () => {
  expect(essence(arm64)).toEqual(essence(here));
  const kinds = new Set(arm64.lines.map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual(['dns', 'socket', 'tcp']);
});

test('what the pod did is attributed to it, each once', () => {
  const lookups = arm64.lines.filter(({ kind }) => kind === 'dns');
  const names = lookups.map(({ destination }) => String(destination['name']));
  expect(names.toSorted((one, other) => one.localeCompare(other))).toEqual([
    'alias-5.test',
    'big.test',
    'of-6.test',
    'over-4.test',
    'over-6.test',
  ]);
  expect(lookups.map(({ count, source }) => [count, source['podUid']])).toEqual(names.map(() => [1, POD_UID]));
});

test('the same is reported to a mapper, with nothing dropped', () => {
  expect(arm64.reported).toEqual(here.reported);
  expect(arm64.metrics).toContain('network_mapper_sniffer_kernel_drops_total 0\n');
  expect(arm64.metrics).not.toMatch(/^network_mapper_sniffer_undecoded_frames_total\{.*\} [1-9]/m);
});

test('capture writes a file', () => {
  expect(arm64.captured).toMatchObject({ magic: '0a0d0d0a', summary: expect.stringContaining('0 dropped by the kernel') });
  expect(arm64.captured.bytes).toBeGreaterThan(1_000);
});
