import { peerKey, peerName } from '@nm/core';
import type { PeerType, PolicyState } from '@nm/core';
import { isSystemNamespace } from './system-namespaces.ts';
import type { UiEdge, UiPeer } from './ui-edge.ts';
import { visibleText } from './visible-text.ts';

/** What an edge carries, as far as the picture tells kinds apart. */
export type LinkKind = 'internal' | 'internet' | 'kafka' | 'http' | 'cloud';

export interface MapNode {
  readonly id: string;
  readonly peer: UiPeer;
  readonly type: PeerType;
  readonly name: string;
  readonly namespace?: string;
  readonly cluster?: string;
  readonly environment?: string;
  /** In a namespace that Kubernetes, its distribution or this tool uses for itself. */
  readonly isSystem: boolean;
  /** Stands for so many peers of its group, of which no more is known yet. */
  readonly standsFor?: number;
}

export interface MapLink {
  readonly id: string;
  readonly edge: UiEdge;
  readonly client: MapNode;
  readonly server: MapNode;
  readonly kind: LinkKind;
  /** Sum over evidence: transactions, attempts, connections, requests. */
  readonly count: number;
  /** Milliseconds since the Unix epoch; 0 for what is only declared. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** A name was looked up and no connection was ever seen. */
  readonly lookedUpOnly: boolean;
  /** A broker refused it, or a policy would. */
  readonly denied: boolean;
  /** What NetworkPolicies and the mesh's policies together say; absent where nobody reads them. */
  readonly policy?: PolicyState;
  /** Stands for so many edges between two groups, of which no more is known yet. */
  readonly standsFor?: number;
}

/** All edges of one source, interned: each peer once. Grows by `upsert`; `version` rises with every change. */
export interface MapModel {
  readonly nodes: ReadonlyMap<string, MapNode>;
  readonly links: ReadonlyMap<string, MapLink>;
  readonly version: number;
}

export interface MutableMapModel extends MapModel {
  /** Adds edges or replaces those with the same id; returns how many were new. */
  upsert(edges: readonly UiEdge[]): number;
  /** Adds labels to workloads that came without. */
  label(workloads: readonly LabelledWorkload[]): void;
}

export interface LabelledWorkload {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Edges beyond this are not taken (docs/limits.md: web edges); the UI says so and asks for a narrower view. */
export const MAX_EDGES = 200_000;

export function createMapModel(maxEdges: number = MAX_EDGES): MutableMapModel {
  const nodes = new Map<string, { -readonly [Key in keyof MapNode]: MapNode[Key] }>();
  const links = new Map<string, MapLink>();
  let version = 0;
  const intern = (peer: UiPeer): MapNode => {
    const id = peerKey(peer);
    const known = nodes.get(id);
    if (known !== undefined) return known;
    const node = toNode(id, peer);
    nodes.set(id, node);
    return node;
  };
  return {
    nodes,
    links,
    get version() {
      return version;
    },
    upsert(edges) {
      let added = 0;
      for (const edge of edges) {
        const isNew = !links.has(edge.id);
        if (isNew && links.size >= maxEdges) continue;
        links.set(edge.id, toLink(edge, intern(edge.client), intern(edge.server)));
        if (isNew) added += 1;
      }
      if (edges.length > 0) version += 1;
      return added;
    },
    label(workloads) {
      for (const { labels, ...name } of workloads) {
        const node = nodes.get(peerKey({ type: 'workload', ...name }));
        if (node?.peer.type === 'workload' && node.peer.labels === undefined) node.peer = { ...node.peer, labels };
      }
      if (workloads.length > 0) version += 1;
    },
  };
}

export function toNode(id: string, peer: UiPeer): MapNode {
  return {
    id,
    peer,
    type: peer.type,
    name: visibleText(nodeName(peer)),
    isSystem: (peer.type === 'workload' || peer.type === 'service') && isSystemNamespace(peer.namespace),
    ...(peer.type === 'workload' || peer.type === 'service' ? { namespace: visibleText(peer.namespace) } : {}),
    ...('cluster' in peer ? { cluster: peer.cluster } : {}),
    ...(peer.environment === undefined ? {} : { environment: peer.environment }),
  };
}

/** Nameless outside peers are many addresses: they are called by what they are, not by one of them. */
function nodeName(peer: UiPeer): string {
  if (peer.type === 'internet' && peer.domain === undefined) return peer.scope === 'private' ? 'private addresses' : 'public addresses';
  if (peer.type === 'aws') return peer.resource.split(':').slice(5).join(':') || peer.resource;
  return peerName(peer);
}

export function toLink(edge: UiEdge, client: MapNode, server: MapNode): MapLink {
  let count = 0;
  let firstSeenAt = Number.POSITIVE_INFINITY;
  let lastSeenAt = Number.NEGATIVE_INFINITY;
  let kinds = 0;
  for (const evidence of Object.values(edge.evidence)) {
    if (evidence === undefined) continue;
    kinds += 1;
    count += evidence.count;
    firstSeenAt = Math.min(firstSeenAt, Date.parse(evidence.firstSeen));
    lastSeenAt = Math.max(lastSeenAt, Date.parse(evidence.lastSeen));
  }
  const policy = policyOf(edge);
  return {
    id: edge.id,
    edge,
    client,
    server,
    kind: linkKind(edge),
    count,
    firstSeenAt: Number.isFinite(firstSeenAt) ? firstSeenAt : 0,
    lastSeenAt: Number.isFinite(lastSeenAt) ? lastSeenAt : 0,
    lookedUpOnly: kinds === 1 && edge.evidence.dns !== undefined,
    denied: policy === 'denied' || edge.kafka?.some((access) => !access.allowed) === true,
    ...(policy === undefined ? {} : { policy }),
  };
}

/** Whether policies restrict who may call the server of a call; undefined where nobody knows, or no policy could. */
export function isServerProtected({ server, edge: { protection } }: MapLink): boolean | undefined {
  if (server.type !== 'workload') return undefined;
  const { network, mesh } = protection ?? {};
  if (network?.serverSelected === true || mesh?.state === 'allowed' || mesh?.state === 'denied') return true;
  // Where neither end is selected the server is not either.
  return network?.serverSelected ?? (network?.state === 'open' ? false : undefined);
}

/** A call must pass both; one that says nothing (open) leaves the word to the other. */
const POLICY_ORDER: readonly PolicyState[] = ['denied', 'unknown', 'allowed', 'open'];

function policyOf({ protection }: UiEdge): PolicyState | undefined {
  const states = [protection?.network?.state, protection?.mesh?.state];
  return POLICY_ORDER.find((state) => states.includes(state));
}

function linkKind(edge: UiEdge): LinkKind {
  const { server, client } = edge;
  if (server.type === 'aws' || server.type === 'gcp' || server.type === 'azure') return 'cloud';
  if (server.type === 'internet' || client.type === 'internet') return 'internet';
  if ((edge.kafka?.length ?? 0) > 0 || edge.evidence.kafka !== undefined) return 'kafka';
  if ((edge.http?.length ?? 0) > 0 || edge.evidence.http !== undefined) return 'http';
  return 'internal';
}
