import { generalizeAwsEdges, selectEdges, toRfc3339 } from '@nm/core';
import type { Edge, EdgeFilter } from '@nm/core';
import type { ReadOptions } from '../arguments/command.ts';
import type { CliHost } from '../host.ts';
import { printable } from '../output/printable.ts';
import { writeTo } from '../output/write.ts';
import type { LiveMapSource, LoadedMap, MapSource } from '../source/map-source.ts';
import { openSource } from '../source/open-source.ts';
import { diagnose } from '../status/diagnose.ts';

export interface SelectedEdges {
  readonly edges: readonly Edge[];
  readonly map: LoadedMap;
}

/** The edges that a reading command shows. When there are none, stderr says so, and why as far as that can be told. */
export async function loadEdges(read: ReadOptions, host: CliHost): Promise<SelectedEdges> {
  const source = await openSource(read.source, host);
  try {
    const { distinctByLabel } = read;
    const map = await source.loadEdges(
      { filter: read.filter, ...(distinctByLabel !== undefined && { labelKeys: [distinctByLabel] }) },
      host.signal,
    );
    const edges = generalizeAwsEdges(chooseEdges(map, read.filter), read.awsResourceLevel ?? 'object');
    for (const note of map.notes ?? []) await writeTo(host.stderr, `${printable(note)}\n`);
    if (edges.length === 0)
      await writeTo(host.stderr, `No connections found.\n${printable(await explain(source, map, read.filter, host))}\n`);
    return { edges, map };
  } finally {
    await source.close();
  }
}

/** What a filter lets through of a map; times only where the source has not chosen by them. */
export function chooseEdges(map: LoadedMap, filter: EdgeFilter): Edge[] {
  if (map.hasOwnWindow !== true) return selectEdges(map.edges, filter);
  const { since: _since, until: _until, ...rest } = filter;
  return selectEdges(map.edges, rest);
}

/** A mapper was asked for the edges of the filter only, so what else it holds is asked for now. */
async function explain(source: MapSource, map: LoadedMap, filter: EdgeFilter, host: CliHost): Promise<string> {
  if (!isLive(source)) return reasonForNothing(map, filter, source.name);
  const all = await source.loadEdges({ filter: { includeSystem: true, includeUnknown: true } }, host.signal);
  if (all.edges.length > 0) return reasonForNothing(all, filter, source.name);
  const [finding] = diagnose(await source.status(host.signal), host.now());
  return `${finding ?? `${source.name} has seen nothing yet: calls show up within a minute of being made`}. \`network-mapper status\` says more.`;
}

function isLive(source: MapSource): source is LiveMapSource {
  return 'status' in source;
}

const FLAGS: readonly { readonly flag: string; readonly parts: readonly (keyof EdgeFilter)[] }[] = [
  { flag: '--namespaces', parts: ['namespaces'] },
  { flag: '--to-namespace', parts: ['toNamespaces'] },
  { flag: '--workload', parts: ['workloads'] },
  { flag: '--server', parts: ['server'] },
  { flag: '--exclude-services', parts: ['excludeServices'] },
  { flag: '--exclude-labels', parts: ['excludeLabels'] },
  { flag: '--evidence', parts: ['evidence'] },
  { flag: '--since and --until', parts: ['since', 'until'] },
];

/** Why a filter lets nothing through: which single flag is to blame, if one is. */
export function reasonForNothing(map: LoadedMap, filter: EdgeFilter, source: string): string {
  if (map.edges.length === 0) return `${source} holds no edges; was traffic captured while the workloads were talking?`;
  const hidden = selectEdges(map.edges, { ...filter, includeSystem: true, includeUnknown: true }).length;
  if (hidden > 0)
    return `${hidden} of the ${map.edges.length} edges of ${source} are system traffic or have an unknown end: --include-system and --include-unknown show them.`;
  const blamed = FLAGS.filter(({ parts }) => parts.some((part) => filter[part] !== undefined)).flatMap(({ flag, parts }) => {
    const rest = Object.fromEntries(Object.entries(filter).filter(([key]) => !(parts as readonly string[]).includes(key)));
    const count = selectEdges(map.edges, rest).length;
    return count > 0 ? [`${count} without ${flag}`] : [];
  });
  const held = `${source} holds ${map.edges.length} edges, last seen ${lastSeen(map.edges)}`;
  return blamed.length > 0 ? `${held}; there would be ${blamed.join(', ')}.` : `${held}; the flags together let none through.`;
}

function lastSeen(edges: readonly Edge[]): string {
  let latest = 0;
  for (const { evidence } of edges) for (const { lastSeenAt } of Object.values(evidence)) latest = Math.max(latest, lastSeenAt);
  return latest === 0 ? 'at an unknown time' : toRfc3339(latest);
}
