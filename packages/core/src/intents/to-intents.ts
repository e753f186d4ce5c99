import { compareText } from '../map-document/sort-edges.ts';
import type { Edge } from '../model/edge.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';
import { HTTP_METHODS, KAFKA_OPERATIONS, toResources, toTopics } from './access-terms.ts';
import type { Intent, IntentIdentity } from './intent.ts';

/**
 * Edges as the existing command line reads them. Edges of class system and peers that the view has no place for
 * (internet, node, unknown, other clouds) are left out. Sorted by client name and namespace, then server.
 *
 * An edge with Kafka accesses gives two intents, as the existing mapper does: one of type KAFKA whose ends carry no
 * owner kind, and, when the connection itself was seen too, one without type. Its clients rely on that.
 */
export function toIntents(edges: readonly Edge[]): Intent[] {
  return edges.flatMap(toIntentsOfEdge).toSorted((a, b) => compareText(sortKey(a), sortKey(b)));
}

/** Services that the client asked for on this edge, each once, sorted. */
export function servicesOf(edge: Edge): ServiceRef[] {
  const services = new Map<string, ServiceRef>();
  for (const service of [...(edge.services ?? []), ...edge.ports.flatMap((port) => port.service ?? [])]) {
    services.set(`${service.name}.${service.namespace}`, service);
  }
  return [...services].toSorted(([a], [b]) => compareText(a, b)).map(([, service]) => service);
}

/** Whether anything but Kafka's own log knows this edge: then the connection itself was seen. */
export function isConnectionSeen(edge: Edge): boolean {
  const kinds = Object.keys(edge.evidence);
  return edge.kafka === undefined || edge.kafka.length === 0 || kinds.some((kind) => kind !== 'kafka') || (edge.http?.length ?? 0) > 0;
}

function toIntentsOfEdge(edge: Edge): Intent[] {
  if (edge.class === 'system' || edge.client.type !== 'workload') return [];
  const client = toIdentity(edge.client);
  const server = toIdentity(edge.server, servicesOf(edge)[0]?.name);
  if (client === undefined || server === undefined) return [];
  if (edge.server.type === 'aws') {
    return [{ client, server, type: 'AWS', awsActions: (edge.actions ?? []).map(({ action }) => action).toSorted() }];
  }
  const kafkaTopics = toKafkaConfigs(edge);
  const httpResources = toResources(edge.http ?? [])
    .map(({ path, methods }) => ({ path, methods: methods.filter((method) => HTTP_METHODS.includes(method)) }))
    .filter(({ methods }) => methods.length > 0);
  const kafka: Intent[] =
    kafkaTopics.length === 0 ? [] : [{ client: withoutKind(client), server: withoutKind(server), type: 'KAFKA', kafkaTopics }];
  if (!isConnectionSeen(edge)) return kafka;
  return [...kafka, { client, server, ...(httpResources.length > 0 && { type: 'HTTP' as const, httpResources }) }];
}

function toKafkaConfigs(edge: Edge): { name: string; operations: string[] }[] {
  return toTopics(edge.kafka ?? [])
    .map(({ name, operations }) => ({ name, operations: operations.flatMap((operation) => KAFKA_OPERATIONS.get(operation) ?? []) }))
    .filter(({ operations }) => operations.length > 0);
}

function toIdentity(peer: Peer, kubernetesService?: string): IntentIdentity | undefined {
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

function sortKey({ client, server, type }: Intent): string {
  return [client.name, client.namespace, server.name, server.namespace, server.podOwnerKind?.kind ?? '', type ?? ''].join('\u0000');
}
