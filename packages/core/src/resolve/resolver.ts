import type { ClusterView } from '../cluster/cluster-view.ts';
import type { PodEntry } from '../cluster/pod-history.ts';
import type { EdgeClass } from '../model/edge.ts';
import type { EdgeUpdate, EdgeUpdatePort } from '../model/edge-update.ts';
import type { Observation } from '../model/observation.ts';
import { Locator } from './locate.ts';
import { locateName } from './locate-name.ts';
import { asDropped, asTargets, isTargets, unknownEnds } from './resolution.ts';
import type { Found, Resolution, Target, TargetFacts } from './resolution.ts';
import { mayAppearLater, resolveNamed } from './resolve-named.ts';

export interface ResolverOptions {
  /**
   * How long an end that nobody owns may be a matter of the API being behind the packets; 0 when the view is complete
   * (offline).
   */
  readonly waitMs?: number;
  /** Whether a node had a sniffer at a time: then only that one tells its processes from masquerade (rule 18). */
  readonly hasSniffer?: (node: string, at: number) => boolean;
}

export interface Resolver {
  /** @param now the present, ms: decides whether waiting makes sense. */
  resolve(observation: Observation, now: number): Resolution;
}

const DNS_PORT = 53;
/** Pods that carry one of these are our own (rule 19). */
const OWN_LABELS: readonly (readonly [string, string])[] = [
  ['app.kubernetes.io/name', 'network-mapper'],
  ['app.kubernetes.io/part-of', 'network-mapper'],
];

export function createResolver(deps: { readonly view: ClusterView }, options: ResolverOptions = {}): Resolver {
  const { view } = deps;
  const locator = new Locator(view);
  const waitMs = options.waitMs ?? 0;

  const resolve = (observation: Observation, now: number): Resolution => {
    if (observation.kind === 'kafka' || observation.kind === 'http' || observation.kind === 'aws')
      return resolveNamed(locator, observation, waitMs > 0 && now - observation.lastSeenAt < waitMs);
    const oriented = orient(view, observation);
    const at = oriented.lastSeenAt;
    const client = locateSource(oriented, at);
    const server = locateDestination(oriented, at);
    if (
      waitMs > 0 &&
      now - at < waitMs &&
      (mayAppearLater(client) || mayAppearLater(server) || mayBeMasqueraded(options, oriented, client))
    )
      return { updates: [], waitFor: 'not-yet-known' };
    return combine(oriented, client, server);
  };

  const locateSource = (observation: Observation, at: number): Found => {
    const { address, podUid } = observation.source;
    if (address === undefined) return asDropped('no-destination');
    return locator.source(podUid === undefined ? { address, protocol: 'TCP' } : { address, protocol: 'TCP', podUid }, at, observation.node);
  };

  const locateDestination = (observation: Observation, at: number): Found => {
    const { destination } = observation;
    if (observation.kind === 'dns') {
      const { name, canonicalName, addresses = [] } = destination;
      if (name === undefined) return asDropped('no-destination');
      return locator.kept.ofName(name, canonicalName, addresses, at, () =>
        locateName(locator, canonicalName === undefined ? { name, addresses } : { name, canonicalName, addresses }, at),
      );
    }
    const { address, podUid, port, protocol, name, canonicalName, asked } = destination;
    if (address === undefined) return asDropped('no-destination');
    if (podUid !== undefined || (name === undefined && asked === undefined)) return locateConnection(locator, observation, at);
    const question = { address, port, protocol, name, canonicalName, asked };
    return locator.kept.ofFlow(question, at, () => locateConnection(locator, observation, at));
  };

  const combine = (observation: Observation, client: Found, server: Found): Resolution => {
    if (client.dropped !== undefined) return { updates: [], dropped: client.dropped };
    if (server.dropped !== undefined) return { updates: [], dropped: server.dropped };
    const clients = isTargets(client) ? client.targets : [unknownTarget(view.cluster, client)];
    const servers = isTargets(server) ? server.targets : [unknownTarget(view.cluster, server)];
    const source = clients[0];
    if (source === undefined || servers.length === 0) return { updates: [], dropped: 'no-destination' };
    const dropped = dropReason(view, options, observation, source, servers);
    if (dropped !== undefined) return { updates: [], dropped };
    const isShared = servers.length > 1;
    const updates: EdgeUpdate[] = [];
    for (const target of servers) if (!isOnlyItself(source, target)) updates.push(toUpdate(view, observation, source, target, isShared));
    if (updates.length === 0) return { updates, dropped: 'own-address' };
    const unknown = unknownEnds(client, server);
    return unknown === undefined ? { updates } : { updates, unknown };
  };

  return { resolve };
}

/** A connection whose destination is known by address; the name by which the client got it may say more (rules 12-15). */
function locateConnection(locator: Locator, observation: Observation, at: number): Found {
  const { destination, node } = observation;
  const { address, port, protocol, podUid, asked, name, canonicalName } = destination;
  if (address === undefined) return asDropped('no-destination');
  const place = { address, protocol, ...(port === undefined ? {} : { port }), ...(podUid === undefined ? {} : { podUid }) };
  const found = locator.destination(place, at, node);
  const viaService =
    asked === undefined ? undefined : locator.destination({ address: asked.address, port: asked.port, protocol }, at, node);
  if (
    viaService !== undefined &&
    isTargets(viaService) &&
    viaService.targets.some((target) => target.service !== undefined || target.port?.service !== undefined)
  ) {
    return chosen(viaService.targets, found, port);
  }
  // Clocks of two captures differ: the copy after address translation came first (rule 5), so what was asked is the pod.
  if (
    viaService !== undefined &&
    isTargets(viaService) &&
    isTargets(found) &&
    found.targets.some((target) => target.port?.service !== undefined)
  )
    return chosen(found.targets, viaService, asked?.port);
  if (!isTargets(found) || name === undefined) return found;
  const isInternet = found.targets.every((target) => target.peer.type === 'internet');
  const byName = locateName(locator, { name, ...(canonicalName === undefined ? {} : { canonicalName }), addresses: [address] }, at);
  if (!isTargets(byName)) return isInternet ? byNameOf(found, byName) : found;
  if (isInternet)
    return asTargets(
      byName.targets.slice(0, 1).map((target) => ({
        ...target,
        port: { ...found.targets[0]?.port, protocol, ...(target.service === undefined ? {} : { service: target.service }) },
      })),
    );
  return withService(found.targets, byName.targets);
}

/** A cluster name that means nothing does not take away the address. */
function byNameOf(found: Found, byName: Found): Found {
  return byName.dropped === 'local-address' ? byName : found;
}

/** The Service asked for, and the pod that its translation chose: that pod's workload alone gets the evidence (rule 12). */
function chosen(asked: readonly Target[], found: Found, port: number | undefined): Found {
  const first = asked[0];
  const [pod] = isTargets(found) ? found.targets : [];
  if (first === undefined || pod === undefined || pod.pods.length === 0) return asTargets(asked);
  const via = first.port;
  const translated: EdgeUpdatePort = {
    ...pod.port,
    protocol: pod.port?.protocol ?? via?.protocol ?? 'TCP',
    ...(via?.service === undefined ? {} : { service: via.service }),
    ...(via?.servicePort === undefined ? {} : { servicePort: via.servicePort }),
    ...(pod.port === undefined && port !== undefined ? { port } : {}),
  };
  return asTargets([{ ...pod, port: translated, ...(first.service === undefined ? {} : { service: first.service }) }]);
}

/** A pod reached by its address after a lookup of its Service (headless, or by pod name): the Service is noted. */
function withService(targets: readonly Target[], named: readonly Target[]): Found {
  const service = named[0]?.service;
  const foreign = named[0]?.name;
  return asTargets(
    targets.map((target) => {
      const port = target.port;
      const noted =
        service === undefined || port === undefined || port.service !== undefined
          ? {}
          : { port: { ...port, service, ...(port.port === undefined ? {} : { servicePort: port.port }) } };
      return { ...target, ...noted, ...(foreign === undefined ? {} : { name: foreign }) };
    }),
  );
}

/**
 * Rule 4: the direction of a socket that nobody was seen listening for: the side whose port is a known Service or
 * container port is the server, else the lower port.
 */
function orient(view: ClusterView, observation: Observation): Observation {
  const { source, destination } = observation;
  if (
    observation.directionGuessed !== true ||
    source.address === undefined ||
    source.port === undefined ||
    destination.address === undefined ||
    destination.port === undefined
  )
    return observation;
  const at = observation.lastSeenAt;
  const knowsSource = isKnownPort(view, source.address, source.port, destination.protocol, at);
  const knowsDestination = isKnownPort(view, destination.address, destination.port, destination.protocol, at);
  const isReversed = knowsSource === knowsDestination ? source.port < destination.port : knowsSource;
  if (!isReversed) return observation;
  const { name: _name, canonicalName: _canonicalName, asked: _asked, ...rest } = destination;
  return {
    ...observation,
    vantage: observation.vantage === 'client' ? 'server' : 'client',
    source: {
      address: destination.address,
      port: destination.port,
      ...(destination.podUid === undefined ? {} : { podUid: destination.podUid }),
    },
    destination: {
      protocol: rest.protocol,
      address: source.address,
      port: source.port,
      ...(source.podUid === undefined ? {} : { podUid: source.podUid }),
    },
  };
}

function isKnownPort(view: ClusterView, address: string, port: number, protocol: string, at: number): boolean {
  const pod = view.pods.ownerAt(address, at);
  if (pod !== undefined) return pod.record.ports.some((candidate) => candidate.containerPort === port && candidate.protocol === protocol);
  const service = view.services.atAddress(address, at);
  return (
    service?.record.ports.some((candidate) => candidate.port === port && candidate.protocol === protocol) ?? view.isApiServer(address, port)
  );
}

function dropReason(
  view: ClusterView,
  options: ResolverOptions,
  observation: Observation,
  source: Target,
  servers: readonly Target[],
): Resolution['dropped'] {
  const isOutside = source.peer.type === 'internet';
  if (observation.kind === 'dns') {
    if (isOutside) return 'dns-foreign-client';
    return factsOf(view, source).isDnsServer ? 'dns-server-own' : undefined;
  }
  if (isOutside && servers.every((target) => target.peer.type === 'internet')) return 'outside-both';
  if (servers.every((target) => factsOf(view, target).isDnsPort)) return 'dns-server';
  if (observation.destination.port === DNS_PORT && factsOf(view, source).isDnsServer) return 'dns-server-own';
  const { peer } = source;
  if (peer.type === 'node' && observation.vantage === 'server' && options.hasSniffer?.(peer.name, observation.lastSeenAt) === true)
    return 'masquerade';
  return undefined;
}

/** A node whose sniffer was not heard of yet: it may be on its way, or report to another replica. */
function mayBeMasqueraded(options: ResolverOptions, observation: Observation, client: Found): boolean {
  if (observation.vantage !== 'server' || options.hasSniffer === undefined || !isTargets(client)) return false;
  const peer = client.targets[0]?.peer;
  return peer?.type === 'node' && !options.hasSniffer(peer.name, observation.lastSeenAt);
}

function factsOf(view: ClusterView, target: Target): TargetFacts {
  target.facts ??= {
    isDnsServer: isDnsServer(view, target),
    isDnsPort: hasDnsPort(target) && target.pods.some((pod) => view.services.isDnsServer(pod)),
    isOurs: isOurs(target.pods),
  };
  return target.facts;
}

/** A pod behind a port 53, or a node with a local listener on it (rule 17). */
function isDnsServer(view: ClusterView, target: Target): boolean {
  if (target.pods.some((pod) => view.services.isDnsServer(pod))) return true;
  if (target.peer.type !== 'node') return false;
  const { name } = target.peer;
  if (view.nodes.listens(name, DNS_PORT, 'UDP')) return true;
  for (const pod of view.pods.onHostNetwork(name)) if (pod.record.ports.some((port) => port.containerPort === DNS_PORT)) return true;
  return false;
}

function hasDnsPort(target: Target): boolean {
  const { port, pods } = target;
  if (port === undefined) return false;
  if (port.servicePort === DNS_PORT || port.port === DNS_PORT) return true;
  return pods.some((pod) =>
    pod.record.ports.some(({ containerPort, name }) => containerPort === port.port && (name === 'dns' || name === 'dns-tcp')),
  );
}

/** A pod that calls itself is no edge; its workload's other pods behind the same Service are (rule 12). */
function isOnlyItself(source: Target, target: Target): boolean {
  const self = source.pods[0];
  if (self !== undefined) return target.pods.length > 0 && target.pods.every((pod) => pod === self);
  return source.peer.type === 'node' && target.peer.type === 'node' && source.peer.name === target.peer.name;
}

function unknownTarget(cluster: string, found: Found): Target {
  if (found.unknown === 'name-not-found') {
    const [name = found.address, namespace = ''] = found.address.split('.');
    return { peer: { type: 'service', cluster, namespace, name }, pods: [], service: { namespace, name } };
  }
  return { peer: { type: 'unknown', cluster, address: found.address, reason: found.unknown ?? 'never-owned' }, pods: [] };
}

/** Every field is always there: this runs for every observation, and one shape of object is read fastest. */
function toUpdate(view: ClusterView, observation: Observation, source: Target, target: Target, shared: boolean): EdgeUpdate {
  const port = observation.kind === 'dns' ? undefined : target.port;
  return {
    client: source.peer,
    server: target.peer,
    class: classOf(view, observation, source, target),
    shared: shared && target.pods.length > 0,
    evidence: observation.kind,
    vantage: observation.vantage,
    node: observation.node,
    count: observation.count,
    firstSeenAt: observation.firstSeenAt,
    lastSeenAt: observation.lastSeenAt,
    approximate: observation.approximate,
    port,
    service: port?.service === undefined ? target.service : undefined,
    name: target.name,
    kafka: undefined,
    http: undefined,
    actions: undefined,
    via: undefined,
  };
}

/** Node-local traffic (rule 19) and our own is `system`. A node's process that asked for a Service is no probe. */
function classOf(view: ClusterView, observation: Observation, source: Target, target: Target): EdgeClass {
  if (factsOf(view, source).isOurs || factsOf(view, target).isOurs) return 'system';
  const { peer } = source;
  if (observation.kind === 'dns' || peer.type !== 'node' || target.port?.service !== undefined) return 'app';
  return target.pods.length > 0 && target.pods.every((pod) => pod.record.nodeName === peer.name) ? 'system' : 'app';
}

function isOurs(pods: readonly PodEntry[]): boolean {
  return pods.length > 0 && pods.every((pod) => OWN_LABELS.some(([key, value]) => pod.record.labels[key] === value));
}
