import { peerKey } from '@nm/core';
import type { PolicyState } from '@nm/core';
import type { MapLink, MapModel, MapNode } from './model.ts';
import { toNode } from './model.ts';
import type { UiPeer } from './ui-edge.ts';

/** A map from above: groups of peers, and how many edges there are between them. */
export interface MapOverview {
  readonly groups: readonly OverviewGroup[];
  readonly links: readonly OverviewLink[];
}

export interface OverviewGroup {
  readonly id: string;
  readonly type: 'namespace' | 'internet' | 'apiServer' | 'node' | 'aws' | 'gcp' | 'azure' | 'unknown';
  readonly cluster?: string;
  readonly namespace?: string;
  readonly environment?: string;
  readonly scope?: 'public' | 'private';
  readonly peers: number;
}

export interface OverviewLink {
  /** Ids of groups. */
  readonly client: string;
  readonly server: string;
  readonly edges: number;
  readonly lookedUpOnly: number;
  /** Milliseconds since the Unix epoch. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** States that some of its edges have. */
  readonly policies: readonly PolicyState[];
  readonly undeclared: boolean;
}

/** The picture of a map of which only some namespaces are known in full: these, and everything else from above. */
export function overlay({ groups, links }: MapOverview, known: MapModel, isKnown: (group: OverviewGroup) => boolean): MapModel {
  const nodes = new Map<string, MapNode>();
  const hidden = new Set<string>();
  for (const group of groups) {
    if (isKnown(group)) hidden.add(group.id);
    else nodes.set(group.id, toSummaryNode(group));
  }
  const all = new Map<string, MapLink>(known.links);
  for (const link of links) {
    const [client, server] = [nodes.get(link.client), nodes.get(link.server)];
    if (client === undefined || server === undefined) continue;
    const summary = toSummaryLink(link, client, server);
    all.set(summary.id, summary);
  }
  return {
    nodes: new Map([...known.nodes, ...[...nodes.values()].map((node) => [node.id, node] as const)]),
    links: all,
    version: known.version,
  };
}

function toSummaryNode(group: OverviewGroup): MapNode {
  const peer = toSummaryPeer(group);
  // The API server is one peer, known as such.
  if (peer.type === 'apiServer') return toNode(peerKey(peer), peer);
  return {
    ...toNode(`…${group.id}`, peer),
    name: `${group.peers.toLocaleString('en')} not loaded yet`,
    standsFor: group.peers,
    ...(group.environment === undefined ? {} : { environment: group.environment }),
  };
}

function toSummaryPeer({ type, cluster = '', namespace = '', scope = 'public' }: OverviewGroup): UiPeer {
  switch (type) {
    case 'namespace':
      return { type: 'workload', cluster, namespace, name: '', kind: '' };
    case 'internet':
      return { type, scope };
    case 'apiServer':
      return { type, cluster };
    case 'node':
      return { type, cluster, name: '' };
    case 'unknown':
      return { type, cluster };
    case 'aws':
    case 'gcp':
    case 'azure':
      return { type, resource: '' };
  }
}

function toSummaryLink(link: OverviewLink, client: MapNode, server: MapNode): MapLink {
  const id = `…${link.client}>${link.server}`;
  const [policy] = (['denied', 'open', 'unknown', 'allowed'] as const).filter((state) => link.policies.includes(state));
  return {
    id,
    edge: {
      id,
      client: client.peer,
      server: server.peer,
      class: 'app',
      shared: false,
      evidence: {},
      ports: [],
      ...(link.undeclared ? { protection: { intents: 'undeclared' } } : {}),
    },
    client,
    server,
    kind: server.type === 'internet' || client.type === 'internet' ? 'internet' : isCloud(server) ? 'cloud' : 'internal',
    count: link.edges,
    standsFor: link.edges,
    firstSeenAt: link.firstSeenAt,
    lastSeenAt: link.lastSeenAt,
    lookedUpOnly: link.lookedUpOnly === link.edges,
    denied: policy === 'denied',
    ...(policy === undefined ? {} : { policy }),
  };
}

function isCloud({ type }: MapNode): boolean {
  return type === 'aws' || type === 'gcp' || type === 'azure';
}
