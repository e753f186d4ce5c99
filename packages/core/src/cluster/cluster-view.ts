import { parseAddress } from '../model/address.ts';
import { EntryIndex } from './entry-index.ts';
import type { IdentityOptions } from './identity.ts';
import { NodeIndex } from './node-index.ts';
import { NEAREST_PODS_MS, PodHistory } from './pod-history.ts';
import { commonBits, RangeSet } from './ranges.ts';
import type { ClusterChange, NamespaceRecord, PodRecord, ServiceRecord } from './records.ts';
import { ServiceIndex } from './service-index.ts';
import { TimeEpochs } from './time-epochs.ts';

export interface ClusterViewOptions {
  /** Name of the cluster: part of every workload's identity. */
  readonly cluster: string;
  /** DNS domains of the cluster; `cluster.local` unless given. */
  readonly clusterDomains?: readonly string[];
  readonly identity?: IdentityOptions;
}

/** Kubernetes state with its history: everything that resolution asks. Fed by dumps and watches alike. */
export interface ClusterView {
  readonly cluster: string;
  readonly clusterDomains: readonly string[];
  readonly pods: PodHistory;
  readonly services: ServiceIndex;
  readonly nodes: NodeIndex;
  /** Ingresses and Gateways. */
  readonly entries: EntryIndex;
  readonly namespaces: ReadonlyMap<string, NamespaceRecord>;
  /** Stretches of time in which answers stay the same, as long as `generation` does. */
  readonly epochs: TimeEpochs;
  /** Grows with every change. */
  readonly generation: number;
  apply(change: ClusterChange): void;
  /** Whether an address lies in the pod or Service ranges of the cluster. */
  isInClusterRanges(address: string): boolean;
  /** Whether an address (and port) is the API server's own. */
  isApiServer(address: string, port: number | undefined): boolean;
  /**
   * Forgets what ended before `before`, and of more than `maxGonePods` deleted pods those that ended first; returns the
   * number of pods that went.
   */
  prune(before: number, maxGonePods?: number): number;
}

/** The API server's Service (kubernetes/pkg/controlplane): no selector, its endpoints are the API servers. */
export const API_SERVICE = { namespace: 'default', name: 'kubernetes' } as const;

/** An inferred Service range never gets larger than this: 4,096 Services of IPv4, the API's own minimum for IPv6. */
const MIN_SERVICE_BITS = { v4: 12, v6: 108 } as const;

export function createClusterView(options: ClusterViewOptions): ClusterView {
  const epochs = new TimeEpochs();
  const pods = new PodHistory(options.identity ?? {}, epochs);
  const services = new ServiceIndex(pods, epochs);
  let changes = 0;
  const nodes = new NodeIndex();
  const namespaces = new Map<string, NamespaceRecord>();
  const ranges = new RangeSet();
  const entries = new EntryIndex();
  const serviceRange = createServiceRange();
  const domains = (options.clusterDomains ?? ['cluster.local']).map((domain) => domain.toLowerCase().replace(/^\.+|\.+$/g, ''));

  const applyPod = (pod: PodRecord, at: number | undefined, deleted: boolean): void => {
    pods.apply(pod, at, deleted);
    if (pod.nodeName !== undefined) nodes.applyHostAddresses(pod.nodeName, pod.hostAddresses);
  };
  const applyService = (service: ServiceRecord, at: number | undefined, deleted: boolean, past: boolean): void => {
    if (past) services.applyPast(service, at);
    else services.apply(service, at, deleted);
    for (const address of service.clusterIPs) serviceRange.learn(address);
  };

  return {
    cluster: options.cluster,
    clusterDomains: domains,
    pods,
    services,
    nodes,
    entries,
    namespaces,
    epochs,
    get generation() {
      return changes + nodes.generation;
    },
    apply(change) {
      changes += 1;
      const deleted = 'deleted' in change && change.deleted === true;
      switch (change.type) {
        case 'pod':
          return applyPod(change.pod, change.at, deleted);
        case 'service':
          return applyService(change.service, change.at, deleted, change.past === true);
        case 'endpoints':
          return services.applyEndpoints(change.endpoints, change.at, deleted);
        case 'node':
          for (const cidr of change.node.podCIDRs) ranges.add(cidr);
          return nodes.apply(change.node, deleted);
        case 'owner':
          return deleted ? pods.ownerDeleted(change.owner.uid) : pods.applyOwner(change.owner);
        case 'namespace':
          if (!deleted) namespaces.set(change.namespace.name, change.namespace);
          return undefined;
        case 'range':
          ranges.add(change.cidr);
          return undefined;
        case 'entry':
          return entries.apply(change.entry, deleted);
        // They decide who may call whom, never who did.
        case 'networkPolicy':
        case 'authorizationPolicy':
        case 'clientIntents':
          return undefined;
      }
    },
    isInClusterRanges: (address) => ranges.has(address) || pods.hasEverOwned(address) || serviceRange.has(address),
    isApiServer(address, port) {
      const entry = services.named(API_SERVICE.namespace, API_SERVICE.name, Number.MAX_SAFE_INTEGER);
      if (entry === undefined) return false;
      for (const record of services.endpointsOf(entry, Number.MAX_SAFE_INTEGER)) {
        if (!record.addresses.some((endpoint) => endpoint.address === address)) continue;
        if (port === undefined || record.ports.some((candidate) => candidate.port === port)) return true;
      }
      return false;
    },
    prune(before, maxGonePods) {
      changes += 1;
      epochs.prune(before - NEAREST_PODS_MS);
      services.prune(before);
      return pods.prune(before, maxGonePods);
    },
  };
}

interface ServiceRange {
  learn(address: string): void;
  has(address: string): boolean;
}

/** The range from which Services take addresses, as far as the known ones tell: the smallest prefix of each family that holds them all. */
function createServiceRange(): ServiceRange {
  const families = new Map<number, { readonly first: Uint8Array; bits: number }>();
  return {
    learn(address) {
      const bytes = parseAddress(address);
      if (bytes === undefined) return;
      const known = families.get(bytes.length);
      if (known === undefined) {
        families.set(bytes.length, { first: bytes, bits: bytes.length * 8 });
        return;
      }
      const least = bytes.length === 4 ? MIN_SERVICE_BITS.v4 : MIN_SERVICE_BITS.v6;
      known.bits = Math.max(least, Math.min(known.bits, commonBits(known.first, bytes)));
    },
    has(address) {
      const bytes = parseAddress(address);
      const known = bytes === undefined ? undefined : families.get(bytes.length);
      return bytes !== undefined && known !== undefined && commonBits(known.first, bytes) >= known.bits;
    },
  };
}
