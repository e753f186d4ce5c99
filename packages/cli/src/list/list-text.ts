import { compareText, peerName, shownNamespace, toResources, toRfc3339 } from '@nm/core';
import type { Edge, Peer } from '@nm/core';
import { printable } from '../output/printable.ts';
import { clientName, evidenceText, isLookupOnly, kafkaLines, portName, seenBetween, serverNames } from './peer-text.ts';
import type { NamingOptions } from './peer-text.ts';

export interface ListTextOptions extends NamingOptions {
  readonly showEvidence: boolean;
  readonly showPorts: boolean;
}

interface Target {
  readonly title: string;
  readonly edges: Edge[];
}

/** The list in the existing command line's form: a line for each client, its servers below, their details below those. */
export function* toListText(edges: readonly Edge[], options: ListTextOptions): Generator<string> {
  const clusters = new Set(edges.flatMap(({ client }) => ('cluster' in client ? [client.cluster] : [])));
  for (const [, group] of groupBy(edges, (edge) => clientKey(edge.client, options))) {
    const [first] = group;
    if (first === undefined) continue;
    const cluster = clusters.size > 1 && 'cluster' in first.client ? ` of cluster ${printable(first.client.cluster)}` : '';
    const lines = [`${clientName(first.client, options)}${cluster} calls:\n`];
    for (const target of toTargets(group, first.client, options)) {
      lines.push(`  - ${target.title}\n`, ...detailLines(target.edges, options).map((line) => `    - ${line}\n`));
    }
    yield lines.join('');
  }
}

/** Servers of one client, each once, by name, then namespace. */
function toTargets(edges: readonly Edge[], client: Peer, options: ListTextOptions): Target[] {
  const own = shownNamespace(client);
  const entries = edges.flatMap((edge) =>
    serverNames(edge, options).map(({ name, namespace }) => ({
      edge,
      key: `${name}\u0000${namespace ?? ''}`,
      title: printable(namespace === undefined || namespace === own ? name : `${name} in namespace ${namespace}`),
    })),
  );
  return [...groupBy(entries, ({ key }) => key)].flatMap(([, group]) => {
    const [first] = group;
    return first === undefined ? [] : [{ title: first.title, edges: group.map(({ edge }) => edge) }];
  });
}

function detailLines(edges: readonly Edge[], options: ListTextOptions): string[] {
  const lines = kafkaLines(edges.flatMap(({ kafka }) => kafka ?? []));
  for (const { path, methods } of toResources(edges.flatMap(({ http }) => http ?? []))) {
    lines.push(printable(`path ${path}, methods: [${methods.join(',')}]`));
  }
  const actions = new Set(edges.flatMap((edge) => edge.actions ?? []).map(({ action }) => action));
  if (actions.size > 0) lines.push(printable(`actions: [${[...actions].toSorted().join(' ')}]`));
  if (options.showPorts) {
    const ports = new Set(edges.flatMap((edge) => edge.ports.map(portName)));
    if (ports.size > 0) lines.push(`ports: ${[...ports].join(', ')}`);
  }
  if (options.showEvidence) lines.push(...edges.map(evidenceLine));
  return lines;
}

function evidenceLine(edge: Edge): string {
  const seen = seenBetween(edge);
  const time = seen === undefined ? '' : `; ${toRfc3339(seen.first)} to ${toRfc3339(seen.last)}`;
  const lookup = isLookupOnly(edge) ? '; looked up, never seen connecting' : '';
  const shared = edge.shared ? '; one of several behind the Service' : '';
  return `seen: ${evidenceText(edge.evidence) || 'nothing known'}${time}${lookup}${shared}`;
}

/** Workloads first, by name, then namespace (or label value). */
function clientKey(client: Peer, options: ListTextOptions): string {
  const cluster = 'cluster' in client ? client.cluster : '';
  const title = clientName(client, options);
  return [shownNamespace(client) === undefined ? '1' : '0', client.type === 'internet' ? title : peerName(client), title, cluster].join(
    '\u0000',
  );
}

/** Groups in the order of their keys. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups].toSorted(([a], [b]) => compareText(a, b));
}
