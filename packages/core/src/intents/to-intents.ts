import { compareText } from '../map-document/sort-edges.ts';
import type { Edge, EdgePort, EvidenceKind } from '../model/edge.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';
import { HTTP_METHODS, KAFKA_OPERATIONS, toResources, toTopics } from './access-terms.ts';
import type { Intent, IntentIdentity } from './intent.ts';

/** What of an edge its intents are made of. */
export interface IntentEdge extends Pick<Edge, 'client' | 'server' | 'class' | 'services' | 'kafka' | 'http' | 'actions'> {
  readonly evidence: Readonly<Partial<Record<EvidenceKind, unknown>>>;
  readonly ports: readonly Pick<EdgePort, 'service'>[];
}

/** The end of an intent; undefined for peers that the view has no place for. */
export type ToIdentity = (peer: Peer, kubernetesService: string | undefined) => IntentIdentity | undefined;

/**
 * An edge as the existing command line reads it. Edges of class system and peers that the view has no place for
 * (internet, node, unknown, other clouds) give nothing.
 *
 * An edge with Kafka accesses gives two intents, as the existing mapper does: one of type KAFKA whose ends carry no
 * owner kind, and, when the connection itself was seen too, one without type. Its clients rely on that.
 */
export function toIntents(edge: IntentEdge): Intent[] {
  return toIntentsOf(edge, toIdentity);
}

/** The same for who makes very many, and keeps what `toIdentity` gives. */
export function toIntentsOf(edge: IntentEdge, identityOf: ToIdentity): Intent[] {
  if (edge.class === 'system' || edge.client.type !== 'workload') return [];
  const client = identityOf(edge.client, undefined);
  const server = identityOf(edge.server, servicesOf(edge)[0]?.name);
  if (client === undefined || server === undefined) return [];
  if (edge.server.type === 'aws') {
    return [{ client, server, type: 'AWS', awsActions: (edge.actions ?? []).map(({ action }) => action).toSorted() }];
  }
  const kafkaTopics = toKafkaConfigs(edge);
  const httpResources = toHttpResources(edge);
  const kafka: Intent[] =
    kafkaTopics.length === 0 ? [] : [{ client: withoutKind(client), server: withoutKind(server), type: 'KAFKA', kafkaTopics }];
  if (!isConnectionSeen(edge)) return kafka;
  return [...kafka, { client, server, ...(httpResources.length > 0 && { type: 'HTTP' as const, httpResources }) }];
}

/** Services that the client asked for on this edge, each once, sorted. */
export function servicesOf(edge: Pick<IntentEdge, 'services' | 'ports'>): ServiceRef[] {
  if ((edge.services ?? []).length === 0 && edge.ports.length === 0) return [];
  const services = new Map<string, ServiceRef>();
  for (const service of [...(edge.services ?? []), ...edge.ports.flatMap((port) => port.service ?? [])]) {
    services.set(`${service.name}.${service.namespace}`, service);
  }
  return [...services].toSorted(([a], [b]) => compareText(a, b)).map(([, service]) => service);
}

/** Whether anything but Kafka's own log knows this edge: then the connection itself was seen. */
export function isConnectionSeen(edge: IntentEdge): boolean {
  const kinds = Object.keys(edge.evidence);
  return edge.kafka === undefined || edge.kafka.length === 0 || kinds.some((kind) => kind !== 'kafka') || (edge.http?.length ?? 0) > 0;
}

function toHttpResources({ http = [] }: IntentEdge): { path: string; methods: string[] }[] {
  if (http.length === 0) return [];
  return toResources(http)
    .map(({ path, methods }) => ({ path, methods: methods.filter((method) => HTTP_METHODS.includes(method)) }))
    .filter(({ methods }) => methods.length > 0);
}

function toKafkaConfigs({ kafka = [] }: IntentEdge): { name: string; operations: string[] }[] {
  if (kafka.length === 0) return [];
  return toTopics(kafka)
    .map(({ name, operations }) => ({ name, operations: operations.flatMap((operation) => KAFKA_OPERATIONS.get(operation) ?? []) }))
    .filter(({ operations }) => operations.length > 0);
}

export function toIdentity(peer: Peer, kubernetesService: string | undefined): IntentIdentity | undefined {
  switch (peer.type) {
    case 'workload':
      return {
        name: peer.name,
        namespace: peer.namespace,
        labels: Object.entries(peer.labels ?? {}).map(([key, value]) => ({ key, value })),
        ...(peer.kind === '' ? { nameResolvedUsingAnnotation: true } : { podOwnerKind: toOwnerKind(peer.kind) }),
        ...(kubernetesService !== undefined && { kubernetesService }),
      };
    case 'service':
      return serviceIdentity(peer.name, peer.namespace);
    case 'apiServer':
      return serviceIdentity('kubernetes', 'default');
    case 'aws':
      return { name: peer.resource, namespace: '', labels: [] };
    case 'internet':
    case 'node':
    case 'gcp':
    case 'azure':
    case 'unknown':
      return undefined;
  }
}

function serviceIdentity(name: string, namespace: string): IntentIdentity {
  return { name, namespace, labels: [], podOwnerKind: { group: '', version: 'v1', kind: 'Service' }, kubernetesService: name };
}

const GROUPS: Readonly<Record<string, string>> = {
  Deployment: 'apps',
  StatefulSet: 'apps',
  DaemonSet: 'apps',
  ReplicaSet: 'apps',
  Job: 'batch',
  CronJob: 'batch',
};

/** Group and version of the owner kinds that Kubernetes brings; of a custom owner only the kind is known. */
function toOwnerKind(kind: string): { group: string; version: string; kind: string } {
  return { group: GROUPS[kind] ?? '', version: 'v1', kind };
}

function withoutKind(identity: IntentIdentity): IntentIdentity {
  const { podOwnerKind, ...rest } = identity;
  return podOwnerKind === undefined ? identity : rest;
}
