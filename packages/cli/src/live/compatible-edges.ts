import type { Operation, schema } from '@nm/api';
import { KAFKA_OPERATIONS, peerKey, sortEdges } from '@nm/core';
import type { Edge, EdgeFilter, HttpAccess, KafkaAccess, Peer } from '@nm/core';

/** What every mapper answers, older ones too: a query of the existing command line with fewer fields than ours. */
export const OLD_INTENTS: Operation<{ readonly intents: readonly schema.Intent[] }, schema.QueryIntentsArgs> = {
  name: 'Intents',
  text: `query Intents($namespaces: [String!], $includeLabels: [String!], $excludeServiceWithLabels: [String!], $server: ServerFilter) {
  intents(namespaces: $namespaces, includeLabels: $includeLabels, excludeServiceWithLabels: $excludeServiceWithLabels, server: $server) {
    client { ...Identity } server { ...Identity } kafkaTopics { name operations } httpResources { path methods }
  }
} fragment Identity on OtterizeServiceIdentity { name namespace labels { key value } podOwnerKind { group version kind } kubernetesService }`,
};

/** Variables for a filter; lists are never absent, which the oldest mappers would not take. */
export function toIntentsVariables(filter: EdgeFilter, labelKeys: readonly string[]): schema.QueryIntentsArgs {
  const { server, excludeLabels = [] } = filter;
  return {
    namespaces: filter.namespaces ?? [],
    includeLabels: [...labelKeys, ...excludeLabels.map(({ key }) => key)],
    excludeServiceWithLabels: excludeLabels.map(({ key, value }) => `${key}=${value}`),
    server: server?.namespace === undefined ? null : { name: server.name, namespace: server.namespace },
  };
}

interface Details {
  readonly client: Peer;
  readonly server: Peer;
  services?: Edge['services'];
  readonly kafka: KafkaAccess[];
  readonly http: HttpAccess[];
}

/** Intents as edges, without what they do not tell: times, ports, evidence. */
export function fromIntents(intents: readonly schema.Intent[], cluster = 'default'): Edge[] {
  const found = new Map<string, Details>();
  for (const intent of intents) {
    const client = toPeer(intent.client, cluster);
    const server = toPeer(intent.server, cluster);
    const key = `${peerKey(client)}>${peerKey(server)}`;
    let details = found.get(key);
    if (details === undefined) found.set(key, (details = { client, server, kafka: [], http: [] }));
    const service = intent.server.kubernetesService;
    if (service != null && server.type === 'workload') details.services = [{ namespace: intent.server.namespace, name: service }];
    for (const { name, operations } of intent.kafkaTopics ?? [])
      for (const operation of operations ?? []) details.kafka.push({ topic: name, operation: spelling(operation), allowed: true });
    for (const { path, methods } of intent.httpResources ?? []) details.http.push({ path, methods: methods ?? [] });
  }
  return sortEdges(
    [...found.values()].map(({ client, server, services, kafka, http }) => ({
      client,
      server,
      class: 'app',
      shared: false,
      evidence: {},
      ports: [],
      ...(services !== undefined && { services }),
      ...(kafka.length > 0 && { kafka }),
      ...(http.length > 0 && { http }),
    })),
  );
}

function toPeer({ name, namespace, labels, podOwnerKind }: schema.OtterizeServiceIdentity, cluster: string): Peer {
  if (name === 'kubernetes' && namespace === 'default') return { type: 'apiServer', cluster };
  const pairs = (labels ?? []).map(({ key, value }) => [key, value] as const);
  return {
    type: 'workload',
    cluster,
    namespace,
    name,
    kind: podOwnerKind?.kind ?? '',
    ...(pairs.length > 0 && { labels: Object.fromEntries(pairs) }),
  };
}

const SPELLINGS: ReadonlyMap<string, string> = new Map([...KAFKA_OPERATIONS].map(([ours, theirs]) => [theirs, ours]));

function spelling(operation: string): string {
  return SPELLINGS.get(operation) ?? operation.toLowerCase();
}
