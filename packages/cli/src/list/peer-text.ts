import { compareText, labelValue, peerName, servicesOf, shownNamespace } from '@nm/core';
import type { Edge, EdgePort, Evidence, KafkaAccess, Peer } from '@nm/core';
import { printable } from '../output/printable.ts';

export interface NamingOptions {
  readonly distinctByLabel?: string;
  readonly asKubernetesService: boolean;
}

/** A peer's name as lists print it, without its namespace. Not yet made printable. */
export function plainName(peer: Peer): string {
  switch (peer.type) {
    case 'node':
      return `node ${peer.name}`;
    case 'unknown':
      return `unknown ${peer.address ?? 'address'}`;
    case 'internet': {
      if (peer.domain !== undefined) return peer.domain;
      const [first, ...others] = peer.addresses ?? [];
      const total = peer.addressCount ?? others.length + 1;
      return first === undefined
        ? 'internet'
        : total === 1
          ? first
          : `internet (${total} addresses: ${[first, ...others].slice(0, 3).join(', ')}${total > 3 ? ', …' : ''})`;
    }
    case 'workload':
    case 'service':
    case 'apiServer':
    case 'aws':
    case 'gcp':
    case 'azure':
      return peerName(peer);
  }
}

/** `name in namespace n`, or the name alone where there is no namespace. */
export function fullName(peer: Peer): string {
  const namespace = shownNamespace(peer);
  return printable(namespace === undefined ? plainName(peer) : `${plainName(peer)} in namespace ${namespace}`);
}

/** What stands before `calls:`. Nameless peers of the internet are one client: `internet`. */
export function clientName(client: Peer, options: NamingOptions): string {
  if (client.type === 'internet') return client.domain === undefined ? 'internet' : `internet ${printable(client.domain)}`;
  if (options.distinctByLabel !== undefined && client.type === 'workload') {
    return printable(`${client.name} with ${options.distinctByLabel}=${labelValue(client, options.distinctByLabel)}`);
  }
  return fullName(client);
}

/** Both ends of an edge on one line, as the naming options want them. */
export function endsOf(edge: Edge, options: NamingOptions): { readonly client: string; readonly server: string } {
  const { client, server } = edge;
  const isByLabel = options.distinctByLabel !== undefined && client.type === 'workload';
  const services = options.asKubernetesService && server.type === 'workload' ? servicesOf(edge) : [];
  return {
    client: isByLabel ? clientName(client, options) : fullName(client),
    server:
      services.length === 0
        ? fullName(server)
        : services.map(({ name, namespace }) => printable(`${name} in namespace ${namespace}`)).join(', '),
  };
}

/** Names under which a server stands in a list: its own, or those of the Services asked for. */
export function serverNames(edge: Edge, options: NamingOptions): { readonly name: string; readonly namespace?: string }[] {
  const services = options.asKubernetesService && edge.server.type === 'workload' ? servicesOf(edge) : [];
  if (services.length > 0) return services.map(({ name, namespace }) => ({ name, namespace }));
  const namespace = shownNamespace(edge.server);
  return [{ name: plainName(edge.server), ...(namespace !== undefined && { namespace }) }];
}

/** `7070/TCP`, with the Service asked for and its port where they are known. */
export function portName(port: EdgePort): string {
  const service =
    port.service === undefined
      ? ''
      : ` (${port.service.name}.${port.service.namespace}${port.servicePort === undefined ? '' : `:${port.servicePort}`})`;
  return printable(`${port.port === undefined ? '' : `${port.port}/`}${port.protocol}${service}`);
}

export function kafkaLines(accesses: readonly KafkaAccess[]): string[] {
  const groups = new Map<string, Set<string>>();
  for (const { resourceType, topic, operation, allowed } of accesses) {
    const what = resourceType === undefined || resourceType.toLowerCase() === 'topic' ? 'topic' : resourceType;
    const key = `Kafka ${what}: ${topic}, ${allowed ? '' : 'denied '}operations: `;
    groups.set(key, (groups.get(key) ?? new Set()).add(operation));
  }
  return [...groups]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([key, operations]) => printable(`${key}[${[...operations].toSorted().join(' ')}]`));
}

/** Kinds of evidence with their counts; `~` before counts of reporters that do not count exactly. */
export function evidenceText(evidence: Edge['evidence']): string {
  return Object.entries(evidence)
    .map(([kind, one]: [string, Evidence]) => `${kind} ${one.approximate === true ? '~' : ''}${one.count}`)
    .join(', ');
}

/** A name was asked for, but nobody was seen connecting. */
export function isLookupOnly(edge: Edge): boolean {
  const kinds = Object.keys(edge.evidence);
  return kinds.length > 0 && kinds.every((kind) => kind === 'dns');
}

/** Every Kafka access was denied and nothing else is known. */
export function isDenied(edge: Edge): boolean {
  const kafka = edge.kafka ?? [];
  return kafka.length > 0 && kafka.every(({ allowed }) => !allowed) && Object.keys(edge.evidence).every((kind) => kind === 'kafka');
}

/** Earliest and latest instant (ms) of an edge's evidence. */
export function seenBetween(edge: Edge): { readonly first: number; readonly last: number } | undefined {
  const all = Object.values(edge.evidence);
  if (all.length === 0) return undefined;
  return { first: Math.min(...all.map((one) => one.firstSeenAt)), last: Math.max(...all.map((one) => one.lastSeenAt)) };
}
