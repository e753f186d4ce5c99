import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { BOTO3, BOTO3_FOREVER, JAVASCRIPT, loadSdkTools } from '@nm/aws/testing';
import { loadImage, makeNodeRootfs, ROOT } from '../support/cluster.ts';
import { AWS_IMAGE } from './manifests.ts';

/** What moto asks for only for services that the test does not call. */
const LEFT_OUT = new Set(['sympy', 'cfnlint', 'networkx', 'pip', 'setuptools', 'test', 'ensurepip', 'idlelib', 'lib2to3', 'turtledemo']);

/**
 * Makes the image of all programs of the test: Node, and this machine's Python with the libraries it needs, at the paths that it has
 * here; the SDKs for JavaScript and Python, and moto.
 */
export async function loadSdkImage(): Promise<void> {
  const { python, nodeFolder } = await loadSdkTools();
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-aws-'));
  try {
    await makeNodeRootfs(folder);
    const { program, packages } = copyPython(python, folder);
    mkdirSync(join(folder, 'app'));
    cpSync(join(ROOT, 'e2e', 'aws', 'main.js'), join(folder, 'app', 'main.mjs'));
    cpSync(join(nodeFolder, 'node_modules'), join(folder, 'app', 'node_modules'), { recursive: true });
    for (const [name, text] of Object.entries({ 'calls.py': BOTO3, 'forever.py': BOTO3_FOREVER, 'calls.mjs': JAVASCRIPT }))
      writeFileSync(join(folder, 'app', name), text);
    await loadImage(AWS_IMAGE, folder, {
      Entrypoint: ['node', '/app/main.mjs'],
      User: '1000',
      Env: ['PATH=/usr/bin:/bin', `PYTHON=${program}`, `PYTHONPATH=${packages}`, 'PYTHONUNBUFFERED=1'],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The interpreter, its standard library and the packages of a virtual environment. */
function copyPython(python: string, rootfs: string): { readonly program: string; readonly packages: string } {
  const ask = (expression: string): string =>
    execFileSync(python, ['-c', `import sys, sysconfig; print(${expression})`], { encoding: 'utf8' }).trim();
  const program = realpathSync(ask('sys.executable'));
  const packages = ask("sysconfig.get_path('purelib')");
  const libraries = [ask("sysconfig.get_path('stdlib')"), packages].flatMap((tree) => copyTree(tree, rootfs));
  for (const file of [program, ...sharedLibraries([program, ...libraries])]) {
    if (existsSync(join(rootfs, file))) continue;
    mkdirSync(dirname(join(rootfs, file)), { recursive: true });
    copyFileSync(file, join(rootfs, file));
  }
  return { program, packages };
}

/** Copies to the same path; gives the shared libraries in it. */
function copyTree(tree: string, rootfs: string): string[] {
  const isWanted = (file: string): boolean => {
    const name = basename(file);
    // The standard library's folder holds packages of the machine, and what programs that embed Python are linked with.
    return file === tree || !(LEFT_OUT.has(name) || name === 'site-packages' || name.startsWith('config-'));
  };
  cpSync(tree, join(rootfs, tree), { recursive: true, verbatimSymlinks: true, filter: isWanted });
  const files = readdirSync(join(rootfs, tree), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.so')).map((file) => join(tree, file));
}

/** Paths of all that these files are linked with (ldd(1)). */
function sharedLibraries(files: readonly string[]): string[] {
  const found = new Set<string>();
  const text = execFileSync('ldd', [...files], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  for (const [, path = ''] of text.matchAll(/(?:=> )?(\/[^\s:]+) \(0x/g)) found.add(path);
  return [...found];
}
