import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';

/**
 * What each package may import: the architecture. docs/architecture.md draws this table, boundaries.test.ts proves it.
 * `packages` lists packages, or a named way into one (`sniffer/files`); `node`: may use Node's own modules.
 */
export const ALLOWED: Readonly<Record<string, { readonly packages: readonly string[]; readonly node: boolean }>> = {
  core: { packages: [], node: false },
  wire: { packages: [], node: false },
  api: { packages: ['core'], node: false },
  runtime: { packages: ['core'], node: true },
  kube: { packages: ['core'], node: true },
  sniffer: { packages: ['core', 'wire', 'api', 'runtime'], node: true },
  mapper: { packages: ['core', 'api', 'kube', 'runtime', 'runtime/certificates'], node: true },
  reporting: { packages: ['core', 'api', 'runtime'], node: true },
  watchers: { packages: ['core', 'api', 'kube', 'runtime', 'reporting'], node: true },
  aws: { packages: ['core', 'kube', 'runtime', 'runtime/certificates', 'reporting'], node: true },
  cli: { packages: ['core', 'wire', 'api', 'kube', 'runtime', 'sniffer/files'], node: true },
  app: {
    packages: [
      'core',
      'wire',
      'api',
      'runtime',
      'kube',
      'sniffer',
      'sniffer/files',
      'sniffer/program-pages',
      'mapper',
      'watchers',
      'aws',
      'cli',
    ],
    node: true,
  },
  web: { packages: ['core', 'api'], node: false },
};

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g;
const IS_SOURCE = /\.tsx?$/;
const IS_TEST = /(\.(test|bench|stories)\.tsx?$)|(^|\/)testing\//;

/** Import specifiers in a source text, in order. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? '');
}

/** Whether package `name` may import `specifier`. */
export function mayImport(name: string, specifier: string): boolean {
  const allowed = ALLOWED[name];
  if (allowed === undefined) return false;
  if (specifier.startsWith('@nm/')) return allowed.packages.includes(specifier.slice('@nm/'.length));
  const isNode = specifier.startsWith('node:') || builtinModules.includes(specifier);
  if (specifier.startsWith('.')) return !/\/packages\//.test(specifier);
  return !isNode || allowed.node;
}

/**
 * Every import of a package's sources (tests left out) that the table forbids, as `file -> specifier`, and every way that
 * the table allows and no source takes.
 */
export function forbiddenImports(
  root: string,
  name: string,
): { readonly files: number; readonly bad: readonly string[]; readonly unused: readonly string[] } {
  const folder = `${root}/packages/${name}/src`;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => IS_SOURCE.test(file) && !IS_TEST.test(file));
  const imports = files.flatMap((file) =>
    importsOf(readFileSync(`${folder}/${file}`, 'utf8')).map((specifier) => ({ file: `packages/${name}/src/${file}`, specifier })),
  );
  const bad = imports.filter(({ specifier }) => !mayImport(name, specifier)).map(({ file, specifier }) => `${file} -> ${specifier}`);
  const taken = new Set(imports.map(({ specifier }) => specifier));
  const unused = (ALLOWED[name]?.packages ?? []).filter((way) => !taken.has(`@nm/${way}`));
  return { files: files.length, bad, unused };
}
