import { toMapEdge, toMapHead, toRfc3339 } from '@nm/core';
import type { Edge, MapEdge } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import type { MapProgress, MapSummary, SummaryLine } from '../map/map-contract.ts';
import { toMapJson } from '../output/map-json.ts';
import { printable } from '../output/printable.ts';
import { writeResult, writeTo } from '../output/write.ts';

/** Progress is shown after this time, and then so often. */
const PROGRESS_AFTER_MS = 1000;
const PROGRESS_EVERY_MS = 200;

type MapCommand = Extract<Command, { command: 'map' }>;

export async function runMap(command: MapCommand, host: CliHost): Promise<number> {
  const progress = createProgress(host, command.quiet);
  const { edges, summary } = await host.buildMap(command.build, { signal: host.signal, onProgress: progress.show }).finally(progress.clear);
  const asked = {
    ...(command.build.since !== undefined && { since: command.build.since }),
    ...(command.build.until !== undefined && { until: command.build.until }),
  };
  const head = toMapHead({ generatedAt: host.now(), window: { ...summary.window, ...asked } });
  let count = 0;
  // Edge by edge: a map of hundreds of thousands is never there as a whole.
  const mapEdges = function* (all: Iterable<Edge>): Generator<MapEdge> {
    for (const edge of all) {
      count += 1;
      yield toMapEdge(edge);
    }
  };
  await writeResult(host, command.output, toMapJson({ ...head, edges: mapEdges(edges) }));
  if (!command.quiet) await writeTo(host.stderr, toSummaryText(summary, count, command));
  return exitCode('ok');
}

function toSummaryText(summary: MapSummary, edges: number, { build, output }: MapCommand): string {
  const { since, until } = summary.window;
  const time = since === undefined || until === undefined ? '' : `, ${toRfc3339(since)} to ${toRfc3339(until)}`;
  const lines = [
    `${summary.packets} packets${time}`,
    `${summary.transactions} DNS transactions, ${summary.attempts} connection attempts, ${summary.sockets} open sockets`,
    `${edges} edges${output === undefined || output === '-' ? '' : ` written to ${output}`}`,
    ...(edges === 0 ? [noEdgesText(summary, build)] : []),
    ...summary.unresolved.map((line) => `unresolved: ${toLineText(line)}`),
    ...summary.skipped.map((line) => `skipped: ${toLineText(line)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Why a map is empty: nothing to resolve, nothing of that time, or nobody of these dumps in these captures. */
function noEdgesText({ transactions, attempts, sockets, window }: MapSummary, { kube, since, until }: MapCommand['build']): string {
  if (transactions + attempts + sockets === 0) {
    return 'no edges: nothing was seen; do the captures hold DNS (port 53) or TCP SYN packets?';
  }
  if ((since !== undefined || until !== undefined) && window.since === undefined) {
    return 'no edges: nothing that was seen lies between --since and --until';
  }
  if (kube.length === 0) return 'no edges: without a dump of the cluster nobody is known; add --kube with what kubectl get -o json wrote';
  return 'no edges: nobody in the captures was found in the dumps; give --kube dumps of the same cluster and time, and check --since and --until';
}

function toLineText({ what, count, examples }: SummaryLine): string {
  const shown =
    examples === undefined || examples.length === 0
      ? ''
      : ` (${examples.slice(0, 3).join(', ')}${examples.length > 3 || (count ?? 0) > examples.length ? ', …' : ''})`;
  return printable(`${count === undefined ? '' : `${count} `}${what}${shown}`);
}

/** One line on a terminal's stderr, rewritten in place. */
function createProgress(host: CliHost, quiet: boolean): { readonly show: (progress: MapProgress) => void; readonly clear: () => void } {
  const startedAt = host.now();
  let shownAt = 0;
  return {
    show: (progress) => {
      const now = host.now();
      if (quiet || host.stderr.isTTY !== true || now - startedAt < PROGRESS_AFTER_MS || now - shownAt < PROGRESS_EVERY_MS) return;
      shownAt = now;
      const percent = progress.bytesTotal === 0 ? '' : ` ${Math.floor((100 * progress.bytesRead) / progress.bytesTotal)} %,`;
      host.stderr.write(`\r\u001b[K${printable(progress.file)}:${percent} ${progress.packets} packets`);
    },
    clear: () => {
      if (shownAt > 0) host.stderr.write('\r\u001b[K');
    },
  };
}
