import type { schema } from '@nm/api';
import { AppError, toRfc3339 } from '@nm/core';
import type { Clock, EvidenceKind, Peer } from '@nm/core';
import { GraphQLError } from 'graphql';
import type { EdgeStates, Tallier } from '../protection/tallier.ts';
import type { EdgeOutline, Window } from '../store/query.ts';
import type { Store } from '../store/store.ts';
import { toStoreFilter, toWindow } from './edge-filter.ts';
import type { EnvironmentOf } from './edge-view.ts';
import { toWindowView } from './window-view.ts';

const DEFAULT_LINKS = 2_000;
const MAX_LINKS = 20_000;
/** An answer serves everybody who asks the same within this time. */
const FRESH_MS = 2_000;
const MAX_KEPT = 8;
/** Different ones at once: each takes a third of a second and a few MiB. */
const MAX_MAKING = 4;

export const OVERVIEW_ERRORS = {
  OVERVIEW_BUSY: 'Several other overviews are being made. HTTP 503; ask again in a moment.',
} as const;

/** What makes a group. */
interface GroupHead {
  readonly id: string;
  readonly type: schema.GroupType;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly scope?: schema.InternetScope;
}

interface Group {
  readonly index: number;
  readonly head: GroupHead;
  readonly peers: Peer[];
  /** Those of them that are a server. */
  readonly servers: Peer[];
  /** By the server's group's index. */
  readonly links: Link[];
  lastSeenAt: number;
}

interface Link {
  readonly client: Group;
  readonly server: Group;
  edges: number;
  lookedUpOnly: number;
  readonly evidence: Counter<EvidenceKind>;
  readonly network: Counter<string>;
  readonly mesh: Counter<string>;
  readonly intents: Counter<string>;
  firstSeenAt: number;
  lastSeenAt: number;
}

type Counter<Key extends string> = Partial<Record<Key, number>>;

interface Tallied {
  readonly groups: readonly Group[];
  /** Most edges first. */
  readonly links: readonly Link[];
  readonly edgeCount: number;
  readonly window: Window;
}

export interface OverviewDeps {
  readonly store: Store;
  readonly tallier: Tallier;
  readonly environmentOf: EnvironmentOf;
  readonly clock: Clock;
}

/** Answers the query `overview`. */
export function createOverviewView(deps: OverviewDeps): (args: schema.QueryOverviewArgs) => Promise<schema.Overview> {
  const { store, tallier, environmentOf, clock } = deps;
  let making = 0;
  const kept = new Map<string, { readonly at: number; readonly tallied: Promise<Tallied> }>();

  async function tally(args: schema.QueryOverviewArgs): Promise<Tallied> {
    const { window, chunks } = store.outlineEdges({ filter: toStoreFilter(args.filter), window: toWindow(args.since, args.until) });
    const book = new TallyBook();
    for await (const edges of chunks) {
      const states = await tallier.statesOf(edges);
      for (const [index, edge] of edges.entries()) book.add(edge, states[index] ?? {});
    }
    return { ...book.finish(), window };
  }

  /** The same question asked again, or by somebody else, gets the answer that is being made or was made just now. */
  function tallied(args: schema.QueryOverviewArgs): Promise<Tallied> {
    const now = clock.now();
    for (const [key, { at }] of kept) if (now - at >= FRESH_MS || now < at) kept.delete(key);
    const key = JSON.stringify([args.filter ?? {}, args.since, args.until]);
    const known = kept.get(key);
    if (known !== undefined) return known.tallied;
    if (making >= MAX_MAKING) throw new AppError('OVERVIEW_BUSY', `${making} overviews are being made; ask again in a moment`);
    making += 1;
    const fresh = tally(args).finally(() => {
      making -= 1;
    });
    kept.set(key, { at: now, tallied: fresh });
    fresh.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    return fresh;
  }

  return async (args) => {
    const first = linkLimit(args.first);
    const { groups, links, edgeCount, window } = await tallied(args);
    return {
      groups: groups.map((group) => toGroupView(group, tallier, environmentOf)),
      links: links.slice(0, first).map(toLinkView),
      linkCount: links.length,
      edgeCount,
      window: toWindowView(window),
    };
  };
}

/** Groups and links while edges come. */
class TallyBook {
  readonly #groups = new Map<string, Group>();
  /** By number of the peer. */
  readonly #groupOf: (Group | undefined)[] = [];
  readonly #isServer: boolean[] = [];
  readonly #links: Link[] = [];
  #edges = 0;

  add(edge: EdgeOutline, states: EdgeStates): void {
    this.#edges += 1;
    const { firstSeenAt, lastSeenAt, evidence, serverRef } = edge;
    const client = this.#groupOf[edge.clientRef] ?? this.#group(edge.client, edge.clientRef);
    const server = this.#groupOf[serverRef] ?? this.#group(edge.server, serverRef);
    client.lastSeenAt = Math.max(client.lastSeenAt, lastSeenAt);
    server.lastSeenAt = Math.max(server.lastSeenAt, lastSeenAt);
    if (this.#isServer[serverRef] !== true) {
      this.#isServer[serverRef] = true;
      server.servers.push(edge.server);
    }
    const link = client.links[server.index] ?? this.#link(client, server);
    link.edges += 1;
    link.firstSeenAt = Math.min(link.firstSeenAt, firstSeenAt);
    link.lastSeenAt = Math.max(link.lastSeenAt, lastSeenAt);
    for (const kind of evidence) count(link.evidence, kind);
    if (evidence.length === 1 && evidence[0] === 'dns') link.lookedUpOnly += 1;
    if (states.network !== undefined) count(link.network, states.network);
    if (states.mesh !== undefined) count(link.mesh, states.mesh);
    if (states.intents !== undefined) count(link.intents, states.intents);
  }

  finish(): Omit<Tallied, 'window'> {
    return {
      groups: [...this.#groups.values()].toSorted((a, b) => compareGroups(a.head, b.head)),
      links: this.#links.toSorted(
        (a, b) => b.edges - a.edges || compareGroups(a.client.head, b.client.head) || compareGroups(a.server.head, b.server.head),
      ),
      edgeCount: this.#edges,
    };
  }

  #group(peer: Peer, ref: number): Group {
    const head = toGroupHead(peer);
    const group = this.#groups.get(head.id) ?? { index: this.#groups.size, head, peers: [], servers: [], links: [], lastSeenAt: 0 };
    this.#groups.set(head.id, group);
    this.#groupOf[ref] = group;
    group.peers.push(peer);
    return group;
  }

  #link(client: Group, server: Group): Link {
    const counters = { evidence: {}, network: {}, mesh: {}, intents: {} };
    const link = { client, server, edges: 0, lookedUpOnly: 0, ...counters, firstSeenAt: Number.POSITIVE_INFINITY, lastSeenAt: 0 };
    client.links[server.index] = link;
    this.#links.push(link);
    return link;
  }
}

function count<Key extends string>(counter: Counter<Key>, key: Key): void {
  counter[key] = (counter[key] ?? 0) + 1;
}

function toGroupHead(peer: Peer): GroupHead {
  switch (peer.type) {
    case 'workload':
    case 'service': {
      const { cluster, namespace } = peer;
      return { id: `namespace/${cluster}/${namespace}`, type: 'namespace', cluster, namespace };
    }
    case 'internet':
      return { id: `internet/${peer.scope}`, type: 'internet', scope: peer.scope };
    case 'apiServer':
    case 'node':
    case 'unknown':
      return { id: `${peer.type}/${peer.cluster}`, type: peer.type, cluster: peer.cluster };
    case 'aws':
    case 'gcp':
    case 'azure':
      return { id: peer.type, type: peer.type };
  }
}

function toGroupView(group: Group, tallier: Tallier, environmentOf: EnvironmentOf): schema.PeerGroup {
  const { head, peers, servers, lastSeenAt } = group;
  const kinds: Counter<string> = {};
  let workloads = 0;
  for (const peer of peers) {
    if (peer.type !== 'workload') continue;
    workloads += 1;
    count(kinds, peer.kind);
  }
  const { cluster, namespace } = head;
  const environment = cluster === undefined || namespace === undefined ? undefined : environmentOf(cluster, namespace);
  const states = servers.flatMap((peer) => (peer.type === 'workload' ? (tallier.isProtected(peer) ?? []) : []));
  const closed = states.filter(Boolean).length;
  return {
    id: head.id,
    type: head.type,
    cluster: head.cluster ?? null,
    namespace: head.namespace ?? null,
    environment: environment ?? null,
    scope: head.scope ?? null,
    peers: peers.length,
    workloads,
    kinds: kinds as Readonly<Record<string, number>>,
    lastSeen: toRfc3339(lastSeenAt),
    servers: states.length === 0 ? null : { protected: closed, open: states.length - closed },
  };
}

function toLinkView(link: Link): schema.GroupLink {
  const { client, server, edges, evidence, lookedUpOnly, network, mesh, intents, firstSeenAt, lastSeenAt } = link;
  return {
    client: client.head.id,
    server: server.head.id,
    edges,
    evidence: evidence as Readonly<Record<string, number>>,
    lookedUpOnly,
    firstSeen: toRfc3339(firstSeenAt),
    lastSeen: toRfc3339(lastSeenAt),
    protection: { network, mesh, intents } as schema.ProtectionTally,
  };
}

function linkLimit(first: number | null | undefined): number {
  if (first == null) return DEFAULT_LINKS;
  if (first < 1 || first > MAX_LINKS)
    throw new GraphQLError(`first must be from 1 to ${MAX_LINKS}`, { extensions: { code: 'ARGUMENT_INVALID' } });
  return first;
}

function compareGroups(a: GroupHead, b: GroupHead): number {
  return compareText(a.type, b.type) || compareText(a.cluster ?? '', b.cluster ?? '') || compareText(a.id, b.id);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
