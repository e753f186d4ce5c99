import { ipBlockContains } from './cidr.ts';
import { selectorMatches } from './label-selector.ts';
import type { Labels } from './label-selector.ts';
import { policyDirections } from './network-policy.ts';
import type { NetworkPolicyRecord, PolicyDirection, PolicyPeer, PolicyPort, PolicyRule } from './network-policy.ts';

/** One end of a call as policies see it. */
export type PolicyEnd = PodEnd | NodeEnd | OutsideEnd;

export interface PodEnd {
  readonly type: 'pod';
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly labels: Labels;
  readonly addresses?: readonly string[];
  /** Shares the node's network: policies neither select it nor recognise it by its labels. */
  readonly hostNetwork?: boolean;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol: string }[];
}

export interface NodeEnd {
  readonly type: 'node';
  readonly addresses?: readonly string[];
  /** The other end runs on this very node: such traffic is always let through. */
  readonly sameNode?: boolean;
}

/** Anything outside the cluster. `addressCount` above the number of addresses says that they are a sample. */
export interface OutsideEnd {
  readonly type: 'outside';
  readonly addresses?: readonly string[];
  readonly addressCount?: number;
}

/** What is called: the server's own port. An absent port is not known (only a name was looked up). */
export interface PolicyTarget {
  readonly port?: number;
  readonly protocol?: string;
}

/** `open`: no policy selects the pod in that direction, so everything is allowed. */
export type PolicyState = 'allowed' | 'denied' | 'open' | 'unknown';

export type PolicyCaveat =
  /** Host-network pods are outside of NetworkPolicy; what a network plugin does with them is its own choice. */
  | 'host-network'
  /** Traffic between a pod and its own node is always allowed. */
  | 'node-local'
  /** ipBlock was compared with a pod or node address, which network plugins treat differently. */
  | 'ip-block-inside-cluster'
  /** The answer depends on a port that is not known. */
  | 'port-unknown'
  /** The answer depends on addresses that are not known, or only some of them are allowed. */
  | 'addresses-unknown';

export interface DirectionVerdict {
  readonly state: PolicyState;
  /** `namespace/name`, sorted: those that allow the call; when denied or unknown, those that select the pod. */
  readonly policies: readonly string[];
  readonly caveats: readonly PolicyCaveat[];
}

export interface NetworkVerdict {
  /** Denied if either direction denies, else unknown if either is, else allowed if either allows, else open. */
  readonly state: PolicyState;
  readonly ingress: DirectionVerdict;
  readonly egress: DirectionVerdict;
}

const OPEN: DirectionVerdict = { state: 'open', policies: [], caveats: [] };

/** Policies by the pods that they select; answers are kept as long as the index and the pod's PodEnd. */
export interface PolicyIndex {
  readonly size: number;
  selecting(pod: PodEnd, direction: PolicyDirection): readonly NetworkPolicyRecord[];
}

export function toPolicyIndex(policies: Iterable<NetworkPolicyRecord>): PolicyIndex {
  // Only those of the pod's own namespace can select it.
  const byNamespace = Map.groupBy(policies, ({ namespace }) => namespace);
  const kept = {
    Ingress: new WeakMap<PodEnd, readonly NetworkPolicyRecord[]>(),
    Egress: new WeakMap<PodEnd, readonly NetworkPolicyRecord[]>(),
  };
  let size = 0;
  for (const list of byNamespace.values()) size += list.length;
  return {
    size,
    selecting(pod, direction) {
      const known = kept[direction].get(pod);
      if (known !== undefined) return known;
      const found = (byNamespace.get(pod.namespace) ?? []).filter(
        (policy) => policyDirections(policy).includes(direction) && selectorMatches(policy.podSelector, pod.labels),
      );
      kept[direction].set(pod, found);
      return found;
    },
  };
}

/**
 * Whether the cluster's NetworkPolicies let `client` call `server` (Kubernetes documentation, "Network Policies":
 * both the client's egress and the server's ingress must allow it; policies add up, none takes away).
 */
export function evaluateNetworkPolicies(client: PolicyEnd, server: PolicyEnd, target: PolicyTarget, policies: PolicyIndex): NetworkVerdict {
  const egress = evaluateDirection('Egress', client, server, server, target, policies);
  const ingress = evaluateDirection('Ingress', server, client, server, target, policies);
  return { state: worstState([egress.state, ingress.state]), ingress, egress };
}

const RANK: Readonly<Record<PolicyState, number>> = { open: 0, allowed: 1, unknown: 2, denied: 3 };

/** The state that decides when several answers are taken together. */
export function worstState(states: readonly PolicyState[]): PolicyState {
  return states.reduce<PolicyState>((worst, state) => (RANK[state] > RANK[worst] ? state : worst), 'open');
}

function evaluateDirection(
  direction: PolicyDirection,
  subject: PolicyEnd,
  other: PolicyEnd,
  server: PolicyEnd,
  target: PolicyTarget,
  policies: PolicyIndex,
): DirectionVerdict {
  if (subject.type !== 'pod') return OPEN;
  if (subject.hostNetwork === true) return { ...OPEN, caveats: ['host-network'] };
  const selecting = policies.selecting(subject, direction);
  if (selecting.length === 0) return OPEN;
  if (other.type === 'node' && other.sameNode === true) return { state: 'allowed', policies: [], caveats: ['node-local'] };

  const allowing: string[] = [];
  const caveats = new Set<PolicyCaveat>();
  const unsure = new Set<PolicyCaveat>();
  for (const policy of selecting) {
    const rules = (direction === 'Ingress' ? policy.ingress : policy.egress) ?? [];
    const answers = rules.map((rule) => ruleAllows(rule, policy.namespace, other, server, target));
    if (answers.some((answer) => answer.allows === 'yes')) allowing.push(toPolicyId(policy));
    for (const answer of answers) {
      if (answer.allows === 'yes' && answer.caveat !== undefined) caveats.add(answer.caveat);
      if (answer.allows === 'maybe' && answer.caveat !== undefined) unsure.add(answer.caveat);
    }
  }
  if (allowing.length > 0) return { state: 'allowed', policies: allowing.toSorted(), caveats: [...caveats] };
  const selectingIds = selecting.map(toPolicyId).toSorted();
  if (unsure.size > 0) return { state: 'unknown', policies: selectingIds, caveats: [...unsure] };
  return { state: 'denied', policies: selectingIds, caveats: other.type === 'pod' && other.hostNetwork === true ? ['host-network'] : [] };
}

/** `namespace/name`. */
export function toPolicyId(policy: { readonly namespace: string; readonly name: string }): string {
  return `${policy.namespace}/${policy.name}`;
}

interface Answer {
  readonly allows: 'yes' | 'no' | 'maybe';
  readonly caveat?: PolicyCaveat;
}

const YES: Answer = { allows: 'yes' };
const NO: Answer = { allows: 'no' };

function ruleAllows(rule: PolicyRule, policyNamespace: string, other: PolicyEnd, server: PolicyEnd, target: PolicyTarget): Answer {
  const peer = best((rule.peers ?? []).map((item) => peerMatches(item, policyNamespace, other)));
  if (peer.allows === 'no') return NO;
  const port = best((rule.ports ?? []).map((item) => portMatches(item, server, target)));
  if (port.allows === 'no') return NO;
  return peer.allows === 'maybe' ? peer : port.allows === 'maybe' ? port : peer;
}

/** Any of several alternatives; none given means no restriction. */
function best(answers: readonly Answer[]): Answer {
  if (answers.length === 0) return YES;
  return answers.find((answer) => answer.allows === 'yes') ?? answers.find((answer) => answer.allows === 'maybe') ?? NO;
}

function peerMatches(peer: PolicyPeer, policyNamespace: string, other: PolicyEnd): Answer {
  if (peer.ipBlock !== undefined) return blockMatches(peer.ipBlock, other);
  if (other.type !== 'pod' || other.hostNetwork === true) return NO;
  if (peer.namespaceSelector === undefined && peer.podSelector === undefined) return NO;
  const namespaceMatches =
    peer.namespaceSelector === undefined
      ? other.namespace === policyNamespace
      : selectorMatches(peer.namespaceSelector, namespaceLabelsOf(other));
  return namespaceMatches && (peer.podSelector === undefined || selectorMatches(peer.podSelector, other.labels)) ? YES : NO;
}

/** The control plane sets this label on every namespace since Kubernetes 1.22; dumps may lack the namespace object. */
function namespaceLabelsOf(end: PodEnd): Labels {
  return { 'kubernetes.io/metadata.name': end.namespace, ...end.namespaceLabels };
}

function blockMatches(block: { readonly cidr: string; readonly except?: readonly string[] }, other: PolicyEnd): Answer {
  const addresses = other.addresses ?? [];
  if (addresses.length === 0) {
    // Blocks are meant for what is outside the cluster (the API's documentation of ipBlock): a pod is known by labels.
    return other.type === 'pod' && other.hostNetwork !== true ? NO : { allows: 'maybe', caveat: 'addresses-unknown' };
  }
  const inside = addresses.filter((address) => ipBlockContains(block, address)).length;
  if (other.type !== 'outside') return inside > 0 ? { allows: 'yes', caveat: 'ip-block-inside-cluster' } : NO;
  const isSample = (other.addressCount ?? 0) > addresses.length;
  if (inside === addresses.length && (!isSample || coversFamily(block))) return YES;
  return inside === 0 && !isSample ? NO : { allows: 'maybe', caveat: 'addresses-unknown' };
}

function coversFamily(block: { readonly cidr: string; readonly except?: readonly string[] }): boolean {
  return block.cidr.endsWith('/0') && (block.except ?? []).length === 0;
}

function portMatches(port: PolicyPort, server: PolicyEnd, target: PolicyTarget): Answer {
  const protocol = port.protocol ?? 'TCP';
  // Inside the mesh's tunnel neither port nor protocol are known.
  if (target.protocol === 'HBONE') return { allows: 'maybe', caveat: 'port-unknown' };
  if (target.protocol !== undefined && target.protocol !== protocol) return NO;
  if (port.port === undefined) return target.protocol === undefined ? { allows: 'maybe', caveat: 'port-unknown' } : YES;
  if (target.port === undefined) return { allows: 'maybe', caveat: 'port-unknown' };
  if (typeof port.port === 'string') {
    if (server.type !== 'pod') return NO;
    const named = server.ports?.some((item) => item.name === port.port && item.protocol === protocol && item.containerPort === target.port);
    return named === true ? YES : NO;
  }
  return target.port >= port.port && target.port <= (port.endPort ?? port.port) ? YES : NO;
}
