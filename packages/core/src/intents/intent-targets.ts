import { compareText } from '../map-document/sort-edges.ts';
import type { Edge } from '../model/edge.ts';
import type { CloudPeer, InternetPeer } from '../model/peer.ts';
import { HTTP_METHODS, KAFKA_OPERATIONS, toResources, toTopics } from './access-terms.ts';
import type { HttpRule, InternetRule, TopicRule } from './client-intents.ts';
import { isConnectionSeen, servicesOf } from './to-intents.ts';

/** What a client may call, before a version of the custom resource words it. */
export type Target =
  | {
      readonly type: 'workload';
      readonly name: string;
      readonly namespace: string;
      readonly kind: string;
      readonly http: readonly HttpRule[];
    }
  | { readonly type: 'service'; readonly name: string; readonly namespace: string; readonly http: readonly HttpRule[] }
  | { readonly type: 'kafka'; readonly name: string; readonly namespace: string; readonly topics: readonly TopicRule[] }
  | { readonly type: 'internet'; readonly rule: InternetRule }
  | { readonly type: 'aws' | 'gcp' | 'azure'; readonly resource: string; readonly actions: readonly string[] };

export interface TargetOptions {
  /** Targets are the Services asked for, where one is known. */
  readonly asKubernetesService?: boolean;
  /** Kafka accesses that the broker denied are targets too. */
  readonly includeDenied?: boolean;
}

/** Targets of one edge; `notes` say what the custom resource has no words for. Both may be empty. */
export interface TargetsOfEdge {
  readonly targets: readonly Target[];
  readonly notes: readonly string[];
}

/** Hosts that the operator's webhook accepts (LDH labels), a leading wildcard allowed. */
const DOMAIN = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

export function toTargets(edge: Edge, options: TargetOptions): TargetsOfEdge {
  const { server } = edge;
  switch (server.type) {
    case 'workload':
    case 'service':
      return toClusterTargets(edge, server, options);
    case 'apiServer':
      return { targets: [{ type: 'service', name: 'kubernetes', namespace: 'default', http: [] }], notes: [] };
    case 'internet':
      return toInternetTargets(edge, server);
    case 'aws':
    case 'gcp':
    case 'azure':
      return toCloudTargets(edge, server);
    case 'node':
    case 'unknown':
      return { targets: [], notes: [] };
  }
}

/** One target for each thing called, sorted by name and namespace: in the cluster, on the internet, in a cloud. */
export function mergeTargets(targets: readonly Target[]): Target[] {
  const merged = new Map<string, Target>();
  for (const target of targets) {
    const key = targetKey(target);
    const known = merged.get(key);
    merged.set(key, known === undefined ? target : merge(known, target));
  }
  return [...merged].toSorted(([a], [b]) => compareText(a, b)).map(([, target]) => target);
}

function toClusterTargets(
  edge: Edge,
  server: { readonly type: 'workload' | 'service'; readonly namespace: string; readonly name: string; readonly kind?: string },
  options: TargetOptions,
): TargetsOfEdge {
  const notes: string[] = [];
  const topics = toTopicRules(edge, server, options, notes);
  const targets: Target[] = topics.length === 0 ? [] : [{ type: 'kafka', name: server.name, namespace: server.namespace, topics }];
  if (!isConnectionSeen(edge)) return { targets, notes };
  const http = toHttpRules(edge, server, notes);
  if (server.type === 'service')
    return { targets: [...targets, { type: 'service', name: server.name, namespace: server.namespace, http }], notes };
  const services = options.asKubernetesService === true ? servicesOf(edge) : [];
  for (const service of services) targets.push({ type: 'service', ...service, http });
  if (services.length === 0 || edge.ports.some((port) => port.service === undefined)) {
    targets.push({ type: 'workload', name: server.name, namespace: server.namespace, kind: server.kind ?? '', http });
  }
  return { targets, notes };
}

type Named = { readonly namespace: string; readonly name: string };

function toTopicRules(edge: Edge, server: Named, options: TargetOptions, notes: string[]): TopicRule[] {
  const topics = toTopics(edge.kafka ?? [], options);
  return topics.flatMap(({ name, operations }) => {
    const known = operations.filter((operation) => KAFKA_OPERATIONS.has(operation));
    const others = operations.filter((operation) => !KAFKA_OPERATIONS.has(operation));
    if (others.length > 0)
      notes.push(`Kafka ${others.join(', ')} on topic ${name} of ${server.name}.${server.namespace}: no such operation here, left out`);
    return known.length === 0 ? [] : [{ name, operations: known }];
  });
}

function toHttpRules(edge: Edge, server: Named, notes: string[]): HttpRule[] {
  return toResources(edge.http ?? []).flatMap(({ path, methods }) => {
    const known = methods.filter((method) => HTTP_METHODS.includes(method));
    const others = methods.filter((method) => !HTTP_METHODS.includes(method));
    const where = `${path} of ${server.name}.${server.namespace}`;
    if (others.length > 0) notes.push(`HTTP ${others.join(', ')} ${where}: no such method here, left out`);
    else if (known.length === 0) notes.push(`HTTP path ${where}: method not known, left out`);
    return known.length === 0 ? [] : [{ path, methods: known }];
  });
}

function toInternetTargets(edge: Edge, server: InternetPeer): TargetsOfEdge {
  const numbers = [...new Set(edge.ports.flatMap(({ port }) => port ?? []))].toSorted((a, b) => a - b);
  const ports = numbers.length === 0 || edge.ports.some(({ port }) => port === undefined) ? {} : { ports: numbers };
  if (server.domain !== undefined) {
    if (!DOMAIN.test(server.domain)) return { targets: [], notes: [`${server.domain}: not a host name that a rule can hold, left out`] };
    return { targets: [{ type: 'internet', rule: { domains: [server.domain], ...ports } }], notes: [] };
  }
  const ips = server.addresses ?? [];
  if (ips.length === 0) return { targets: [], notes: ['internet without a name or an address: left out'] };
  const total = server.addressCount ?? ips.length;
  const notes = total > ips.length ? [`internet without a name: only ${ips.length} of ${total} addresses are known here`] : [];
  return { targets: [{ type: 'internet', rule: { ips: ips.toSorted(), ...ports } }], notes };
}

function toCloudTargets(edge: Edge, server: CloudPeer): TargetsOfEdge {
  const actions = [...new Set((edge.actions ?? []).map(({ action }) => action))].toSorted();
  if (actions.length === 0) return { targets: [], notes: [`${server.resource}: no action known, left out`] };
  return { targets: [{ type: server.type, resource: server.resource, actions }], notes: [] };
}

/** Begins with the sort order: in the cluster by name and namespace (Kafka first), then the internet, then clouds. */
function targetKey(target: Target): string {
  switch (target.type) {
    case 'kafka':
      return ['0', target.name, target.namespace, '0'].join('\u0000');
    case 'service':
      return ['0', target.name, target.namespace, '1'].join('\u0000');
    case 'workload':
      return ['0', target.name, target.namespace, '2', target.kind].join('\u0000');
    case 'internet':
      return [
        '1',
        target.rule.domains?.[0] ?? '\uffff',
        ...(target.rule.ips ?? []),
        ...(target.rule.domains === undefined ? (target.rule.ports ?? []) : []),
      ].join('\u0000');
    case 'aws':
    case 'gcp':
    case 'azure':
      return ['2', target.type, target.resource].join('\u0000');
  }
}

function merge(a: Target, b: Target): Target {
  if (a.type === 'kafka' && b.type === 'kafka') {
    const accesses = [...a.topics, ...b.topics].flatMap(({ name, operations }) =>
      operations.map((operation) => ({ topic: name, operation, allowed: true })),
    );
    return { ...a, topics: toTopics(accesses) };
  }
  if ((a.type === 'workload' || a.type === 'service') && a.type === b.type) return { ...a, http: toResources([...a.http, ...b.http]) };
  if (a.type === 'internet' && b.type === 'internet') return { type: 'internet', rule: mergeInternet(a.rule, b.rule) };
  if ('actions' in a && 'actions' in b) return { ...a, actions: [...new Set([...a.actions, ...b.actions])].toSorted() };
  return a;
}

/** A rule without ports allows all of them. */
function mergeInternet(a: InternetRule, b: InternetRule): InternetRule {
  const { ports: _, ...rest } = a;
  if (a.ports === undefined || b.ports === undefined) return rest;
  return { ...rest, ports: [...new Set([...a.ports, ...b.ports])].toSorted((x, y) => x - y) };
}
