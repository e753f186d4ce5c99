import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

let bundled: Promise<string> | undefined;

/** The mapper as it ships, in one minified file: from source it takes 60 MiB more and a second longer to start. */
export function bundleMapper(): Promise<string> {
  bundled ??= write();
  return bundled;
}

async function write(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nm-bench-bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // For what stays outside of the bundle.
  symlinkSync(new URL('../../node_modules', import.meta.url).pathname, join(folder, 'node_modules'));
  await build({
    entryPoints: { mapper: new URL('./mapper-main.ts', import.meta.url).pathname },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    splitting: true,
    minify: process.env['NM_BENCH_NODE_FLAGS'] === undefined,
    external: ['koffi', 'pg-native'],
    banner: { js: "import{createRequire as nmCreateRequire}from'node:module';const require=nmCreateRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return join(folder, 'mapper.mjs');
}
