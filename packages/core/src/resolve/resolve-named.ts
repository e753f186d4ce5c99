import type { PodEntry } from '../cluster/pod-entry.ts';
import type { EdgeUpdate } from '../model/edge-update.ts';
import type { Destination, Endpoint, Observation } from '../model/observation.ts';
import { canonicalAddress } from '../model/address.ts';
import type { CloudPeer } from '../model/peer.ts';
import { locateName } from './locate-name.ts';
import { isPrivateAddress } from '../cluster/ranges.ts';
import type { Locator } from './locate.ts';
import { asDropped, asTargets, asUnknown, Target, targetsOf, unknownEnds } from './resolution.ts';
import type { Found, Resolution } from './resolution.ts';

/** Label that a mesh calls the canonical service (Istio documentation); second to the workload's own name. */
const CANONICAL_NAME_LABEL = 'service.istio.io/canonical-name';
/** What a mesh calls an end that its proxy could not tell (Istio's standard metrics). */
const MESH_UNKNOWN = 'unknown';

/** Observations of reporters that know more than addresses: Kafka topics, HTTP paths, cloud actions. */
export function resolveNamed(locator: Locator, observation: Observation, mayWait: boolean): Resolution {
  const at = observation.lastSeenAt;
  const client = locateEndpoint(locator, observation.source, at, observation.node);
  const server =
    observation.cloud === undefined
      ? locateDestination(locator, observation.destination, at, observation.node)
      : asTargets([cloudTarget(observation.cloud)]);
  if (mayWait && (mayAppearLater(client) || mayAppearLater(server))) return { updates: [], waitFor: 'not-yet-known' };
  if (client.dropped !== undefined) return { updates: [], dropped: client.dropped };
  if (server.dropped !== undefined) return { updates: [], dropped: server.dropped };
  const unknown = unknownEnds(client, server);
  const [source] = targetsOf(client, locator.view.cluster);
  const targets = targetsOf(server, locator.view.cluster);
  const [target] = targets;
  if (source === undefined || target === undefined) return { updates: [], dropped: 'no-destination' };
  const self = source.pods[0];
  if (self !== undefined && self === target.pods[0] && observation.source.address !== undefined)
    return { updates: [], dropped: 'own-address' };
  const isShared = targets.length > 1;
  return { updates: targets.map((each) => toUpdate(observation, source, each, isShared)), ...(unknown === undefined ? {} : { unknown }) };
}

/** A mesh that lets a call pass through says only which host was asked for. */
function locateDestination(locator: Locator, destination: Destination, at: number, node: string | undefined): Found {
  const { name, workload, address, port, protocol } = destination;
  if (workload !== undefined) return withService(locator, workload, at, locateEndpoint(locator, destination, at, node));
  if (name === undefined || address !== undefined) return locateEndpoint(locator, destination, at, node);
  const literal = canonicalAddress(name);
  if (literal === undefined) return locateName(locator, { name, addresses: [] }, at);
  return locator.destination({ address: literal, protocol, ...(port === undefined ? {} : { port }) }, at, node);
}

/** Meshes also name what is no Service of the cluster: their own clusters, hosts of elsewhere. */
function withService(locator: Locator, workload: NonNullable<Endpoint['workload']>, at: number, found: Found): Found {
  const { namespace, service } = workload;
  if (service === undefined || found.targets === undefined || locator.view.services.named(namespace, service, at) === undefined)
    return found;
  return asTargets(found.targets.map((target) => target.with({ service: { namespace, name: service } })));
}

function locateEndpoint(locator: Locator, endpoint: Endpoint, at: number, node: string | undefined): Found {
  const { workload, address, podUid } = endpoint;
  if (workload !== undefined) {
    const pods = findPods(locator, workload, at);
    const [pod] = pods;
    if (pod !== undefined) return asTargets([locator.podTarget(pod, undefined).with({ pods })]);
    if (workload.pod === true) return asUnknown('pod-gone', `${workload.namespace}/${workload.name}`);
    // Nothing that the API could still tell of, so nobody waits for it.
    if (workload.name === MESH_UNKNOWN) return asTargets([new Target({ type: 'unknown', cluster: locator.view.cluster }, [])]);
    const { namespace, name, kind = '' } = workload;
    return asTargets([new Target({ type: 'workload', cluster: locator.view.cluster, namespace, name, kind }, [])]);
  }
  if (address === undefined) return asDropped('no-destination');
  return locator.source(address, podUid, at, node);
}

/** Pods that a reporter means by a name: the pod itself; the workload; the mesh's canonical name; what was alive comes first. */
function findPods(locator: Locator, workload: NonNullable<Endpoint['workload']>, at: number): PodEntry[] {
  const { pods } = locator.view;
  const isAlive = (pod: PodEntry): boolean => pod.from <= at && at < pod.to;
  const inOrder = (found: Iterable<PodEntry>): PodEntry[] =>
    [...found].sort((a, b) => Number(isAlive(b)) - Number(isAlive(a)) || b.from - a.from);
  if (workload.pod === true)
    return inOrder([...pods.inNamespace(workload.namespace)].filter(({ record }) => record.name === workload.name)).slice(0, 1);
  const byName = [...pods.ofWorkload(workload.namespace, workload.name.replaceAll('.', '_'))].filter(
    (pod) => workload.kind === undefined || workload.kind === '' || pod.kind === workload.kind,
  );
  if (byName.length > 0) return inOrder(byName);
  const labelled = pods.candidates(workload.namespace, { [CANONICAL_NAME_LABEL]: workload.name });
  return inOrder([...(labelled?.pods ?? [])]);
}

function cloudTarget(cloud: NonNullable<Observation['cloud']>): Target {
  const { provider, resource, service, account, region } = cloud;
  const peer: CloudPeer = {
    type: provider,
    resource,
    ...(service === undefined ? {} : { service }),
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
  };
  return new Target(peer, []);
}

function toUpdate(observation: Observation, source: Target, target: Target, shared: boolean): EdgeUpdate {
  const { kind, vantage, node, count, firstSeenAt, lastSeenAt, approximate, kafka, http, cloud } = observation;
  const { port, protocol } = observation.destination;
  return {
    client: source.peer,
    server: target.peer,
    class: 'app',
    shared,
    evidence: kind,
    vantage,
    ...(node === undefined ? {} : { node }),
    count,
    firstSeenAt,
    lastSeenAt,
    ...(approximate === undefined ? {} : { approximate }),
    ...(port === undefined ? {} : { port: { port, protocol } }),
    ...(target.service === undefined ? {} : { service: target.service }),
    ...(kafka === undefined ? {} : { kafka }),
    ...(http === undefined ? {} : { http }),
    ...(cloud === undefined ? {} : { actions: cloud.actions.map((action) => ({ action, count })) }),
  };
}

/** An end that the API may not have told of yet. */
export function mayAppearLater(found: Found): boolean {
  if (found.unknown !== undefined) return true;
  return (found.targets ?? []).some(
    ({ peer }) => peer.type === 'internet' && peer.domain === undefined && isPrivateAddress(peer.addresses?.[0] ?? ''),
  );
}
