import type { TransportProtocol } from '../model/edge.ts';
import type { Peer } from '../model/peer.ts';
import { evaluateNetworkPolicies, worstState } from './evaluate-network-policy.ts';
import type { NetworkVerdict, PolicyEnd, PolicyIndex, PolicyState } from './evaluate-network-policy.ts';

/** What policies and declared intents say about one edge; carried beside the edge, never part of its identity. */
export interface EdgeProtection {
  readonly network?: NetworkProtection;
  readonly mesh?: MeshProtection;
  readonly intents?: IntentState;
}

export interface NetworkProtection {
  readonly state: PolicyState;
  /** `namespace/name`, sorted: what allows the call, else what selects its ends. */
  readonly policies: readonly string[];
  /** Ports for which the answer is not `state`; absent when all agree. */
  readonly exceptions?: readonly { readonly port?: number; readonly protocol: string; readonly state: PolicyState }[];
  readonly caveats?: readonly string[];
  /** Whether some policy restricts who may call the server; absent when that is not known. */
  readonly serverSelected?: boolean;
}

export interface MeshProtection {
  readonly state: PolicyState;
  readonly policies: readonly string[];
}

/**
 * `undeclared` would be blocked once intents are enforced; `unmanaged`: nobody declared anything about the server, so
 * enforcing would change nothing; `unseen`: declared, and never observed.
 */
export type IntentState = 'declared' | 'undeclared' | 'unmanaged' | 'unseen';

/** The part of an edge that policies look at. */
export interface ProtectedEdge {
  readonly client: Peer;
  readonly server: Peer;
  readonly ports: readonly { readonly port?: number; readonly protocol: TransportProtocol }[];
}

/**
 * NetworkPolicy state of an edge over all of its ports. `lookup` tells what a peer is to policies: its pod's labels,
 * its namespace's labels, its addresses; undefined when that is not known.
 */
export function evaluateEdge(edge: ProtectedEdge, lookup: (peer: Peer) => PolicyEnd | undefined, policies: PolicyIndex): NetworkProtection {
  const client = lookup(edge.client);
  const server = lookup(edge.server);
  if (client === undefined || server === undefined) return { state: 'unknown', policies: [], caveats: ['labels-unknown'] };
  const targets = edge.ports.length > 0 ? edge.ports : [undefined];
  const verdicts = targets.map((target) => ({
    target,
    verdict: evaluateNetworkPolicies(client, server, target ?? {}, policies),
  }));
  const state = worstState(verdicts.map(({ verdict }) => verdict.state));
  const deciding = verdicts.filter(({ verdict }) => verdict.state === state).map(({ verdict }) => verdict);
  const caveats = unique(verdicts.flatMap(({ verdict }) => [...verdict.egress.caveats, ...verdict.ingress.caveats]));
  const exceptions = verdicts.flatMap(({ target, verdict }) =>
    target === undefined || verdict.state === state
      ? []
      : [{ ...(target.port === undefined ? {} : { port: target.port }), protocol: target.protocol, state: verdict.state }],
  );
  return {
    state,
    policies: unique(deciding.flatMap((verdict) => decidingPolicies(verdict))),
    serverSelected: verdicts.some(({ verdict }) => verdict.ingress.state !== 'open'),
    ...(exceptions.length > 0 ? { exceptions } : {}),
    ...(caveats.length > 0 ? { caveats } : {}),
  };
}

/** The policies of the directions that gave the verdict its state. */
function decidingPolicies({ state, ingress, egress }: NetworkVerdict): string[] {
  return [egress, ingress].filter((direction) => direction.state === state).flatMap((direction) => [...direction.policies]);
}

/** Whether any policy restricts who may call a pod: what a server's panel calls "protected" or "open". */
export function isProtected(server: PolicyEnd, policies: PolicyIndex): boolean {
  const outside: PolicyEnd = { type: 'outside', addresses: [] };
  return evaluateNetworkPolicies(outside, server, {}, policies).ingress.state !== 'open';
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}
