import { selectEdges, toRfc3339 } from '@nm/core';
import type { Edge, EdgeFilter } from '@nm/core';
import type { ReadOptions } from '../arguments/command.ts';
import type { CliHost } from '../host.ts';
import { writeTo } from '../output/write.ts';
import type { LoadedMap } from '../source/map-source.ts';
import { openSource } from '../source/open-source.ts';

export interface SelectedEdges {
  readonly edges: readonly Edge[];
  readonly map: LoadedMap;
}

/** The edges that a reading command shows. When there are none, stderr says so, and why as far as that can be told. */
export async function loadEdges(read: ReadOptions, host: CliHost): Promise<SelectedEdges> {
  const source = await openSource(read.source, host);
  try {
    const map = await source.loadEdges({ filter: read.filter }, host.signal);
    const edges = selectEdges(map.edges, read.filter);
    if (edges.length === 0) await writeTo(host.stderr, `No connections found.\n${reasonForNothing(map, read.filter, source.name)}\n`);
    return { edges, map };
  } finally {
    await source.close();
  }
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
