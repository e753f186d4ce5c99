import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds the commit that is checked out twice, in two folders of different names, and compares every file by the
 * checksums that the builds write. Takes some minutes and 3 GB below the temporary folder.
 *
 *   node tools/check-reproducible.ts
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const SUMS = ['dist/SHA256SUMS', 'dist/executable/SHA256SUMS'];
// Others may commit meanwhile: both builds are of this one.
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
const work = mkdtempSync(join(tmpdir(), 'nm-reproducible-'));

function buildIn(name: string): Map<string, string> {
  const folder = join(work, name);
  execFileSync('git', ['clone', '--quiet', '--no-checkout', root, folder], { stdio: 'inherit' });
  execFileSync('git', ['checkout', '--quiet', '--detach', commit], { cwd: folder, stdio: 'inherit' });
  // Copied, not linked: what is built must be the copy, also where packages import each other.
  cpSync(join(root, 'node_modules'), join(folder, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  for (const script of ['tools/build.ts', 'tools/build-executable.ts'])
    execFileSync(process.execPath, [script], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const lines = SUMS.flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => `${file} ${line}`),
  );
  return new Map(lines.map((line) => [line.replace(/ [0-9a-f]{64} /, ''), line]));
}

try {
  const [one, other] = [buildIn('a'), buildIn('another folder')];
  const names = [...new Set([...one.keys(), ...other.keys()])];
  const differing = names.filter((name) => one.get(name) !== other.get(name));
  for (const name of differing) console.error(`differs: ${name}`);
  console.log(`${names.length} files built twice, ${differing.length} differ`);
  process.exitCode = differing.length === 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
