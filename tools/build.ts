import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { build as buildPage } from 'vite';
import { ASSETS } from '../packages/cli/src/graph/assets.ts';
import { readBuildInfo } from './build-info.ts';
import { writeSbom, writeSums } from './build-sums.ts';

/**
 * Everything that runs, under dist/: `network-mapper.mjs` and the chunks that it loads when they are needed, the web UI
 * (web/) and koffi with its native file (node_modules/), which live capture needs. Nothing else is installed where it
 * runs. Equal sources give equal files: nothing of the machine or of the time of building goes in, the date is the
 * commit's.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const info = readBuildInfo(root);

/** Native or optional: what a bundle must not hold. */
const EXTERNAL = ['koffi', 'pg-native'];

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, 'assets'), { recursive: true });

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { 'network-mapper': 'packages/app/src/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: '[name]-[hash]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  // The reading commands run on Node 22 too; parts that need 24 check for it themselves.
  target: 'node22',
  splitting: true,
  minify: true,
  legalComments: 'external',
  external: EXTERNAL,
  metafile: true,
  logLevel: 'warning',
  // Packages that are still CommonJS call `require` for Node's own modules.
  banner: { js: "import{createRequire as nmCreateRequire}from'node:module';const require=nmCreateRequire(import.meta.url);" },
  define: { NM_BUILD: JSON.stringify(info), NM_ASSETS: '"./assets/"' },
});

for (const [name, specifier] of Object.entries(ASSETS)) {
  copyFileSync(fileURLToPath(import.meta.resolve(specifier)), join(dist, 'assets', name));
}
copyFileSync(
  join(dirname(fileURLToPath(import.meta.resolve(ASSETS['DejaVuSans.ttf']))), '..', 'LICENSE'),
  join(dist, 'assets', 'DejaVu-LICENSE.txt'),
);
refuseLateCommonJs(metafile);
writeFileSync(join(dist, 'metafile.json'), JSON.stringify(metafile));
copyNative();
await buildPage({
  configFile: join(root, 'packages', 'web', 'vite.config.ts'),
  logLevel: 'warn',
  build: { outDir: join(dist, 'web') },
});
writePackage();
writeSbom(root, info, join(dist, 'sbom.cdx.json'));
writeSums(dist);

printSizes(metafile);

/**
 * A CommonJS package that is loaded late has only `default` in a bundle, while it also has names under Node.js itself:
 * such code works in tests and fails where it ships. A module of ours between them, which imports it by name, helps.
 */
function refuseLateCommonJs({ inputs }: Metafile): void {
  for (const [file, { imports }] of Object.entries(inputs)) {
    if (file.includes('node_modules/')) continue;
    const late = imports.find((one) => one.kind === 'dynamic-import' && inputs[one.path]?.format === 'cjs');
    if (late !== undefined) throw new Error(`${file} loads ${late.path} late, which is CommonJS: re-export what it needs from a file`);
  }
}

/** koffi finds its native file by the name of its package, so it is not bundled: these are the files of it that run. */
function copyNative(): void {
  const modules = join(root, 'node_modules');
  const copy = (file: string): void => cpSync(join(modules, file), join(dist, 'node_modules', file), { recursive: true });
  for (const file of ['package.json', 'LICENSE.txt', 'index.js', 'src/koffi/index.js', 'src/koffi/src/static.js']) copy(`koffi/${file}`);
  for (const arch of ['x64', 'arm64']) {
    const name = `@koromix/koffi-linux-${arch}`;
    // The one of this machine is installed; an image for another architecture brings its own (deploy/Dockerfile).
    if (!existsSync(join(modules, name))) continue;
    for (const file of ['package.json', 'index.js', `linux_${arch}/koffi.node`]) copy(`${name}/${file}`);
  }
}

/** What `npx network-mapper` reads: dist/ as it is, is the package. */
function writePackage(): void {
  const { version, license, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const manifest = {
    name: 'network-mapper',
    version,
    description,
    license,
    type: 'module',
    bin: { 'network-mapper': 'network-mapper.mjs', 'kubectl-network_mapper': 'network-mapper.mjs' },
    engines: { node: '>=22' },
    // Captures and the long-running parts need native files, which the image has; the reading commands need none.
    files: ['*.mjs', '*.txt', 'assets', 'web', 'sbom.cdx.json'],
  };
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  chmodSync(join(dist, 'network-mapper.mjs'), 0o755);
  copyFileSync(join(root, 'LICENSE'), join(dist, 'LICENSE'));
}

/** What starts with every command, then what waits until it is needed. */
function printSizes({ outputs }: Metafile): void {
  const entry = 'dist/network-mapper.mjs';
  const eager = new Set<string>();
  const visit = (file: string): void => {
    if (eager.has(file)) return;
    eager.add(file);
    for (const one of outputs[file]?.imports ?? []) if (one.kind === 'import-statement' && one.external !== true) visit(one.path);
  };
  visit(entry);
  const rows = Object.entries(outputs)
    .filter(([file]) => file.endsWith('.mjs'))
    .map(([file, { bytes }]) => ({
      file: relative('dist', file),
      bytes,
      gzip: gzipSync(readFileSync(join(root, file))).length,
      eager: eager.has(file),
    }))
    .toSorted((a, b) => Number(b.eager) - Number(a.eager) || b.bytes - a.bytes);
  const line = (name: string, bytes: number, gzip: number): string => `${name.padEnd(48)}${kilobytes(bytes)}${kilobytes(gzip)} gzip`;
  for (const { file, bytes, gzip, eager: atStart } of rows) console.log(line(`${atStart ? 'start ' : 'lazy  '}${file}`, bytes, gzip));
  for (const name of Object.keys(ASSETS)) {
    const file = join(dist, 'assets', name);
    console.log(line(`asset assets/${name}`, statSync(file).size, gzipSync(readFileSync(file)).length));
  }
  for (const folder of ['web', 'node_modules']) {
    const files = readdirSync(join(dist, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const contents = files.map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    const total = (sizes: number[]): number => sizes.reduce((a, b) => a + b, 0);
    console.log(
      line(
        `files ${folder}/`,
        total(contents.map((content) => content.length)),
        total(contents.map((content) => gzipSync(content).length)),
      ),
    );
  }
  const sum = (pick: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  console.log(
    line(
      'total, assets left out',
      sum((row) => row.bytes),
      sum((row) => row.gzip),
    ),
  );
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).padStart(10)} kB`;
}
