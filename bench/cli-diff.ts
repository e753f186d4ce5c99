import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toMapDocument } from '@nm/core';
import { printFigures } from './figures.ts';
import { makeEdges } from './map-fixture.ts';

/** `diff` of two map files of 100,000 edges, a hundredth of them changed: start to exit of the bundle, in milliseconds. */
const EDGES = 100_000;
const REPEATS = 5;
const bundle = join(import.meta.dirname, '..', 'dist', 'network-mapper.mjs');
if (!existsSync(bundle)) throw new Error('no bundle: run "npm run build" first');

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
try {
  const files = [join(folder, 'before.json'), join(folder, 'after.json')];
  const maps = [makeEdges(EDGES), makeEdges(EDGES, { changeEvery: 100 }).slice(10)];
  for (const [index, file] of files.entries())
    writeFileSync(file, JSON.stringify(toMapDocument(maps[index] ?? [], { generatedAt: Date.UTC(2026, 0, 31) })));
  const times: number[] = [];
  let answer = '';
  for (let run = 0; run < REPEATS; run += 1) {
    const startedAt = performance.now();
    const { stdout, status } = spawnSync(process.execPath, [bundle, 'diff', ...files], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    times.push(performance.now() - startedAt);
    if (status !== 1) throw new Error(`diff ended with ${status}`);
    answer = stdout.trim().split('\n').at(-1) ?? '';
  }
  printFigures('cli-diff', { 'diff of two maps, ms': times }, { edges: EDGES, answer, node: process.versions.node });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
