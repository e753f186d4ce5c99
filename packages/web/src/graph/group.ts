import type { MapLink, MapNode } from './model.ts';

export type GroupLevel = 'cluster' | 'environment' | 'namespace' | 'outside';

export interface MapGroup {
  readonly id: string;
  readonly level: GroupLevel;
  readonly label: string;
  readonly parent?: string;
  /** Nodes below it, at any depth. */
  readonly size: number;
}

export interface Grouping {
  readonly groups: ReadonlyMap<string, MapGroup>;
  /** Innermost group of each node; nodes without one stand alone. */
  readonly groupOf: ReadonlyMap<string, string>;
  readonly nodes: readonly MapNode[];
}

/**
 * Sorts the ends of links into namespaces, these into environments and clusters where there is more than one of them,
 * and everything outside into one group per kind.
 */
export function groupNodes(links: readonly MapLink[], extra: readonly MapNode[] = []): Grouping {
  const nodes = new Map<string, MapNode>();
  for (const { client, server } of links) nodes.set(client.id, client).set(server.id, server);
  for (const node of extra) nodes.set(node.id, node);
  const clusters = new Set<string>();
  const environments = new Set<string>();
  for (const node of nodes.values()) {
    if (node.namespace === undefined) continue;
    clusters.add(node.cluster ?? '');
    environments.add(node.environment ?? '');
  }
  const groups = new Map<string, MapGroup & { size: number }>();
  const groupOf = new Map<string, string>();
  const add = (id: string, level: GroupLevel, label: string, parent: string | undefined): string => {
    if (!groups.has(id)) groups.set(id, { id, level, label, size: 0, ...(parent === undefined ? {} : { parent }) });
    return id;
  };
  for (const node of nodes.values()) {
    const path = groupPath(node, clusters.size > 1, environments.size > 1);
    let parent: string | undefined;
    for (const step of path) {
      parent = add(step.id, step.level, step.label, parent);
      const group = groups.get(parent);
      if (group !== undefined) group.size += 1;
    }
    if (parent !== undefined) groupOf.set(node.id, parent);
  }
  return { groups, groupOf, nodes: [...nodes.values()] };
}

interface Step {
  readonly id: string;
  readonly level: GroupLevel;
  readonly label: string;
}

function groupPath(node: MapNode, byCluster: boolean, byEnvironment: boolean): Step[] {
  if (node.namespace === undefined) return outsidePath(node);
  const cluster = node.cluster ?? '';
  const path: Step[] = [];
  if (byCluster) path.push({ id: `c:${cluster}`, level: 'cluster', label: cluster });
  if (byEnvironment) {
    const environment = node.environment ?? '';
    path.push({ id: `e:${cluster}/${environment}`, level: 'environment', label: environment === '' ? 'no environment' : environment });
  }
  path.push({ id: `n:${cluster}/${node.namespace}`, level: 'namespace', label: node.namespace });
  return path;
}

const OUTSIDE_LABELS: Readonly<Partial<Record<MapNode['type'], string>>> = {
  internet: 'Internet',
  aws: 'AWS',
  gcp: 'Google Cloud',
  azure: 'Azure',
  node: 'Nodes',
  unknown: 'Unknown',
};

function outsidePath(node: MapNode): Step[] {
  const label = OUTSIDE_LABELS[node.type];
  return label === undefined ? [] : [{ id: `o:${node.type}`, level: 'outside', label }];
}
