import type { HttpAccess, KafkaAccess } from '../model/edge.ts';

/**
 * Kafka operations in the ClientIntents spelling, each with its name in the GraphQL enum KafkaOperation.
 * Source: the custom resource definition clientintents.k8s.otterize.com.
 */
export const KAFKA_OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['all', 'ALL'],
  ['consume', 'CONSUME'],
  ['produce', 'PRODUCE'],
  ['create', 'CREATE'],
  ['alter', 'ALTER'],
  ['delete', 'DELETE'],
  ['describe', 'DESCRIBE'],
  ['ClusterAction', 'CLUSTER_ACTION'],
  ['DescribeConfigs', 'DESCRIBE_CONFIGS'],
  ['AlterConfigs', 'ALTER_CONFIGS'],
  ['IdempotentWrite', 'IDEMPOTENT_WRITE'],
]);

/** HTTP methods that a ClientIntents document can name (the same definition): neither HEAD nor extension methods. */
export const HTTP_METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'CONNECT'];

export interface KafkaTopicAccess {
  readonly name: string;
  readonly operations: readonly string[];
}

/** Topics with their sorted operations, merged and sorted by topic; accesses of groups and the like are left out. */
export function toTopics(accesses: readonly KafkaAccess[], options: { readonly includeDenied?: boolean } = {}): KafkaTopicAccess[] {
  const topics = new Map<string, Set<string>>();
  for (const access of accesses) {
    if (!isTopic(access) || (!access.allowed && options.includeDenied !== true)) continue;
    const operations = topics.get(access.topic) ?? new Set();
    topics.set(access.topic, operations.add(access.operation));
  }
  return [...topics]
    .map(([name, operations]) => ({ name, operations: [...operations].toSorted() }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Paths with their sorted methods, merged and sorted by path. */
export function toResources(accesses: readonly HttpAccess[]): HttpAccess[] {
  const paths = new Map<string, Set<string>>();
  for (const { path, methods } of accesses) {
    const known = paths.get(path) ?? new Set();
    for (const method of methods) if (method !== 'ALL') known.add(method);
    paths.set(path, known);
  }
  return [...paths].map(([path, methods]) => ({ path, methods: [...methods].toSorted() })).toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

export function isTopic(access: KafkaAccess): boolean {
  return access.resourceType === undefined || access.resourceType.toLowerCase() === 'topic';
}
