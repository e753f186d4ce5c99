import type { ClusterView } from '../cluster/cluster-view.ts';
import type { PodEntry } from '../cluster/pod-entry.ts';
import type { EdgeClass } from '../model/edge.ts';
import type { Observation } from '../model/observation.ts';
import { FACTS, FACTS_BITS } from './resolution.ts';
import type { DropReason, Found, Target } from './resolution.ts';

const DNS_PORT = 53;
/** Pods that carry one of these are our own (rule 19). */
const OWN_LABELS: readonly (readonly [string, string])[] = [
  ['app.kubernetes.io/name', 'network-mapper'],
  ['app.kubernetes.io/part-of', 'network-mapper'],
];

/** Whether a node had a sniffer at a time (ms). */
export type HasSniffer = (node: string, at: number) => boolean;

/**
 * Why an observation with these ends makes no edge, if so (rules 8, 17, 18).
 * @param serverFacts what all servers have in common (`commonFacts`)
 */
export function dropReason(
  view: ClusterView,
  hasSniffer: HasSniffer | undefined,
  observation: Observation,
  source: Target,
  serverFacts: number,
): DropReason | undefined {
  const facts = factsOf(view, source);
  const isOutside = (facts & FACTS.internet) !== 0;
  if (observation.kind === 'dns') {
    if (isOutside) return 'dns-foreign-client';
    return (facts & FACTS.dnsServer) !== 0 ? 'dns-server-own' : undefined;
  }
  if (isOutside && (serverFacts & FACTS.internet) !== 0) return 'outside-both';
  if ((serverFacts & FACTS.dnsPort) !== 0) return 'dns-server';
  if (observation.destination.port === DNS_PORT && (facts & FACTS.dnsServer) !== 0) return 'dns-server-own';
  if ((facts & FACTS.node) === 0 || observation.vantage !== 'server') return undefined;
  const { peer } = source;
  if (peer.type === 'node' && hasSniffer?.(peer.name, observation.lastSeenAt) === true) return 'masquerade';
  return undefined;
}

/** Facts that all have, as bits; of none all. */
export function commonFacts(view: ClusterView, targets: readonly Target[]): number {
  let facts = ~0;
  for (const target of targets) facts &= factsOf(view, target);
  return facts;
}

/** A node whose sniffer was not heard of yet: it may be on its way, or report to another replica. */
export function mayBeMasqueraded(hasSniffer: HasSniffer | undefined, observation: Observation, client: Found): boolean {
  if (observation.vantage !== 'server' || hasSniffer === undefined) return false;
  const peer = client.targets?.[0]?.peer;
  return peer?.type === 'node' && !hasSniffer(peer.name, observation.lastSeenAt);
}

/** Bits of FACTS, worked out when first needed, and again when Services of DNS came or changed: a target may be kept as long as its pod. */
export function factsOf(view: ClusterView, target: Target): number {
  return target.facts >>> FACTS_BITS === view.services.dnsRevision ? target.facts : judge(view, target);
}

function judge(view: ClusterView, target: Target): number {
  target.facts = (target.facts & (FACTS.node | FACTS.internet)) | (view.services.dnsRevision << FACTS_BITS);
  if (isDnsServer(view, target)) target.facts |= FACTS.dnsServer;
  if (hasDnsPort(target) && target.pods.some((pod) => view.services.isDnsServer(pod))) target.facts |= FACTS.dnsPort;
  if (isOurs(target.pods)) target.facts |= FACTS.ours;
  return target.facts;
}

/** A pod behind a port 53, or a node with a local listener on it (rule 17). */
function isDnsServer(view: ClusterView, target: Target): boolean {
  if (target.pods.some((pod) => view.services.isDnsServer(pod))) return true;
  if (target.peer.type !== 'node') return false;
  const { name } = target.peer;
  if (view.nodes.listens(name, DNS_PORT, 'UDP')) return true;
  for (const pod of view.pods.onHostNetwork(name)) if (pod.record.ports.some((port) => port.containerPort === DNS_PORT)) return true;
  return false;
}

function hasDnsPort(target: Target): boolean {
  const { port, pods } = target;
  if (port === undefined) return false;
  if (port.servicePort === DNS_PORT || port.port === DNS_PORT) return true;
  return pods.some((pod) =>
    pod.record.ports.some(({ containerPort, name }) => containerPort === port.port && (name === 'dns' || name === 'dns-tcp')),
  );
}

/** A pod that calls itself is no edge; its workload's other pods behind the same Service are (rule 12). */
export function isOnlyItself(source: Target, target: Target): boolean {
  const self = source.firstPod;
  if (self !== undefined) return target.firstPod === self && target.pods.every((pod) => pod === self);
  return source.peer.type === 'node' && target.peer.type === 'node' && source.peer.name === target.peer.name;
}

/** Node-local traffic (rule 19) and our own is `system`. A node's process that asked for a Service is no probe. */
export function classOf(view: ClusterView, observation: Observation, source: Target, target: Target): EdgeClass {
  if (((factsOf(view, source) | factsOf(view, target)) & FACTS.ours) !== 0) return 'system';
  if (observation.kind === 'dns' || (source.facts & FACTS.node) === 0) return 'app';
  const { peer } = source;
  if (peer.type !== 'node' || target.port?.service !== undefined) return 'app';
  return target.pods.length > 0 && target.pods.every((pod) => pod.record.nodeName === peer.name) ? 'system' : 'app';
}

function isOurs(pods: readonly PodEntry[]): boolean {
  return pods.length > 0 && pods.every((pod) => OWN_LABELS.some(([key, value]) => pod.record.labels[key] === value));
}
