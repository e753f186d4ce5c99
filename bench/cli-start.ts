import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toMapDocument } from '@nm/core';
import { printFigures } from './figures.ts';
import { makeEdges } from './map-fixture.ts';

/** Start to exit of the bundle (npm run build), in milliseconds; `node -e 0` is what Node itself takes. */
const REPEATS = 15;
const bundle = join(import.meta.dirname, '..', 'dist', 'network-mapper.mjs');
if (!existsSync(bundle)) throw new Error('no bundle: run "npm run build" first');

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
try {
  const map = join(folder, 'map.json');
  writeFileSync(map, JSON.stringify(toMapDocument(makeEdges(1000), { generatedAt: Date.UTC(2026, 0, 31) })));
  const commands: Readonly<Record<string, readonly string[]>> = {
    'node alone, ms': ['-e', '0'],
    '--help, ms': [bundle, '--help'],
    'list --map, 1,000 edges, ms': [bundle, 'list', '--map', map],
    'list --map --format table, ms': [bundle, 'list', '--map', map, '--format', 'table'],
    'export --map, 1,000 edges, ms': [bundle, 'export', '--map', map],
  };
  const figures: Record<string, number[]> = {};
  for (let run = 0; run < REPEATS; run += 1) {
    for (const [what, args] of Object.entries(commands)) {
      const startedAt = performance.now();
      execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 });
      (figures[what] ??= []).push(performance.now() - startedAt);
    }
  }
  printFigures('cli-start', figures, { node: process.versions.node });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
