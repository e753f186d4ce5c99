import type { EvidenceKind, IntentState, PolicyState } from '@nm/core';
import type { MapLink, MapModel, MapNode } from './model.ts';
import { finish, STEP_SIZE } from './steps.ts';
import type { Steps } from './steps.ts';

/** What policies (the first four) and declared intents say about a call. */
export const PROTECTION_STATES = [
  'allowed',
  'denied',
  'open',
  'unknown',
  'declared',
  'undeclared',
  'unmanaged',
  'unseen',
] as const satisfies readonly (PolicyState | IntentState)[];
export type ProtectionState = (typeof PROTECTION_STATES)[number];

/** What to show. Empty lists are no filter; every filter that is given must hold. */
export interface MapFilter {
  readonly clusters: readonly string[];
  readonly environments: readonly string[];
  readonly namespaces: readonly string[];
  readonly kinds: readonly string[];
  /** `key=value` or `key`. */
  readonly labels: readonly string[];
  readonly evidence: readonly EvidenceKind[];
  readonly ports: readonly number[];
  /** A domain, or `*.example.com` for all below it. */
  readonly domains: readonly string[];
  readonly protection: readonly ProtectionState[];
  readonly text: string;
  readonly excludeNamespaces: readonly string[];
  /** Names of workloads, domains or nodes. */
  readonly excludeNames: readonly string[];
  /** Also system namespaces and edges of class system. */
  readonly showSystem: boolean;
  /** Also ends that nobody owned. */
  readonly showUnknown: boolean;
  /** Hides everything outside the cluster. */
  readonly hideInternet: boolean;
  /** Only edges seen since then (milliseconds since the Unix epoch). */
  readonly seenSince?: number;
}

export const NO_FILTER: MapFilter = {
  clusters: [],
  environments: [],
  namespaces: [],
  kinds: [],
  labels: [],
  evidence: [],
  ports: [],
  domains: [],
  protection: [],
  text: '',
  excludeNamespaces: [],
  excludeNames: [],
  showSystem: false,
  showUnknown: false,
  hideInternet: false,
};

/** Links that pass, in the model's order. */
export function filterLinks(model: MapModel, filter: MapFilter): MapLink[] {
  return finish(filterSteps(model, filter));
}

/** The same in steps, for maps that take longer than a page may be busy. */
export function* filterSteps(model: MapModel, filter: MapFilter): Steps<MapLink[]> {
  const passes = toPredicate(filter);
  const links: MapLink[] = [];
  let done = 0;
  for (const link of model.links.values()) {
    if (passes(link)) links.push(link);
    if (++done % STEP_SIZE === 0) yield;
  }
  return links;
}

/** The filter as one function; the parts that are not used cost nothing per link. */
export function toPredicate(filter: MapFilter): (link: MapLink) => boolean {
  const tests: ((link: MapLink) => boolean)[] = [];
  const either = (test: (node: MapNode) => boolean) => tests.push((link) => test(link.client) || test(link.server));
  const neither = (test: (node: MapNode) => boolean) => tests.push((link) => !test(link.client) && !test(link.server));

  const { seenSince } = filter;
  if (!filter.showSystem) {
    tests.push((link) => link.edge.class !== 'system');
    // A namespace that was asked for by name is wanted, whatever it is.
    neither((node) => node.isSystem && !includes(filter.namespaces, node.namespace));
  }
  if (!filter.showUnknown) neither((node) => node.type === 'unknown');
  if (filter.hideInternet) neither((node) => node.type === 'internet');
  if (filter.clusters.length > 0) either((node) => includes(filter.clusters, node.cluster));
  if (filter.environments.length > 0) either((node) => includes(filter.environments, node.environment));
  if (filter.namespaces.length > 0) either((node) => includes(filter.namespaces, node.namespace));
  if (filter.excludeNamespaces.length > 0) neither((node) => includes(filter.excludeNamespaces, node.namespace));
  if (filter.excludeNames.length > 0) neither((node) => filter.excludeNames.includes(node.name));
  if (filter.kinds.length > 0) either((node) => node.peer.type === 'workload' && filter.kinds.includes(node.peer.kind));
  for (const label of filter.labels) either((node) => hasLabel(node, label));
  if (filter.evidence.length > 0) tests.push((link) => filter.evidence.some((kind) => link.edge.evidence[kind] !== undefined));
  if (filter.ports.length > 0) {
    tests.push((link) => link.edge.ports.some(({ port }) => port !== undefined && filter.ports.includes(port)));
  }
  if (filter.protection.length > 0) tests.push((link) => protectionStates(link).some((state) => filter.protection.includes(state)));
  if (filter.domains.length > 0) tests.push((link) => filter.domains.some((domain) => hasDomain(link, domain.toLowerCase())));
  if (seenSince !== undefined) {
    // What is only declared has no time at which it was seen.
    tests.push((link) => link.lastSeenAt >= seenSince || link.edge.protection?.intents === 'unseen');
  }
  const text = filter.text.trim().toLowerCase();
  // Of many calls in one nobody knows which of them would pass.
  if (asksForDetails(filter)) tests.push((link) => link.standsFor === undefined);
  if (text !== '') tests.push((link) => searchText(link).includes(text));
  return (link) => tests.every((test) => test(link));
}

/** Whether a filter looks at more of a call than the namespaces of its ends, or wants what a picture from above leaves out. */
export function asksForDetails(filter: MapFilter): boolean {
  const lists = [filter.kinds, filter.labels, filter.evidence, filter.ports, filter.domains, filter.protection, filter.excludeNames];
  return filter.showSystem || filter.showUnknown || filter.text.trim() !== '' || lists.some((list) => list.length > 0);
}

/** At most one word of the policies, one of the intents. */
export function protectionStates({ policy, edge }: MapLink): ProtectionState[] {
  const { intents } = edge.protection ?? {};
  return [...(policy === undefined ? [] : [policy]), ...(intents === undefined ? [] : [intents])];
}

function includes(list: readonly string[], value: string | undefined): boolean {
  return value !== undefined && list.includes(value);
}

function hasLabel(node: MapNode, label: string): boolean {
  const labels = node.peer.type === 'workload' ? node.peer.labels : undefined;
  if (labels === undefined) return false;
  const at = label.indexOf('=');
  return at < 0 ? Object.hasOwn(labels, label) : labels[label.slice(0, at)] === label.slice(at + 1);
}

function hasDomain(link: MapLink, wanted: string): boolean {
  const names = [...(link.edge.names ?? [])];
  for (const { peer } of [link.client, link.server]) if (peer.type === 'internet' && peer.domain !== undefined) names.push(peer.domain);
  return names.some((name) => (wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) : name === wanted));
}

/** Lower-case text in which a search looks: names, namespaces, addresses, topics, paths. */
export function searchText(link: MapLink): string {
  const { edge } = link;
  const parts = [nodeText(link.client), nodeText(link.server)];
  for (const { topic } of edge.kafka ?? []) parts.push(topic);
  for (const { path } of edge.http ?? []) parts.push(path);
  for (const { action } of edge.actions ?? []) parts.push(action);
  if (edge.names !== undefined) parts.push(...edge.names);
  return parts.join('\n').toLowerCase();
}

export function nodeText(node: MapNode): string {
  const { peer } = node;
  const parts = [node.name, node.namespace ?? ''];
  if (peer.type === 'workload') parts.push(peer.kind);
  if (peer.type === 'internet' || peer.type === 'service') parts.push(...(peer.addresses ?? []));
  if (peer.type === 'aws' || peer.type === 'gcp' || peer.type === 'azure') parts.push(peer.resource);
  return parts.join('\n');
}
