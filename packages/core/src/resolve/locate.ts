import type { ClusterView } from '../cluster/cluster-view.ts';
import { API_SERVICE } from '../cluster/cluster-view.ts';
import { answerOf, AS_CLIENT, keepAnswer } from '../cluster/pod-answers.ts';
import type { PodEntry } from '../cluster/pod-entry.ts';
import { isLocalAddress, isPrivateAddress } from '../cluster/ranges.ts';
import type { EntryBackend, ServicePortRecord } from '../cluster/records.ts';
import { hasSelector, recordAt } from '../cluster/service-entry.ts';
import type { ServiceEntry } from '../cluster/service-entry.ts';
import { targetPortOf } from '../cluster/service-index.ts';
import type { Backend } from '../cluster/service-index.ts';
import type { TransportProtocol } from '../model/edge.ts';
import type { EdgeUpdatePort } from '../model/edge-update.ts';
import type { Peer, ServiceRef, WorkloadPeer } from '../model/peer.ts';
import { FoundCache } from './found-cache.ts';
import { asDropped, asTargets, asUnknown, Target } from './resolution.ts';
import type { Found } from './resolution.ts';

/** Where a packet went: the server's address, and its port where the evidence has one. */
export interface Place {
  readonly address: string;
  readonly port?: number;
  readonly protocol: TransportProtocol;
  readonly podUid?: string;
}

/** Transport ports of meshes: what runs inside them is not known (rule 21). Istio, Linkerd documentation. */
const MESH_PORTS = new Set([15001, 15006, 4140, 4143]);
const HBONE_PORT = 15008;

const PROTOCOLS: readonly TransportProtocol[] = ['TCP', 'UDP', 'SCTP', 'HBONE'];
const NO_PORT = 65_536;
/** A host port on every address of its node. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Answers "who is that?" for a time, from the cluster view (rules 6-12, 15). */
export class Locator {
  readonly view: ClusterView;
  /** Answers about addresses and names, kept while they hold. */
  readonly kept: FoundCache;

  constructor(view: ClusterView) {
    this.view = view;
    this.kept = new FoundCache(view);
  }

  /** A destination address (rules 9, 10, 15). */
  destination(place: Place, at: number, node: string | undefined): Found {
    const question = questionOf(place.port, place.protocol);
    if (place.podUid !== undefined) return this.destinationOfPod(place, place.podUid, question, at, node);
    const pod = this.view.pods.ownerAt(place.address, at);
    if (pod === undefined) return this.kept.ofAddress(place.address, question, at, () => this.findDestination(place, at, node));
    return known(pod, question) ?? keepAnswer(pod, question, this.findDestination(place, at, node));
  }

  /** What `destination` has answered before of the pod that has the address; for most observations that is all there is to do. */
  knownDestination(address: string, port: number | undefined, protocol: TransportProtocol, at: number): Found | undefined {
    const pod = this.view.pods.ownerAt(address, at);
    return pod === undefined ? undefined : known(pod, questionOf(port, protocol));
  }

  private destinationOfPod(place: Place, podUid: string, question: number, at: number, node: string | undefined): Found {
    const pod = this.view.pods.byPodUid(podUid, node);
    // Of an address that is not its own (a loopback one) the answer is another.
    if (pod === undefined || !pod.record.addresses.includes(place.address)) return this.findDestination(place, at, node);
    return known(pod, question) ?? keepAnswer(pod, question, this.findDestination(place, at, node));
  }

  private findDestination(place: Place, at: number, node: string | undefined): Found {
    const { view } = this;
    if (isLocalAddress(place.address)) return asDropped('local-address');
    const pod = this.pod(place.address, place.podUid, at, node);
    if (pod !== undefined) return asTargets([this.podTarget(pod, portOf(place))]);
    const service = view.services.atAddress(place.address, at);
    if (service !== undefined) return asTargets(this.serviceTargets(service, place, at));
    const nodeName = this.nodeAt(place.address);
    if (nodeName !== undefined) return asTargets(this.nodeTargets(nodeName, place, at));
    if (view.isApiServer(place.address, place.port)) return asTargets([this.apiServer(portOf(place))]);
    const behind = this.entryTargets(view.entries.backendsAt(place.address, undefined), place, at);
    if (behind.length > 0) return asTargets(behind);
    if (view.isInClusterRanges(place.address)) return this.unknown(place.address);
    return asTargets([new Target(this.internet(place.address), [], portOf(place))]);
  }

  /** A client by its address: pod, node, the API server, or somebody outside. */
  source(address: string, podUid: string | undefined, at: number, node: string | undefined): Found {
    const pod = this.pod(address, podUid, at, node);
    if (pod !== undefined) return known(pod, AS_CLIENT) ?? keepAnswer(pod, AS_CLIENT, asTargets([this.podTarget(pod, undefined)]));
    return this.kept.source(address, at) ?? this.kept.keepSource(address, at, this.findSource(address));
  }

  /** A client that is no pod. */
  private findSource(address: string): Found {
    const { view } = this;
    if (isLocalAddress(address)) return asDropped('local-address');
    const nodeName = this.nodeAt(address);
    if (nodeName !== undefined) return asTargets([new Target({ type: 'node', cluster: view.cluster, name: nodeName }, [])]);
    if (view.isApiServer(address, undefined)) return asTargets([this.apiServer(undefined)]);
    if (view.isInClusterRanges(address)) return this.unknown(address);
    return asTargets([new Target(this.internet(address), [])]);
  }

  /** Everybody behind a Service: its workloads, the API server, or the Service itself when no pod of ours is (rules 10, 12). */
  serviceTargets(entry: ServiceEntry, place: Pick<Place, 'port' | 'protocol'>, at: number, name?: string): Target[] {
    const { view } = this;
    const record = recordAt(entry, at);
    const service = refOf(entry);
    const servicePort =
      place.port === undefined ? undefined : record.ports.find((port) => port.port === place.port && port.protocol === place.protocol);
    const ownPort = servicePort === undefined ? undefined : view.services.ownPorts(entry, servicePort, at);
    // In terms of the server's own port (rule 13).
    const translated = (pod: PodEntry | undefined): EdgeUpdatePort | undefined => {
      if (place.port === undefined) return undefined;
      if (servicePort === undefined) return { port: place.port, protocol: place.protocol, service, servicePort: place.port };
      const port = ownPort?.(pod);
      return { ...(port === undefined ? {} : { port }), protocol: place.protocol, service, servicePort: servicePort.port };
    };
    if (record.namespace === API_SERVICE.namespace && record.name === API_SERVICE.name) {
      return [new Target(this.apiServerPeer(), [], translated(undefined), service, name)];
    }
    const behind = view.services.behind(entry, at);
    const backends = hasSelector(record) ? withPort(behind, servicePort) : behind;
    if (backends.length === 0) {
      const addresses = [
        ...new Set([...view.services.endpointsOf(entry, at)].flatMap((endpoints) => endpoints.addresses.map(({ address }) => address))),
      ].sort();
      const peer: Peer = {
        type: 'service',
        cluster: view.cluster,
        ...service,
        ...(addresses.length === 0 ? {} : { addresses: addresses.slice(0, 16) }),
      };
      return [new Target(peer, [], translated(undefined), service, name)];
    }
    return backends.flatMap(({ pods }) => {
      const [pod] = pods;
      if (pod === undefined) return [];
      return [new Target(this.workload(pod), pods, translated(pod), service, name)];
    });
  }

  /**
   * Everybody behind a load balancer that a cloud made for an Ingress or Gateway, where no Service tells (rule 15: an
   * address of the cluster's own). The balancer's port says nothing of the Service's.
   */
  entryTargets(backends: readonly EntryBackend[], place: Pick<Place, 'port' | 'protocol'>, at: number, name?: string): Target[] {
    const byPeer = new Map<Peer, Target>();
    for (const { namespace, service, port: wanted } of backends) {
      const entry = this.view.services.named(namespace, service, at);
      if (entry === undefined) continue;
      const { ports } = recordAt(entry, at);
      const port =
        ports.find((candidate) => candidate.port === wanted || candidate.name === wanted) ?? (ports.length === 1 ? ports[0] : undefined);
      const asked = { protocol: place.protocol, ...(place.port !== undefined && port !== undefined && { port: port.port }) };
      for (const target of this.serviceTargets(entry, asked, at, name)) if (!byPeer.has(target.peer)) byPeer.set(target.peer, target);
    }
    return [...byPeer.values()];
  }

  podTarget(pod: PodEntry, port: EdgeUpdatePort | undefined): Target {
    return new Target(this.workload(pod), [pod], port);
  }

  apiServer(port: EdgeUpdatePort | undefined): Target {
    return new Target(this.apiServerPeer(), [], port);
  }

  private apiServerPeer(): Peer {
    return { type: 'apiServer', cluster: this.view.cluster };
  }

  internet(address: string): Peer {
    return { type: 'internet', addresses: [address], scope: isPrivateAddress(address) ? 'private' : 'public' };
  }

  /** Rule 9: a node's port may be a Service's, a pod's host port, a host-network pod's, the API server's, or its own. */
  private nodeTargets(node: string, place: Place, at: number): Target[] {
    const { view } = this;
    const port = portOf(place);
    if (place.port !== undefined) {
      const nodePort = view.services.atNodePort(place.port, place.protocol, at);
      if (nodePort !== undefined) return this.serviceTargets(nodePort.entry, { port: nodePort.port.port, protocol: place.protocol }, at);
      // Before host ports: the API gives every host-network pod, a control plane's too, its ports as host ports.
      if (view.isApiServer(place.address, place.port)) return [this.apiServer(port)];
      const hostPort = this.hostPortPod(node, place, at);
      if (hostPort !== undefined) return [this.podTarget(hostPort.pod, { port: hostPort.containerPort, protocol: place.protocol })];
      const hostPod = this.hostNetworkPod(node, place, at);
      if (hostPod !== undefined) return [this.podTarget(hostPod, port)];
    }
    return [new Target({ type: 'node', cluster: view.cluster, name: node }, [], port)];
  }

  private hostPortPod(node: string, place: Place, at: number): { readonly pod: PodEntry; readonly containerPort: number } | undefined {
    for (const pod of this.view.pods.withHostPort(node, place.port ?? 0)) {
      if (pod.from > at || pod.to <= at) continue;
      const port = pod.record.ports.find((candidate) => candidate.hostPort === place.port && candidate.protocol === place.protocol);
      if (port !== undefined && (port.hostIP === undefined || port.hostIP === place.address || ANY_ADDRESS.has(port.hostIP)))
        return { pod, containerPort: port.containerPort };
    }
    return undefined;
  }

  private hostNetworkPod(node: string, place: Place, at: number): PodEntry | undefined {
    const uid = this.view.nodes.listenerPod(node, place.port ?? 0, place.protocol);
    if (uid !== undefined) return this.view.pods.byPodUid(uid, node);
    for (const pod of this.view.pods.onHostNetwork(node)) {
      if (pod.from > at || pod.to <= at) continue;
      if (pod.record.ports.some((port) => port.containerPort === place.port && port.protocol === place.protocol)) return pod;
    }
    return undefined;
  }

  private pod(address: string, podUid: string | undefined, at: number, node: string | undefined): PodEntry | undefined {
    const byUid = podUid === undefined ? undefined : this.view.pods.byPodUid(podUid, node);
    return byUid ?? this.view.pods.ownerAt(address, at);
  }

  /** Where pods have had an address that is only guessed to be a bridge's, it is one of theirs that is not known yet, or is gone. */
  private nodeAt(address: string): string | undefined {
    const { nodes, pods } = this.view;
    const node = nodes.nodeOf(address);
    return node !== undefined && nodes.isGuessed(address) && pods.hasEverOwned(address) ? undefined : node;
  }

  private unknown(address: string): Found {
    return asUnknown(this.view.pods.hasEverOwned(address) ? 'pod-gone' : 'never-owned', address);
  }

  /** One object per pod, so that who keeps edges recognises an end without comparing text. */
  private workload(pod: PodEntry): WorkloadPeer {
    pod.peer ??= {
      type: 'workload',
      cluster: this.view.cluster,
      namespace: pod.record.namespace,
      name: pod.name,
      kind: pod.kind,
      labels: pod.record.labels,
    };
    return pod.peer;
  }
}

/** A number that, with the pod or the address, makes the question. */
function questionOf(port: number | undefined, protocol: TransportProtocol): number {
  return (port ?? NO_PORT) * PROTOCOLS.length + PROTOCOLS.indexOf(protocol);
}

/** What a pod's entry holds was kept here. */
function known(pod: PodEntry, question: number): Found | undefined {
  return answerOf(pod, question) as Found | undefined;
}

/** A port's name may be that of some of the pods alone: then the others do not answer on it. */
function withPort(backends: readonly Backend[], port: ServicePortRecord | undefined): readonly Backend[] {
  if (typeof port?.targetPort !== 'string') return backends;
  const having = backends.flatMap((backend) => {
    const pods = backend.pods.filter((pod) => targetPortOf(port, pod) !== undefined);
    return pods.length === 0 ? [] : [{ ...backend, pods }];
  });
  return having.length > 0 ? having : backends;
}

export function refOf(entry: ServiceEntry): ServiceRef {
  return { namespace: entry.record.namespace, name: entry.record.name };
}

/** The server's own port as it shows on the wire; a mesh's transport hides it. */
function portOf(place: Place): EdgeUpdatePort | undefined {
  if (place.port === undefined) return undefined;
  if (place.protocol === 'TCP' && place.port === HBONE_PORT) return { protocol: 'HBONE' };
  if (place.protocol === 'TCP' && MESH_PORTS.has(place.port)) return { protocol: 'TCP' };
  return { port: place.port, protocol: place.protocol };
}
