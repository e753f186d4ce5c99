import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import type { Plugin } from 'esbuild';
import { inject } from 'postject';
import { ASSETS } from '../packages/cli/src/graph/assets.ts';
import { readBuildInfo } from './build-info.ts';
import { sha256, writeSbom, writeSums } from './build-sums.ts';
import { toKrewManifest, UNRELEASED } from './krew-manifest.ts';

/**
 * One file with Node.js in it (single executable application, https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html)
 * for the commands of a laptop, under dist/executable/; with it the archive and the manifest of the kubectl plugin, the
 * list of what is inside (SBOM) and checksums.
 *
 *   node tools/build-executable.ts [--node FILE --platform NAME] [--homepage URL --release-url URL]
 *
 * A release names its homepage and the folder of its files (`{version}` in it is the version) for the krew manifest.
 *
 * Linux x64 with the running Node.js is what is tested. For another target give that platform's node binary of the
 * same version (untested; macOS wants the file signed anew, Windows the ending .exe).
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    node: { type: 'string', default: process.execPath },
    platform: { type: 'string', default: `${process.platform}-${process.arch}` },
    homepage: { type: 'string', default: UNRELEASED.homepage },
    'release-url': { type: 'string', default: UNRELEASED.releaseUrl },
    out: { type: 'string', default: join(root, 'dist', 'executable') },
  },
});
const out = resolve(values.out);
const info = readBuildInfo(root);
/** Named by Node.js; postject finds the place in the binary by it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const ONE_EDGE = JSON.stringify({
  schema: 'network-mapper/map/v1',
  generatedAt: '2026-01-01T00:00:00Z',
  edges: [{ client: { type: 'workload', namespace: 'shop', name: 'web' }, server: { type: 'workload', namespace: 'shop', name: 'cart' } }],
});

/** The parts that run in a cluster stay out: they need native files, and the image has them. */
const withoutParts: Plugin = {
  name: 'without-parts',
  setup(setup) {
    setup.onResolve({ filter: /\/parts\.ts$/ }, () => ({ path: join(root, 'packages/app/src/parts-none.ts') }));
  },
};

rmSync(out, { recursive: true, force: true });
const work = join(out, 'work');
mkdirSync(work, { recursive: true });

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['packages/app/src/main.ts'],
  outdir: work,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  external: ['koffi', 'pg-native'],
  plugins: [withoutParts],
  logLevel: 'warning',
  write: false,
  define: { NM_BUILD: JSON.stringify(info), NM_ASSETS: '"sea:"' },
});
const chunks = outputFiles.map(({ path, text }) => ({ name: basename(path), text }));
for (const { name, text } of chunks) {
  // The script of an executable is CommonJS; what `import()` loads late, `require` loads late then.
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    supported: { 'dynamic-import': false },
    logOverride: { 'empty-import-meta': 'silent' },
  });
  writeFileSync(join(work, name), code);
}
await build({
  entryPoints: [fileURLToPath(new URL('executable-loader.ts', import.meta.url))],
  outfile: join(work, 'loader.cjs'),
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  minify: true,
});

const blob = join(work, 'sea.blob');
writeFileSync(
  join(work, 'sea.json'),
  JSON.stringify({
    // Relative: the path of the script goes into the executable, and must not tell where it was built.
    main: 'loader.cjs',
    output: 'sea.blob',
    disableExperimentalSEAWarning: true,
    assets: Object.fromEntries([
      ...Object.entries(ASSETS).map(([name, specifier]) => [name, fileURLToPath(import.meta.resolve(specifier))] as const),
      ...chunks.map(({ name }) => [name, name] as const),
    ]),
  }),
);
execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });

const name = `network-mapper-${values.platform}${values.platform.startsWith('win') ? '.exe' : ''}`;
const executable = join(out, name);
copyFileSync(values.node, executable);
chmodSync(executable, 0o755);
await inject(executable, 'NODE_SEA_BLOB', readFileSync(blob), {
  sentinelFuse: FUSE,
  ...(values.platform.startsWith('darwin') && { machoSegmentName: 'NODE_SEA' }),
});

const archive = join(out, `kubectl-network_mapper-${values.platform}.tar.gz`);
const staging = join(work, 'plugin');
mkdirSync(staging);
cpSync(executable, join(staging, 'kubectl-network_mapper'));
copyFileSync(join(root, 'LICENSE'), join(staging, 'LICENSE'));
const tar = execFileSync(
  'tar',
  [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=a+rX,u+w',
    `--mtime=${info.date ?? '@0'}`,
    '-cf',
    '-',
    'LICENSE',
    'kubectl-network_mapper',
  ],
  { cwd: staging, maxBuffer: 512 * 1024 * 1024 },
);
writeFileSync(archive, gzipSync(tar, { level: 9 }));
rmSync(work, { recursive: true });

const { homepage, 'release-url': releaseUrl } = values;
writeFileSync(
  join(out, 'network-mapper.yaml'),
  toKrewManifest(readFileSync(join(root, 'deploy', 'krew', 'network-mapper.yaml'), 'utf8'), {
    version: info.version,
    homepage,
    releaseUrl,
    sha256: sha256(archive),
  }),
);
writeSbom(root, info, join(out, 'sbom.cdx.json'));
writeSums(out);
if (values.platform === `${process.platform}-${process.arch}`) tryOut(executable);
for (const file of readdirSync(out)) console.log(`${file.padEnd(48)}${(statSync(join(out, file)).size / 1e6).toFixed(1).padStart(8)} MB`);

/** What was built must run, or the build fails. */
function tryOut(file: string): void {
  const run = (...args: string[]): string => execFileSync(file, args, { encoding: 'utf8', input: ONE_EDGE, env: {} });
  const expected: readonly (readonly [args: string[], answer: string])[] = [
    [['version'], `network-mapper ${info.version} (`],
    [['--help'], 'Usage: network-mapper'],
    [['list', '--map', '-'], 'web in namespace shop calls:\n  - cart\n'],
    [['visualize', '--map', '-', '--format', 'svg'], '<svg'],
  ];
  for (const [args, answer] of expected) {
    const said = run(...args);
    if (!said.includes(answer)) throw new Error(`${file} ${args.join(' ')} answered ${JSON.stringify(said.slice(0, 200))}`);
  }
}
