import { compareText, EVIDENCE_KINDS, labelValue, peerKey, servicesOf } from '@nm/core';
import type { Edge, Peer } from '@nm/core';
import { isDenied, isLookupOnly, plainName } from '../list/peer-text.ts';
import type { NamingOptions } from '../list/peer-text.ts';
import { printable } from '../output/printable.ts';

export interface GraphNode {
  /** Made by us: never part of a name, so no name can break a format. */
  readonly id: string;
  /** Printable, cut to MAX_LABEL. */
  readonly label: string;
  readonly type: Peer['type'];
}

export interface GraphGroup {
  readonly id: string;
  readonly label: string;
  /** Namespaces (or label values), what lies outside the cluster, and what belongs to the cluster as a whole. */
  readonly type: 'namespace' | 'internet' | 'cloud' | 'cluster';
  readonly nodes: readonly GraphNode[];
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** A name was looked up, but nobody was seen connecting. */
  readonly lookupOnly: boolean;
  readonly denied: boolean;
  readonly labels: readonly string[];
}

/** What is drawn, whatever the format. */
export interface GraphModel {
  readonly groups: readonly GraphGroup[];
  readonly edges: readonly GraphEdge[];
}

/** Longer names are cut: one of them would push everything else out of sight. */
export const MAX_LABEL = 64;

/** How peers are named, and what stands at the lines between them. */
export interface GraphOptions extends NamingOptions {
  readonly showPorts: boolean;
  readonly showEvidence: boolean;
}

export function toGraphModel(edges: readonly Edge[], options: GraphOptions): GraphModel {
  const nodes = new Map<string, { group: string; label: string; type: Peer['type'] }>();
  const lines = new Map<string, { from: string; to: string; edges: Edge[] }>();
  const add = (peer: Peer): string => {
    const key = peerKey(peer);
    if (!nodes.has(key)) nodes.set(key, { group: groupKey(peer, options), label: toLabel(peer), type: peer.type });
    return key;
  };
  for (const edge of edges) {
    const from = add(edge.client);
    for (const server of servers(edge, options)) {
      const to = add(server);
      const line = lines.get(`${from}\u0000${to}`) ?? { from, to, edges: [] };
      line.edges.push(edge);
      lines.set(`${from}\u0000${to}`, line);
    }
  }
  const ids = new Map([...nodes.keys()].toSorted(compareText).map((key, index) => [key, `n${index}`]));
  const idOf = (key: string): string => ids.get(key) ?? '';
  return {
    groups: toGroups([...nodes].map(([key, node]) => ({ ...node, id: idOf(key) }))),
    edges: [...lines.values()].map((line) => ({
      from: idOf(line.from),
      to: idOf(line.to),
      lookupOnly: line.edges.every(isLookupOnly),
      denied: line.edges.every(isDenied),
      labels: [...(options.showPorts ? portLabels(line.edges) : []), ...(options.showEvidence ? evidenceLabels(line.edges) : [])],
    })),
  };
}

function toGroups(nodes: readonly (GraphNode & { readonly group: string })[]): GraphGroup[] {
  const groups = new Map<string, GraphNode[]>();
  for (const { group, ...node } of nodes) {
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [node]);
    else members.push(node);
  }
  return [...groups]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([key, members], index) => {
      const [type, label = ''] = key.split('\u0000');
      return {
        id: `g${index}`,
        label: cut(printable(label)),
        type: type === 'namespace' || type === 'internet' || type === 'cloud' ? type : 'cluster',
        nodes: members.toSorted((a, b) => compareText(a.label, b.label)),
      };
    });
}

/** Type and title of the frame in which a peer is drawn. */
function groupKey(peer: Peer, options: NamingOptions): string {
  switch (peer.type) {
    case 'workload':
      if (options.distinctByLabel !== undefined)
        return `namespace\u0000${options.distinctByLabel}=${labelValue(peer, options.distinctByLabel)}`;
      return `namespace\u0000${peer.namespace}`;
    case 'service':
      return `namespace\u0000${peer.namespace}`;
    case 'internet':
      return 'internet\u0000internet';
    case 'aws':
    case 'gcp':
    case 'azure':
      return `cloud\u0000${{ aws: 'AWS', gcp: 'Google Cloud', azure: 'Azure' }[peer.type]}`;
    case 'apiServer':
    case 'node':
    case 'unknown':
      return 'cluster\u0000cluster';
  }
}

function servers(edge: Edge, options: NamingOptions): Peer[] {
  const services = options.asKubernetesService && edge.server.type === 'workload' ? servicesOf(edge) : [];
  if (services.length === 0) return [edge.server];
  const cluster = 'cluster' in edge.server ? edge.server.cluster : '';
  return services.map(({ namespace, name }) => ({ type: 'service', cluster, namespace, name }));
}

function toLabel(peer: Peer): string {
  if (peer.type === 'apiServer') return 'API server';
  return cut(printable(plainName(peer)));
}

function cut(text: string): string {
  const characters = Array.from(text);
  return characters.length <= MAX_LABEL ? text : `${characters.slice(0, MAX_LABEL - 1).join('')}…`;
}

/** Kinds of evidence, without counts: those would change with every drawing. */
function evidenceLabels(edges: readonly Edge[]): string[] {
  return EVIDENCE_KINDS.filter((kind) => edges.some(({ evidence }) => evidence[kind] !== undefined));
}

/** Ports shown on one line before the rest is only counted. */
const MAX_PORTS = 3;

function portLabels(edges: readonly Edge[]): string[] {
  const ports = [
    ...new Set(edges.flatMap((edge) => edge.ports.flatMap(({ port, protocol }) => (port === undefined ? [] : [`${port}/${protocol}`])))),
  ];
  return ports.length <= MAX_PORTS ? ports : [...ports.slice(0, MAX_PORTS), `+${ports.length - MAX_PORTS}`];
}
