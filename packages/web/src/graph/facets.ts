import { protectionStates } from './filter.ts';
import { isSystemNamespace } from './system-namespaces.ts';
import type { MapModel } from './model.ts';

export interface FacetValue {
  readonly value: string;
  /** Edges with it. */
  readonly count: number;
}

/** What there is to filter by in a map, most used first. */
export interface Facets {
  readonly clusters: readonly FacetValue[];
  readonly environments: readonly FacetValue[];
  readonly namespaces: readonly FacetValue[];
  readonly systemNamespaces: readonly FacetValue[];
  readonly kinds: readonly FacetValue[];
  readonly evidence: readonly FacetValue[];
  readonly protection: readonly FacetValue[];
  readonly ports: readonly FacetValue[];
  readonly labels: readonly FacetValue[];
}

const MAX_LABELS = 200;
const MAX_PORTS = 200;

export function toFacets(model: MapModel): Facets {
  const names = ['clusters', 'environments', 'namespaces', 'kinds', 'evidence', 'protection', 'ports'] as const;
  const tallies = Object.fromEntries(names.map((name) => [name, tally()])) as Record<(typeof names)[number], ReturnType<typeof tally>>;
  const labels = tally();
  for (const link of model.links.values()) {
    const { client, server, edge } = link;
    for (const node of client === server ? [client] : [client, server]) {
      if (node.cluster !== undefined) tallies.clusters.add(node.cluster);
      if (node.environment !== undefined) tallies.environments.add(node.environment);
      if (node.namespace !== undefined) tallies.namespaces.add(node.namespace);
      if (node.peer.type !== 'workload') continue;
      if (node.peer.kind !== '') tallies.kinds.add(node.peer.kind);
    }
    for (const kind of Object.keys(edge.evidence)) tallies.evidence.add(kind);
    for (const state of protectionStates(link)) tallies.protection.add(state);
    for (const { port } of edge.ports) if (port !== undefined) tallies.ports.add(String(port));
  }
  for (const { peer } of model.nodes.values()) {
    if (peer.type !== 'workload' || peer.labels === undefined) continue;
    for (const [key, value] of Object.entries(peer.labels)) labels.add(`${key}=${value}`);
  }
  const namespaces = tallies.namespaces.values();
  return {
    clusters: tallies.clusters.values(),
    environments: tallies.environments.values(),
    namespaces: namespaces.filter(({ value }) => !isSystemNamespace(value)),
    systemNamespaces: namespaces.filter(({ value }) => isSystemNamespace(value)),
    kinds: tallies.kinds.values(),
    evidence: tallies.evidence.values(),
    protection: tallies.protection.values(),
    ports: tallies.ports.values().slice(0, MAX_PORTS),
    labels: labels.values().slice(0, MAX_LABELS),
  };
}

function tally() {
  const counts = new Map<string, number>();
  return {
    add(value: string): void {
      counts.set(value, (counts.get(value) ?? 0) + 1);
    },
    values(): FacetValue[] {
      return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
    },
  };
}
