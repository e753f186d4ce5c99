import { symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The sniffer as one file, as it ships: from its sources it takes twice the memory. */
export async function bundleSniffer(folder: string): Promise<string> {
  const entry = `${folder}/entry.ts`;
  writeFileSync(
    entry,
    `import { runSniffer } from '${root}packages/sniffer/src/index.ts';
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
void runSniffer({ argv: process.argv.slice(2), env: {}, cwd: process.cwd(), signal: stop.signal });\n`,
  );
  const outfile = `${folder}/sniffer.cjs`;
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minify: true,
    external: ['koffi'],
    logLevel: 'error',
  });
  symlinkSync(`${root}node_modules`, `${folder}/node_modules`);
  return outfile;
}
