import { canonicalAddress } from '@nm/core';
import type { EndpointsRecord } from '@nm/core';
import { objectOf, objectsOf, optional, portOf, protocolOf, textOf, textsOf } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { toMetadata } from './metadata.ts';

type EndpointAddress = EndpointsRecord['addresses'][number];
type EndpointPort = EndpointsRecord['ports'][number];

/** A core/v1 Endpoints; undefined without a name. Its subsets are taken together. */
export function toEndpointsRecord(object: JsonObject): EndpointsRecord | undefined {
  const metadata = toMetadata(object, 'Endpoints', true);
  if (metadata === undefined) return undefined;
  const subsets = objectsOf(object['subsets']);
  const addresses = subsets.flatMap((subset) => [
    ...objectsOf(subset['addresses']).flatMap((entry) => toAddress([entry['ip']], entry, true)),
    ...objectsOf(subset['notReadyAddresses']).flatMap((entry) => toAddress([entry['ip']], entry, false)),
  ]);
  return {
    id: `Endpoints/${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace,
    service: metadata.name,
    addresses: distinct(addresses, (entry) => `${entry.address} ${entry.podUid ?? ''}`),
    ports: distinct(
      subsets.flatMap((subset) => toPorts(subset['ports'])),
      portKey,
    ),
  };
}

/** A discovery.k8s.io EndpointSlice, v1 or v1beta1; undefined without a name or a Service. */
export function toEndpointSliceRecord(object: JsonObject): EndpointsRecord | undefined {
  const metadata = toMetadata(object, 'EndpointSlice', true);
  if (metadata === undefined) return undefined;
  // The label is the standard's (discovery.k8s.io LabelServiceName); slices made by hand may only have the owner.
  const service = textOf(metadata.labels['kubernetes.io/service-name']) ?? metadata.owners.find((owner) => owner.kind === 'Service')?.name;
  if (service === undefined) return undefined;
  const addresses = objectsOf(object['endpoints']).flatMap((endpoint) =>
    // "A nil value should be interpreted as ready" (API reference, EndpointConditions).
    toAddress(textsOf(endpoint['addresses']), endpoint, objectOf(endpoint['conditions'])['ready'] !== false),
  );
  return {
    id: `EndpointSlice/${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace,
    service,
    addresses,
    ports: toPorts(object['ports']),
  };
}

function toAddress(texts: readonly unknown[], endpoint: JsonObject, ready: boolean): EndpointAddress[] {
  const target = objectOf(endpoint['targetRef']);
  const podUid = target['kind'] === 'Pod' ? textOf(target['uid']) : undefined;
  return texts.flatMap((text) => {
    const address = typeof text === 'string' ? canonicalAddress(text) : undefined;
    if (address === undefined) return [];
    return [{ address, ...optional('podUid', podUid), ready, ...optional('hostname', textOf(endpoint['hostname'])) }];
  });
}

function toPorts(value: unknown): EndpointPort[] {
  return objectsOf(value).flatMap((entry) => {
    const port = portOf(entry['port']);
    return port === undefined ? [] : [{ ...optional('name', textOf(entry['name'])), port, protocol: protocolOf(entry['protocol']) }];
  });
}

function portKey(port: EndpointPort): string {
  return `${port.name ?? ''} ${port.port} ${port.protocol}`;
}

function distinct<Item>(items: readonly Item[], key: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
