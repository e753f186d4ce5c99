import { isLoopbackAddress, isPrivateAddress } from '../cluster/ranges.ts';
import type { EntryBackend } from '../cluster/records.ts';
import { hasSelector, recordAt } from '../cluster/service-entry.ts';
import type { ServiceEntry } from '../cluster/service-entry.ts';
import type { InternetPeer } from '../model/peer.ts';
import { canonicalAddress } from '../model/address.ts';
import { dashedAddress, parseClusterName } from './cluster-name.ts';
import { refOf } from './locate.ts';
import type { Locator } from './locate.ts';
import { asDropped, asTargets, asUnknown, isTargets, Target } from './resolution.ts';
import type { Found } from './resolution.ts';

/** A lookup, or the name that belongs to a connection. */
export interface Lookup {
  readonly name: string;
  readonly canonicalName?: string;
  /** What the answer said; for a connection, the address connected to. */
  readonly addresses: readonly string[];
}

/** ExternalName Services may point at each other. */
const MAX_ALIASES = 4;
/** Most addresses of one answer that an internet peer keeps. */
const MAX_PEER_ADDRESSES = 16;

/** Whom a lookup asked for (rules 2, 10, 12, 15). */
export function locateName(locator: Locator, lookup: Lookup, at: number, depth = 0): Found {
  const { view } = locator;
  const parsed = parseClusterName(lookup.name, view.clusterDomains);
  if (parsed === undefined) return foreignName(locator, lookup, at, depth);
  switch (parsed.type) {
    case 'other':
      return aliasOutside(locator, lookup, at, depth) ?? asDropped('cluster-domain');
    case 'pod':
      return podAddress(locator, parsed.address, at);
    case 'endpoint':
    case 'service': {
      const entry = view.services.named(parsed.namespace, parsed.service, at);
      if (entry === undefined) return unknownService(locator, lookup, parsed, at, depth);
      if (recordAt(entry, at).type === 'ExternalName') return externalName(locator, entry, lookup, at, depth);
      return asTargets(
        parsed.type === 'endpoint' ? endpointTargets(locator, entry, parsed.hostname, lookup, at) : serviceName(locator, entry, lookup, at),
      );
    }
  }
}

/** An internet peer of a name. */
export function internetName(name: string, addresses: readonly string[]): InternetPeer {
  const isPrivate = addresses.length > 0 && addresses.every(isPrivateAddress);
  return {
    type: 'internet',
    domain: name,
    ...(addresses.length === 0 ? {} : { addresses: [...new Set(addresses)].sort().slice(0, MAX_PEER_ADDRESSES) }),
    scope: isPrivate ? 'private' : 'public',
  };
}

/** A name of the world outside: whose address belongs to the cluster is that peer, the name kept (rule 15). */
function foreignName(locator: Locator, lookup: Lookup, at: number, depth: number): Found {
  const { view } = locator;
  const addresses = lookup.addresses.filter((address) => !isLoopbackAddress(address));
  if (addresses.length === 0 && lookup.addresses.length > 0) return asDropped('local-address');
  const canonical = lookup.canonicalName;
  if (canonical !== undefined && depth < MAX_ALIASES && parseClusterName(canonical, view.clusterDomains) !== undefined) {
    const alias = locateName(locator, { name: canonical, addresses }, at, depth + 1);
    if (isTargets(alias)) return asTargets(alias.targets.map((target) => target.with({ name: lookup.name })));
  }
  const byHostname = view.services.atHostname(lookup.name) ?? (canonical === undefined ? undefined : view.services.atHostname(canonical));
  if (byHostname !== undefined) return asTargets(locator.serviceTargets(byHostname, { protocol: 'TCP' }, at, lookup.name));
  const behind = locator.entryTargets(entryBackends(locator, lookup, addresses, at), { protocol: 'TCP' }, at, lookup.name);
  if (behind.length > 0) return asTargets(behind);
  const inside = addresses.flatMap((address) => ownTargets(locator, address, at));
  if (inside.length > 0) return asTargets(inside.map((target) => target.with({ name: lookup.name })));
  return asTargets([new Target(internetName(lookup.name, addresses), [])]);
}

/** Services behind an Ingress's or Gateway's own load balancer, by the name that was asked for. */
function entryBackends(locator: Locator, lookup: Lookup, addresses: readonly string[], at: number): readonly EntryBackend[] {
  const { entries, services, nodes } = locator.view;
  const { name, canonicalName } = lookup;
  const named = entries.backendsNamed(canonicalName ?? name, name);
  if (named.length > 0) return named;
  // An Ingress may show the address of its controller's Service or node: then that one is asked.
  const own = addresses.find(
    (address) => entries.hasAddress(address) && services.atAddress(address, at) === undefined && nodes.nodeOf(address) === undefined,
  );
  return own === undefined ? [] : entries.backendsAt(own, name);
}

/** Targets of an address that belongs to the cluster; none when it lies outside or nobody owns it. */
function ownTargets(locator: Locator, address: string, at: number): readonly Target[] {
  const found = locator.destination({ address, protocol: 'TCP' }, at, undefined);
  if (!isTargets(found)) return [];
  return found.targets.filter((target) => target.peer.type !== 'internet');
}

/** A cluster name that an alias leads out of: a search suffix answered by the server itself (CoreDNS autopath). */
function aliasOutside(locator: Locator, lookup: Lookup, at: number, depth: number): Found | undefined {
  const { canonicalName } = lookup;
  if (canonicalName === undefined || depth >= MAX_ALIASES) return undefined;
  return locateName(locator, { name: canonicalName, addresses: lookup.addresses }, at, depth + 1);
}

function externalName(locator: Locator, entry: ServiceEntry, lookup: Lookup, at: number, depth: number): Found {
  const target = (recordAt(entry, at).externalName ?? '').toLowerCase().replace(/\.$/, '');
  const service = refOf(entry);
  if (target === '' || depth >= MAX_ALIASES) return asDropped('no-destination');
  // Some put an address there; resolvers treat it as a name, people mean the address.
  const address = canonicalAddress(target);
  const found: Found =
    address === undefined
      ? locateName(locator, { name: target, addresses: lookup.addresses }, at, depth + 1)
      : locator.destination({ address, protocol: 'TCP' }, at, undefined);
  if (!isTargets(found)) return found;
  return asTargets(found.targets.map((inner) => inner.with({ service })));
}

/** A Service by its name. A headless one answers with its pods: then the answer says which. */
function serviceName(locator: Locator, entry: ServiceEntry, lookup: Lookup, at: number): readonly Target[] {
  const targets = locator.serviceTargets(entry, { protocol: 'TCP' }, at);
  const record = recordAt(entry, at);
  if (!record.headless || !hasSelector(record)) return targets;
  const service = refOf(entry);
  const answered = lookup.addresses.flatMap((address) => {
    const pod = locator.view.pods.ownerAt(address, at);
    return pod === undefined ? [] : [locator.podTarget(pod, undefined).with({ service })];
  });
  return answered.length > 0 ? distinct(answered) : targets;
}

/** A pod's own name under a Service: its host name, its name, or its address with dashes. */
function endpointTargets(locator: Locator, entry: ServiceEntry, hostname: string, lookup: Lookup, at: number): readonly Target[] {
  const { view } = locator;
  const service = refOf(entry);
  const address = dashedAddress(hostname) ?? lookup.addresses[0];
  const byAddress = address === undefined ? undefined : view.pods.ownerAt(address, at);
  if (byAddress !== undefined) return [locator.podTarget(byAddress, undefined).with({ service })];
  for (const backend of view.services.behind(entry, at)) {
    const pod = backend.pods.find(({ record }) => record.name === hostname || record.hostname === hostname);
    if (pod !== undefined) return [locator.podTarget(pod, undefined).with({ service })];
  }
  return locator.serviceTargets(entry, { protocol: 'TCP' }, at);
}

function podAddress(locator: Locator, address: string, at: number): Found {
  const found = locator.destination({ address, protocol: 'TCP' }, at, undefined);
  // CoreDNS answers such names for any address ("pods insecure"); outside the cluster they mean nothing.
  return isTargets(found) && found.targets.every((target) => target.peer.type === 'internet') ? asUnknown('never-owned', address) : found;
}

/** A Service that the view has never seen: its addresses may tell, else its name is all there is. */
function unknownService(
  locator: Locator,
  lookup: Lookup,
  parsed: { readonly namespace: string; readonly service: string },
  at: number,
  depth: number,
): Found {
  const inside = lookup.addresses.flatMap((address) => ownTargets(locator, address, at));
  if (inside.length > 0) return asTargets(distinct(inside));
  const { canonicalName } = lookup;
  if (canonicalName !== undefined && parseClusterName(canonicalName, locator.view.clusterDomains) === undefined) {
    const outside = aliasOutside(locator, lookup, at, depth);
    if (outside !== undefined) return outside;
  }
  return asUnknown('name-not-found', `${parsed.service}.${parsed.namespace}`);
}

/** One target per peer; pods of one workload are put together. */
function distinct(targets: readonly Target[]): Target[] {
  const byKey = new Map<string, Target>();
  for (const target of targets) {
    const key =
      target.peer.type === 'workload' ? `${target.peer.namespace}/${target.peer.kind}/${target.peer.name}` : JSON.stringify(target.peer);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? target : known.with({ pods: [...known.pods, ...target.pods] }));
  }
  return [...byKey.values()];
}
