import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { koffiPackage } from './image-files.ts';
import type { ImageArchitecture, ImageFilesOptions } from './image-files.ts';

/** What of an image depends on its architecture. */
type ImageParts = Pick<ImageFilesOptions, 'node' | 'nodeVersion' | 'sysroot' | 'koffi'>;

/** Debian's names, and its packages of the libraries that Node.js is linked to. */
const DEBIAN_ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const;
const DEBIAN_PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];

/** This machine's own, for its own architecture. */
export function ownParts(root: string, arch: ImageArchitecture, node: string): ImageParts {
  return {
    node: realpathSync(node),
    nodeVersion: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, ''),
    sysroot: '/',
    koffi: join(root, koffiPackage(arch)),
  };
}

/**
 * For an architecture that is not this machine's: Node.js and koffi from npm in the versions of package.json, libraries
 * from Debian as apt's sources name it, all unpacked into `folder` and verified by npm and apt. Nothing of it is run.
 */
export function foreignParts(root: string, arch: ImageArchitecture, folder: string): ImageParts {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    optionalDependencies: { node: string };
    dependencies: { koffi: string };
  };
  const nodeVersion = manifest.optionalDependencies.node;
  return {
    node: join(unpackFromNpm(folder, `node-linux-${arch}@${nodeVersion}`), 'bin', 'node'),
    nodeVersion,
    sysroot: unpackFromDebian(folder, arch),
    koffi: unpackFromNpm(folder, `@koromix/koffi-linux-${arch}@${manifest.dependencies.koffi}`),
  };
}

function unpackFromNpm(folder: string, specifier: string): string {
  const output = join(folder, specifier.replaceAll(/[^a-z0-9.]+/g, '-'));
  mkdirSync(output, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', output, specifier], { stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = readdirSync(output).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm pack ${specifier} wrote no file`);
  execFileSync('tar', ['-C', output, '-xzf', join(output, archive)]);
  return join(output, 'package');
}

/** With lists of its own, so that the machine's apt knows no further architecture afterwards. */
function unpackFromDebian(folder: string, arch: ImageArchitecture): string {
  const apt = resolve(folder, 'apt');
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'debs']) mkdirSync(join(apt, part), { recursive: true });
  const own = [
    `APT::Architecture=${DEBIAN_ARCHITECTURES[arch]}`,
    `APT::Architectures=${DEBIAN_ARCHITECTURES[arch]}`,
    `Dir::State=${join(apt, 'state')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    // Nothing is installed, and downloads belong to whoever runs this.
    'Dir::State::status=/dev/null',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const run = (args: readonly string[]): void => {
    execFileSync('apt-get', ['-q', ...own, ...args], { cwd: join(apt, 'debs'), stdio: ['ignore', 'ignore', 'inherit'] });
  };
  run(['update']);
  run(['download', ...DEBIAN_PACKAGES]);
  const sysroot = join(apt, 'sysroot');
  for (const file of readdirSync(join(apt, 'debs'))) execFileSync('dpkg-deb', ['--extract', join(apt, 'debs', file), sysroot]);
  if (!existsSync(sysroot)) throw new Error('apt-get download wrote no packages');
  return sysroot;
}
