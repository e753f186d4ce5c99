import { compareText } from '../map-document/sort-edges.ts';
import type { Edge } from '../model/edge.ts';
import type { WorkloadPeer } from '../model/peer.ts';
import type { CallV1, ClientIntents, ClientIntentsVersion, ExportedIntents, TargetV2 } from './client-intents.ts';
import { mergeTargets, toTargets } from './intent-targets.ts';
import type { Target, TargetOptions, TargetsOfEdge } from './intent-targets.ts';
import { labelValue } from './label-value.ts';

export interface ClientIntentsOptions extends TargetOptions {
  readonly version: ClientIntentsVersion;
  /** Documents per client name and value of this label instead of per client name and namespace. */
  readonly distinctByLabel?: string;
  readonly includeSystem?: boolean;
}

export interface ClientIntentsExport {
  /** Sorted by client name, then namespace. */
  readonly documents: readonly ExportedIntents[];
  /** Edges that no document mentions: the custom resource has no words for them. */
  readonly leftOut: number;
  /** The same by reason, most first. */
  readonly leftOutFor: readonly { readonly reason: LeftOutReason; readonly count: number }[];
}

export type LeftOutReason =
  | 'clients outside the cluster'
  | 'clients that are nodes or unknown addresses'
  | 'nodes and unknown addresses'
  | 'names that are no host names'
  | 'denied accesses'
  | 'methods, operations or actions that it does not know';

interface Client {
  readonly peer: WorkloadPeer;
  readonly label?: string;
  readonly kinds: Set<string>;
  readonly targets: Target[];
  readonly notes: string[];
}

/** ClientIntents documents of these edges. Clients that are not workloads, nodes and unknown peers are left out. */
export function toClientIntents(edges: readonly Edge[], options: ClientIntentsOptions): ClientIntentsExport {
  const ambiguous = ambiguousClients(edges, options);
  const clients = new Map<string, Client>();
  const reasons = new Map<LeftOutReason, number>();
  for (const edge of edges) {
    if (edge.class === 'system' && options.includeSystem !== true) continue;
    const { targets, notes } = edge.client.type === 'workload' ? toExpressible(edge, options) : { targets: [], notes: [] };
    if (targets.length === 0) {
      const reason = reasonOf(edge);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    if (edge.client.type !== 'workload' || (targets.length === 0 && notes.length === 0)) continue;
    const base = clientKey(edge.client, options);
    const key = ambiguous.has(base) ? `${base}\u0000${edge.client.kind}` : base;
    const client = clients.get(key) ?? newClient(edge.client, options);
    clients.set(key, client);
    client.kinds.add(edge.client.kind);
    client.targets.push(...targets);
    client.notes.push(...notes);
  }
  const clusters = new Set([...clients.values()].map(({ peer }) => peer.cluster));
  const names = new Set<string>();
  const documents = [...clients]
    .toSorted(([a], [b]) => compareText(a, b))
    .filter(([, client]) => client.targets.length > 0)
    .map(([, client]) => toDocument(client, options, names, clusters.size > 1));
  const leftOutFor = [...reasons].map(([reason, count]) => ({ reason, count })).toSorted((a, b) => b.count - a.count);
  return { documents, leftOut: leftOutFor.reduce((sum, { count }) => sum + count, 0), leftOutFor };
}

/** Why an edge has no target. */
function reasonOf({ client, server, kafka }: Edge): LeftOutReason {
  if (client.type === 'internet') return 'clients outside the cluster';
  if (client.type !== 'workload') return 'clients that are nodes or unknown addresses';
  if (server.type === 'node' || server.type === 'unknown') return 'nodes and unknown addresses';
  if (server.type === 'internet') return 'names that are no host names';
  return kafka?.some(({ allowed }) => !allowed) === true ? 'denied accesses' : 'methods, operations or actions that it does not know';
}

/** Clients of which several kinds have one name: each kind then gets its own document. */
function ambiguousClients(edges: readonly Edge[], options: ClientIntentsOptions): Set<string> {
  const kinds = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const { client } of edges) {
    if (client.type !== 'workload' || client.kind === '') continue;
    const key = clientKey(client, options);
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, client.kind);
    else if (known !== client.kind) ambiguous.add(key);
  }
  return ambiguous;
}

function clientKey(client: WorkloadPeer, options: ClientIntentsOptions): string {
  const scope = options.distinctByLabel === undefined ? client.namespace : labelValue(client, options.distinctByLabel);
  return [client.name, scope, client.cluster].join('\u0000');
}

function newClient(peer: WorkloadPeer, options: ClientIntentsOptions): Client {
  const label = options.distinctByLabel === undefined ? {} : { label: labelValue(peer, options.distinctByLabel) };
  return { peer, ...label, kinds: new Set(), targets: [], notes: [] };
}

function toDocument(client: Client, options: ClientIntentsOptions, names: Set<string>, severalClusters: boolean): ExportedIntents {
  const { peer } = client;
  const targets = mergeTargets(client.targets);
  const [kind] = client.kinds.size === 1 ? client.kinds : [''];
  const metadata = { name: documentName(client, kind ?? '', names), namespace: peer.namespace };
  const notes = [...new Set([...(severalClusters ? [`cluster ${peer.cluster}`] : []), ...client.notes])].toSorted();
  const document: ClientIntents =
    options.version === 'v1alpha3'
      ? {
          apiVersion: 'k8s.otterize.com/v1alpha3',
          kind: 'ClientIntents',
          metadata,
          spec: { service: { name: peer.name }, calls: toCalls(targets, peer.namespace) },
        }
      : {
          apiVersion: 'k8s.otterize.com/v2beta1',
          kind: 'ClientIntents',
          metadata,
          spec: {
            workload: { name: peer.name, ...(isKindKnown(kind, targets) && { kind }) },
            targets: targets.map((target) => toTargetV2(target, peer.namespace)),
          },
        };
  return { document, notes };
}

/**
 * A document without a kind covers every workload of that name. The recorded documents leave it out of clients that
 * Kafka's log named, because that log knows no kinds; ours stay equal to them.
 */
function isKindKnown(kind: string | undefined, targets: readonly Target[]): kind is string {
  return kind !== undefined && kind !== '' && !targets.some(({ type }) => type === 'kafka');
}

/** Object names are DNS subdomains (RFC 1123) and unique in a namespace; workload names need not be either. */
function documentName(client: Client, kind: string, names: Set<string>): string {
  const { name, namespace, cluster } = client.peer;
  const plain = toObjectName(name);
  const candidates = [plain, toObjectName([plain, client.label, kind].filter((part) => part !== undefined && part !== '').join('-'))];
  for (let number = 2; ; number += 1) {
    const candidate = candidates.shift() ?? `${plain}-${number}`;
    const key = `${cluster}/${namespace}/${candidate}`;
    if (names.has(key)) continue;
    names.add(key);
    return candidate;
  }
}

function toObjectName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 253);
  return name === '' ? 'client' : name;
}

/** v1alpha3 knows Azure's roles only, which traffic does not show. */
function toExpressible(edge: Edge, options: ClientIntentsOptions): TargetsOfEdge {
  if (edge.server.type !== 'azure' || options.version !== 'v1alpha3') return toTargets(edge, options);
  return { targets: [], notes: [`${edge.server.resource}: v1alpha3 has no Azure actions, left out`] };
}

/** Names in another namespace carry it. */
function qualified(target: { readonly name: string; readonly namespace: string }, namespace: string): string {
  return target.namespace === namespace ? target.name : `${target.name}.${target.namespace}`;
}

function isApiServer(target: { readonly name: string; readonly namespace: string }): boolean {
  return target.name === 'kubernetes' && target.namespace === 'default';
}

function toTargetV2(target: Target, namespace: string): TargetV2 {
  switch (target.type) {
    case 'workload':
      return {
        kubernetes: {
          name: qualified(target, namespace),
          ...(target.kind !== '' && { kind: target.kind }),
          ...(target.http.length > 0 && { http: target.http }),
        },
      };
    case 'service':
      return {
        service: {
          name: isApiServer(target) ? 'kubernetes.default' : qualified(target, namespace),
          ...(target.http.length > 0 && { http: target.http }),
        },
      };
    case 'kafka':
      return { kafka: { name: qualified(target, namespace), topics: target.topics } };
    case 'internet':
      return { internet: target.rule };
    case 'aws':
      return { aws: { arn: target.resource, actions: target.actions } };
    case 'gcp':
      return { gcp: { resource: target.resource, permissions: target.actions } };
    case 'azure':
      return { azure: { scope: target.resource, actions: target.actions } };
  }
}

/**
 * v1alpha3 names a server without its kind; the kind is written where the name alone would mean something else: a
 * Service, or one of several workloads of that name. A call with a type stands for the plain one to the same server.
 */
function toCalls(targets: readonly Target[], namespace: string): CallV1[] {
  const kafka = new Set(targets.flatMap((target) => (target.type === 'kafka' ? [qualified(target, namespace)] : [])));
  const kinds = new Map<string, Set<string>>();
  for (const target of targets) {
    if (target.type !== 'workload') continue;
    const name = qualified(target, namespace);
    kinds.set(name, (kinds.get(name) ?? new Set()).add(target.kind));
  }
  return targets.flatMap((target): CallV1[] => {
    switch (target.type) {
      case 'workload': {
        const name = qualified(target, namespace);
        const several = (kinds.get(name)?.size ?? 0) > 1;
        if (target.http.length === 0 && kafka.has(name) && !several) return [];
        return [{ name, ...(several && target.kind !== '' && { kind: target.kind }), ...httpPart(target.http) }];
      }
      case 'service':
        if (isApiServer(target)) return [{ name: 'svc:kubernetes.default', ...httpPart(target.http) }];
        return [{ name: qualified(target, namespace), kind: 'Service', ...httpPart(target.http) }];
      case 'kafka':
        return [{ name: qualified(target, namespace), type: 'kafka', kafkaTopics: target.topics }];
      case 'internet':
        return [{ type: 'internet', internet: target.rule }];
      case 'aws':
        return [{ name: target.resource, type: 'aws', awsActions: target.actions }];
      case 'gcp':
        return [{ name: target.resource, type: 'gcp', gcpPermissions: target.actions }];
      case 'azure':
        return [];
    }
  });
}

function httpPart(http: readonly { readonly path: string; readonly methods: readonly string[] }[]): Pick<CallV1, 'type' | 'HTTPResources'> {
  return http.length === 0 ? {} : { type: 'http', HTTPResources: http };
}
