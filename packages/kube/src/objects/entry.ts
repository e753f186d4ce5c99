import type { EntryBackend, EntryRecord } from '@nm/core';
import { addressesOf, objectOf, objectsOf, optional, portOf, textOf, textsOf } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { toMetadata } from './metadata.ts';

/** Istio and Knative have kinds of the same names. */
export function isEntryVersion(apiVersion: string | undefined): boolean {
  const group = apiVersion?.split('/')[0];
  return group === undefined || group === 'networking.k8s.io' || group === 'gateway.networking.k8s.io' || group === 'extensions';
}

/**
 * An Ingress (networking.k8s.io/v1, or v1beta1 as old manifests have it), or a Gateway or route of the Gateway API;
 * undefined without a name.
 */
export function toEntryRecord(object: JsonObject, kind: string): EntryRecord | undefined {
  const metadata = toMetadata(object, kind, true);
  if (metadata === undefined) return undefined;
  const { uid, namespace, name } = metadata;
  const spec = objectOf(object['spec']);
  const status = objectOf(object['status']);
  const head = { uid, kind, namespace, name };
  if (kind === 'Ingress') return { ...head, ...ingressParts(spec, status, namespace) };
  if (kind === 'Gateway') return { ...head, ...gatewayParts(spec, status) };
  return { ...head, ...routeParts(spec, namespace) };
}

type Parts = Omit<EntryRecord, 'uid' | 'kind' | 'namespace' | 'name'>;

function ingressParts(spec: JsonObject, status: JsonObject, namespace: string): Parts {
  const balancers = objectsOf(objectOf(status['loadBalancer'])['ingress']);
  const rules = objectsOf(spec['rules']);
  const usual = toIngressBackend(spec['defaultBackend'] ?? spec['backend'], namespace, undefined);
  return {
    addresses: addressesOf(balancers.map(({ ip }) => ip)),
    hostnames: toHosts(balancers.map(({ hostname }) => hostname)),
    hosts: rules.every(({ host }) => textOf(host) !== undefined) && usual.length === 0 ? toHosts(rules.map(({ host }) => host)) : [],
    backends: [
      ...rules.flatMap((rule) =>
        objectsOf(objectOf(rule['http'])['paths']).flatMap((path) => toIngressBackend(path['backend'], namespace, textOf(rule['host']))),
      ),
      ...usual,
    ],
    parents: [],
  };
}

function toIngressBackend(value: unknown, namespace: string, host: string | undefined): EntryBackend[] {
  const backend = objectOf(value);
  const service = objectOf(backend['service']);
  const port = objectOf(service['port']);
  const name = textOf(service['name']) ?? textOf(backend['serviceName']);
  if (name === undefined) return [];
  const number = portOf(port['number']) ?? portOf(backend['servicePort']);
  return [
    {
      ...optional('host', host?.toLowerCase()),
      namespace,
      service: name,
      ...optional('port', number ?? textOf(port['name']) ?? textOf(backend['servicePort'])),
    },
  ];
}

function gatewayParts(spec: JsonObject, status: JsonObject): Parts {
  const given = objectsOf(status['addresses']).filter(({ type }) => type === undefined || type === 'IPAddress');
  const named = objectsOf(status['addresses']).filter(({ type }) => type === 'Hostname');
  const listeners = objectsOf(spec['listeners']);
  return {
    addresses: addressesOf(given.map(({ value }) => value)),
    hostnames: toHosts(named.map(({ value }) => value)),
    hosts: listeners.every(({ hostname }) => textOf(hostname) !== undefined) ? toHosts(listeners.map(({ hostname }) => hostname)) : [],
    backends: [],
    parents: [],
  };
}

function routeParts(spec: JsonObject, namespace: string): Parts {
  const refs = objectsOf(spec['rules']).flatMap((rule) => objectsOf(rule['backendRefs']));
  const parents = objectsOf(spec['parentRefs']).filter(({ kind }) => kind === undefined || kind === 'Gateway');
  return {
    addresses: [],
    hostnames: [],
    hosts: toHosts(textsOf(spec['hostnames'])),
    backends: refs.flatMap((ref) => {
      const service = textOf(ref['name']);
      if (service === undefined || (ref['kind'] !== undefined && ref['kind'] !== 'Service')) return [];
      return [{ namespace: textOf(ref['namespace']) ?? namespace, service, ...optional('port', portOf(ref['port'])) }];
    }),
    parents: parents.flatMap((ref) => {
      const name = textOf(ref['name']);
      return name === undefined ? [] : [`${textOf(ref['namespace']) ?? namespace}/${name}`];
    }),
  };
}

function toHosts(values: readonly unknown[]): string[] {
  return [...new Set(values.flatMap((value) => textOf(value) ?? []).map((text) => text.toLowerCase().replace(/\.$/, '')))];
}
