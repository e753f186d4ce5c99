import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { IMAGE_ARCHITECTURES, IMAGE_CONFIG, writeImageFiles } from './image-files.ts';
import type { ImageArchitecture } from './image-files.ts';
import { foreignParts, ownParts } from './image-parts.ts';

/**
 * Makes the container image without Docker.
 *
 *   node tools/build-image.ts --rootfs FOLDER       only the root file system (what deploy/Dockerfile does)
 *   node tools/build-image.ts --load NAME:TAG       into the nodes of the test cluster (e2e/cluster)
 *
 * Needs `npm run build` first. --node FILE takes another Node.js than the one that runs this; --arch x64 or arm64 takes
 * Node.js and koffi from npm and libraries from Debian where this machine is another one.
 */
const MAX_COMPRESSED_BYTES = 70_000_000;

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const { values } = parseArgs({
  options: {
    rootfs: { type: 'string' },
    load: { type: 'string' },
    node: { type: 'string' },
    arch: { type: 'string', default: process.arch },
  },
});
const arch = toArchitecture(values.arch);
const dist = join(root, 'dist');
if (!existsSync(join(dist, 'metafile.json'))) throw new Error('there are no bundles: npm run build makes them');

const work = mkdtempSync(join(tmpdir(), 'network-mapper-image-'));
try {
  const output = values.rootfs ?? join(work, 'rootfs');
  const parts =
    arch === process.arch ? ownParts(root, arch, values.node ?? process.execPath) : foreignParts(root, arch, join(work, 'parts'));
  writeImageFiles({ dist, root, arch, output, ...parts });
  printSizes(output, work);
  if (values.load !== undefined) {
    execFileSync(join(root, 'e2e', 'cluster', 'image-load'), [values.load, output, JSON.stringify(IMAGE_CONFIG)], { stdio: 'inherit' });
    console.log(`loaded as ${values.load}`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function toArchitecture(text: string): ImageArchitecture {
  if (text in IMAGE_ARCHITECTURES) return text as ImageArchitecture;
  throw new Error(`--arch ${text}: images are for ${Object.keys(IMAGE_ARCHITECTURES).join(' and ')}`);
}

/** Prints the sizes; an image that became too large fails. */
function printSizes(folder: string, scratch: string): void {
  const sizeOf = (part: string): number =>
    readdirSync(join(folder, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  for (const part of readdirSync(folder)) {
    const size = sizeOf(part);
    if (size > 0) console.log(`/${part.padEnd(12)} ${megabytes(size)}`);
  }
  // As a registry stores it: one layer, gzip.
  const archive = join(scratch, 'layer.tar.gz');
  execFileSync('tar', ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '-C', folder, '-czf', archive, '.']);
  const compressed = statSync(archive).size;
  console.log(`${'all'.padEnd(13)} ${megabytes(sizeOf('.'))}`);
  console.log(`${'compressed'.padEnd(13)} ${megabytes(compressed)}`);
  if (compressed > MAX_COMPRESSED_BYTES) throw new Error(`the image may have ${megabytes(MAX_COMPRESSED_BYTES)} compressed`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1).padStart(6)} MB`;
}
