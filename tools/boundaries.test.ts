import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withDiagram } from './architecture-diagram.ts';
import { ALLOWED, forbiddenImports } from './boundaries.ts';

const ROOT = join(import.meta.dirname, '..');

test('every package has a line in the table', () => {
  const packages = readdirSync(join(ROOT, 'packages'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(packages.map((entry) => entry.name).filter((name) => !(name in ALLOWED))).toEqual([]);
});

test.each(readdirSync(join(ROOT, 'packages')))('%s imports only what it may, and all of it', (name) => {
  const { files, bad, unused } = forbiddenImports(ROOT, name);
  expect(files, 'the check looked at no files').toBeGreaterThan(0);
  expect(bad).toEqual([]);
  expect(unused, 'allowed in the table, and taken by no source').toEqual([]);
});

test.each([
  ['core', `import { readFileSync } from 'node:fs';`],
  ['core', `import { x } from '@nm/wire';`],
  ['wire', `export { x } from '@nm/core';`],
  ['mapper', `const x = await import('@nm/sniffer');`],
  ['cli', `import { x } from '@nm/sniffer';`],
  ['web', `import 'fs';`],
  ['kube', `import { x } from '../../../packages/mapper/src/index.ts';`],
])('a planted violation in %s is found: %s', (name, line) => {
  const root = mkdtempSync(join(tmpdir(), 'boundaries-'));
  try {
    mkdirSync(join(root, `packages/${name}/src`), { recursive: true });
    writeFileSync(join(root, `packages/${name}/src/planted.ts`), `${line}\n`);
    expect(forbiddenImports(root, name).bad).toHaveLength(1);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('the diagram in docs/architecture.md is the table (npm run docs makes it anew)', () => {
  const document = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  expect(document).toContain('flowchart LR');
  expect(document).toBe(withDiagram(document));
});
