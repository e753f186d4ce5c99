/**
 * The offline map: packets a second from a capture file of a million packets to edges, in a process of its own that
 * runs a bundle as the product does, and its peak memory; the same for files four times as long, one with the same pairs
 * of client and name again and one with new pairs, to show that memory grows with the map and not with the file. CPU
 * seconds count all threads.
 *
 *   node bench/offline-map.ts [repeats]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIX, writeMix } from './capture-mix.ts';
import { buildSync } from 'esbuild';
import { printFigures } from './figures.ts';

const repeats = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'offline-map-'));

interface Run {
  readonly packets: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly edges: number;
  readonly maxRssMiB: number;
}

function run(pcap: string, kube: string): Run {
  const out = execFileSync(process.execPath, [bundle, pcap, kube], { encoding: 'utf8' });
  return JSON.parse(out) as Run;
}

const bundle = join(folder, 'process.mjs');
buildSync({
  entryPoints: [join(import.meta.dirname, 'offline-map-process.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
});

try {
  const { pcap, kube, packets } = writeMix(folder);
  const runs = Array.from({ length: repeats }, () => run(pcap, kube));
  const again = writeMix(folder, { ...MIX, rounds: 4 });
  const againRun = run(again.pcap, again.kube);
  const more = writeMix(folder, { ...MIX, transactions: MIX.transactions * 4, attempts: MIX.attempts * 4 });
  const moreRun = run(more.pcap, more.kube);
  printFigures(
    'offline-map',
    {
      'packets per second': runs.map((each) => each.packets / each.seconds),
      'packets per CPU second': runs.map((each) => each.packets / each.cpuSeconds),
      'peak RSS (MiB)': runs.map((each) => each.maxRssMiB),
      'peak RSS of a file four times as long (MiB)': [againRun.maxRssMiB],
      'peak RSS of a file four times as long with more edges (MiB)': [moreRun.maxRssMiB],
    },
    { packets, edges: runs[0]?.edges, longPackets: more.packets, moreEdges: moreRun.edges },
  );
} finally {
  rmSync(folder, { recursive: true });
}
