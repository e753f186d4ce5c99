import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { BuildInfo } from './build-info.ts';

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** SHA256SUMS of a folder, to be checked with `sha256sum -c`; packages that were copied into it are left to their own. */
export function writeSums(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => file !== 'SHA256SUMS')
    .toSorted();
  writeFileSync(join(folder, 'SHA256SUMS'), files.map((file) => `${sha256(join(folder, file))}  ${file}\n`).join(''));
}

/** CycloneDX of what the lock file names, without what npm makes up anew each time (number, time). */
export function writeSbom(root: string, info: BuildInfo, file: string): void {
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--omit', 'dev'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const sbom = JSON.parse(text) as Record<string, unknown> & {
    metadata?: Record<string, unknown> & { component?: Record<string, unknown> };
  };
  delete sbom['serialNumber'];
  if (sbom.metadata !== undefined) {
    delete sbom.metadata['timestamp'];
    // npm calls it by the folder in which it was built.
    const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly name: string };
    if (sbom.metadata.component !== undefined) sbom.metadata.component['name'] = name;
    if (info.date !== undefined) sbom.metadata['timestamp'] = info.date;
  }
  writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`);
}
