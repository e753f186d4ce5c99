import { peerKey } from '@nm/core';
import type { UiEdge, UiPeer } from '../graph/ui-edge.ts';

/** What a mapper would answer to `overview` without a filter. */
export function toFixtureOverview(
  all: readonly UiEdge[],
  { since, until, first }: { readonly since?: string | null; readonly until?: string | null; readonly first?: number },
) {
  const edges = all.filter((edge) => edge.class === 'app' && edge.client.type !== 'unknown' && edge.server.type !== 'unknown');
  const groups = new Map<string, { id: string; peers: Set<string>; lastSeen: string; [field: string]: unknown }>();
  const links = new Map<
    string,
    {
      client: string;
      server: string;
      edges: number;
      lookedUpOnly: number;
      firstSeen: string;
      lastSeen: string;
      states: Map<string, number>;
      intents: Map<string, number>;
    }
  >();
  const groupOf = (peer: UiPeer, at: string): string => {
    const namespace = 'namespace' in peer ? peer.namespace : undefined;
    const type = namespace === undefined ? peer.type : 'namespace';
    const cluster = 'cluster' in peer ? peer.cluster : null;
    const scope = peer.type === 'internet' ? peer.scope : null;
    const id = [type, cluster ?? '', namespace ?? '', scope ?? ''].join(' ');
    const group = groups.get(id) ?? {
      id,
      type,
      cluster,
      namespace: namespace ?? null,
      environment: peer.environment ?? null,
      scope,
      peers: new Set<string>(),
      lastSeen: at,
    };
    group.peers.add(peerKey(peer));
    if (group.lastSeen < at) group.lastSeen = at;
    groups.set(id, group);
    return id;
  };
  for (const edge of edges) {
    const times = Object.values(edge.evidence).filter((item) => item !== undefined);
    // All kinds of evidence of a fixture's edge have the same times.
    const { firstSeen = '', lastSeen = '' } = times[0] ?? {};
    const [client, server] = [groupOf(edge.client, lastSeen), groupOf(edge.server, lastSeen)];
    const key = `${client}>${server}`;
    const link = links.get(key) ?? {
      client,
      server,
      edges: 0,
      lookedUpOnly: 0,
      firstSeen,
      lastSeen,
      states: new Map(),
      intents: new Map(),
    };
    link.edges += 1;
    if (times.length === 1 && edge.evidence.dns !== undefined) link.lookedUpOnly += 1;
    if (firstSeen < link.firstSeen) link.firstSeen = firstSeen;
    if (lastSeen > link.lastSeen) link.lastSeen = lastSeen;
    const { network, intents } = edge.protection ?? {};
    if (network !== undefined) link.states.set(network.state, (link.states.get(network.state) ?? 0) + 1);
    if (intents !== undefined) link.intents.set(intents, (link.intents.get(intents) ?? 0) + 1);
    links.set(key, link);
  }
  const sorted = [...links.values()].toSorted((a, b) => b.edges - a.edges);
  return {
    groups: [...groups.values()].map(({ peers, ...group }) => ({ ...group, peers: peers.size, workloads: peers.size, kinds: {} })),
    links: sorted.slice(0, first ?? sorted.length).map(({ states, intents, ...link }) => ({
      ...link,
      evidence: {},
      protection: { network: Object.fromEntries(states), mesh: {}, intents: Object.fromEntries(intents) },
    })),
    linkCount: sorted.length,
    edgeCount: edges.length,
    window: { since: since ?? null, until: until ?? null },
  };
}

/** What a mapper would answer about one workload: two pods, and a policy that restricts who may call an API. */
export function toFixtureWorkload(workload: { readonly namespace: string; readonly name: string } | undefined, now: number) {
  if (workload === undefined) return { pods: [], workloads: { nodes: [] } };
  const { namespace, name } = workload;
  const isProtected = name.startsWith('api') || name === 'cache';
  return {
    pods: ['7d9f5c6b8-x2kqp', '7d9f5c6b8-zt4mn'].map((suffix, index) => ({
      name: `${name}-${suffix}`,
      node: `worker-${index + 1}`,
      addresses: [`10.0.${index + 1}.17`],
      phase: 'Running',
      ready: index === 0,
      createdAt: new Date(now - (index + 1) * 5_400_000).toISOString(),
    })),
    workloads: {
      nodes: [
        {
          cluster: 'main',
          namespace,
          name,
          kind: 'Deployment',
          protection: {
            state: isProtected ? 'protected' : 'open',
            ingress: isProtected ? [`${namespace}/default-deny`, `${namespace}/allow-${name}`] : [],
            egress: [],
            mesh: [],
            intents: [],
            hostNetwork: false,
          },
        },
      ],
    },
  };
}
