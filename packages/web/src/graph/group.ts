import type { MapLink, MapNode } from './model.ts';
import { finish, STEP_SIZE } from './steps.ts';
import { visibleText } from './visible-text.ts';
import type { Steps } from './steps.ts';

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
export function groupNodes(links: readonly MapLink[]): Grouping {
  return finish(groupSteps(links));
}

/** The same in steps. */
export function* groupSteps(links: readonly MapLink[]): Steps<Grouping> {
  const nodes = new Set<MapNode>();
  let done = 0;
  for (const { client, server } of links) {
    nodes.add(client).add(server);
    if (++done % STEP_SIZE === 0) yield;
  }
  const unique = uniqueNodes(nodes);
  const clusters = new Set<string>();
  const environments = new Set<string>();
  for (const node of unique) {
    if (node.namespace === undefined) continue;
    clusters.add(node.cluster ?? '');
    environments.add(node.environment ?? '');
  }
  const groups = new Map<string, MapGroup & { size: number }>();
  const summed = new Set<string>();
  for (const node of unique) if (node.standsFor !== undefined) summed.add(innermost(node));
  const groupOf = new Map<string, string>();
  for (const node of unique) {
    let parent: string | undefined;
    for (const { id, level, label } of groupPath(node, clusters.size > 1, environments.size > 1)) {
      const group = groups.get(id) ?? { id, level, label, size: 0, ...(parent === undefined ? {} : { parent }) };
      // Members that are known already are among those for which one stands.
      group.size += node.standsFor ?? (summed.has(innermost(node)) ? 0 : 1);
      groups.set(id, group);
      parent = id;
    }
    if (parent !== undefined) groupOf.set(node.id, parent);
    if (++done % STEP_SIZE === 0) yield;
  }
  return { groups, groupOf, nodes: unique };
}

/** Id of the group that a node would be in, whatever levels there are. */
function innermost(node: MapNode): string {
  return groupPath(node, false, false).at(-1)?.id ?? node.id;
}

/** While two windows are compared a peer comes from both of their models. */
function uniqueNodes(nodes: Iterable<MapNode>): MapNode[] {
  return [...new Map([...nodes].map((node) => [node.id, node])).values()];
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
  if (byCluster) path.push({ id: `c:${cluster}`, level: 'cluster', label: visibleText(cluster) });
  if (byEnvironment) {
    const environment = node.environment ?? '';
    path.push({
      id: `e:${cluster}/${environment}`,
      level: 'environment',
      label: environment === '' ? 'no environment' : visibleText(environment),
    });
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
