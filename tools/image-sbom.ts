import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

interface Component {
  readonly type: 'library' | 'application';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly expression: string }[];
}

/** Packages of the web UI and of node_modules/, which the metafile of the bundles does not list. */
const BESIDE_BUNDLES = [
  'koffi',
  'react',
  'react-dom',
  'scheduler',
  'cytoscape',
  'cytoscape-fcose',
  'dejavu-fonts-ttf',
  '@resvg/resvg-wasm',
];

/** What the image is made of (CycloneDX 1.6): Node.js and the npm packages that really went into the bundles. */
export function imageSbom(options: { readonly dist: string; readonly root: string; readonly nodeVersion: string }): object {
  const metafile = JSON.parse(readFileSync(join(options.dist, 'metafile.json'), 'utf8')) as Metafile;
  const used = new Set(BESIDE_BUNDLES.map((name) => `node_modules/${name}`));
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) used.add(folder);
  }
  const packages = [...used].toSorted().flatMap((folder) => npmComponent(join(options.root, folder)) ?? []);
  const node = options.nodeVersion;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name: 'network-mapper', version: projectVersion(options.root) } },
    components: [{ type: 'application', name: 'node', version: node, purl: `pkg:generic/node@${node}` } satisfies Component, ...packages],
  };
}

function npmComponent(folder: string): Component | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const { name, version, license } = JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string; license?: unknown };
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(typeof license === 'string' && { licenses: [{ expression: license }] }),
  };
}

function projectVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}
