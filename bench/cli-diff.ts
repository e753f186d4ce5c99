import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toMapDocument } from '@nm/core';
import type { Edge, EvidenceMap } from '@nm/core';
import { printFigures } from './figures.ts';
import { makeEdges } from './map-fixture.ts';
import { measureProcess } from './support/measure-process.ts';

/**
 * `diff` of two map files of 100,000 edges, start to exit of the bundle, in milliseconds: a hundredth of the edges
 * changed and the rest seen again, a day later and more often; the same with the rest untouched; and every edge changed.
 */
const EDGES = 100_000;
const REPEATS = 5;
const MS_PER_DAY = 86_400_000;
const bundle = join(import.meta.dirname, '..', 'dist', 'network-mapper.mjs');
if (!existsSync(bundle)) throw new Error('no bundle: run "npm run build" first');

function seenLater(edge: Edge): Edge {
  const later = (evidence: EvidenceMap): EvidenceMap =>
    Object.fromEntries(
      Object.entries(evidence).map(([kind, one]) => [kind, { ...one, count: one.count * 7, lastSeenAt: one.lastSeenAt + MS_PER_DAY }]),
    );
  return { ...edge, evidence: later(edge.evidence), ports: edge.ports.map((port) => ({ ...port, evidence: later(port.evidence) })) };
}

const folder = mkdtempSync(join(tmpdir(), 'nm-bench-'));
try {
  const changed = makeEdges(EDGES, { changeEvery: 100 }).slice(10);
  const maps = {
    before: makeEdges(EDGES),
    'seen again': changed.map(seenLater),
    untouched: changed,
    'all changed': makeEdges(EDGES, { changeEvery: 1 }),
  };
  const fileOf = (name: string): string => join(folder, `${name}.json`);
  for (const [name, edges] of Object.entries(maps))
    writeFileSync(fileOf(name), JSON.stringify(toMapDocument(edges, { generatedAt: Date.UTC(2026, 0, 31) })));
  const figures: Record<string, number[]> = {};
  const answers: Record<string, string> = {};
  for (let run = 0; run < REPEATS; run += 1) {
    for (const name of ['seen again', 'untouched', 'all changed']) {
      const { wallMs, cpuMs, exitCode, stdout } = measureProcess(process.execPath, [bundle, 'diff', fileOf('before'), fileOf(name)]);
      (figures[`${name}, ms`] ??= []).push(wallMs);
      (figures[`${name}, CPU ms`] ??= []).push(cpuMs);
      if (exitCode !== 1) throw new Error(`diff ended with ${exitCode}`);
      answers[name] = stdout.trim().split('\n').at(-1) ?? '';
    }
  }
  printFigures('cli-diff', figures, { edges: EDGES, ...answers, node: process.versions.node });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
