import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toMapDocument } from '@nm/core';
import { printFigures } from './figures.ts';
import { makeEdges } from './map-fixture.ts';
import { measureProcess } from './support/measure-process.ts';

/**
 * Start to exit of the bundle (npm run build) and, where it was built (npm run build:executable), of the executable, in
 * milliseconds; `node -e 0` is what Node itself takes.
 */
const REPEATS = 15;
const bundle = join(import.meta.dirname, '..', 'dist', 'network-mapper.mjs');
if (!existsSync(bundle)) throw new Error('no bundle: run "npm run build" first');

const executable = join(import.meta.dirname, '..', 'dist', 'executable', `network-mapper-${process.platform}-${process.arch}`);

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
try {
  const map = join(folder, 'map.json');
  writeFileSync(map, JSON.stringify(toMapDocument(makeEdges(1000), { generatedAt: Date.UTC(2026, 0, 31) })));
  const commands: Readonly<Record<string, readonly [file: string, ...args: string[]]>> = {
    'node alone': [process.execPath, '-e', '0'],
    '--help': [process.execPath, bundle, '--help'],
    'list --map, 1,000 edges': [process.execPath, bundle, 'list', '--map', map],
    'list --map --format table': [process.execPath, bundle, 'list', '--map', map, '--format', 'table'],
    'export --map, 1,000 edges': [process.execPath, bundle, 'export', '--map', map],
    ...(existsSync(executable) && {
      '--help, executable': [executable, '--help'],
      'list --map, 1,000 edges, executable': [executable, 'list', '--map', map],
    }),
  };
  const figures: Record<string, number[]> = {};
  for (let run = 0; run < REPEATS; run += 1) {
    for (const [what, [file, ...args]] of Object.entries(commands)) {
      const { wallMs, cpuMs, exitCode } = measureProcess(file, args);
      if (exitCode !== 0) throw new Error(`${what} ended with ${exitCode}`);
      (figures[`${what}, ms`] ??= []).push(wallMs);
      (figures[`${what}, CPU ms`] ??= []).push(cpuMs);
    }
  }
  printFigures('cli-start', figures, { node: process.versions.node });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
