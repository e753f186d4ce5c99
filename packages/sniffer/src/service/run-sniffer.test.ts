import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCapture, runSniffer } from './run-sniffer.ts';

let cwd: string;
let said: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'nm-run-sniffer-'));
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(cwd, { recursive: true });
});

test.each([
  ['sniffer: an unknown flag', runSniffer, ['--nope'], 2, 'unknown flag --nope'],
  ['sniffer: a file that is not there', runSniffer, ['--config', 'none.yaml'], 2, 'none.yaml'],
  ['sniffer: no address of a mapper', runSniffer, ['--mapper-url', 'mapper:9090'], 2, 'flag --mapper-url: "mapper:9090" is not an address'],
  ['sniffer: a folder that is no procfs', runSniffer, ['--print', '--host-proc', '/none'], 2, 'the folder /none of --host-proc'],
  ['capture: an unknown flag', runCapture, ['--nope'], 2, 'unknown flag --nope'],
  ['capture: a file that cannot be written', runCapture, ['-o', 'none/x.pcapng'], 4, 'none/x.pcapng'],
])('%s ends with its exit code and one line', async (_, run, argv, code, line) => {
  expect(await run({ argv, env: {}, cwd, signal: AbortSignal.timeout(10_000) })).toBe(code);
  expect(said).toContain(line);
  expect(said.trim().split('\n')).toHaveLength(1);
});
