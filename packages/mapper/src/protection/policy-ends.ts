import { API_SERVICE } from '@nm/core';
import type { ClusterChange, ClusterView, EdgeClass, Peer, PodEntry, PodEnd, PolicyEnd, WorkloadPeer } from '@nm/core';

/** Workloads whose pods were looked at; beyond it all are looked at anew. */
const MAX_KEPT = 50_000;
/** Addresses of a workload's pods that are compared with ipBlocks. */
const MAX_ADDRESSES = 20;

/** A workload as policies see it. */
export interface WorkloadEnd {
  readonly end: PodEnd;
  readonly serviceAccount?: string;
}

/**
 * What the ends of edges are to policies: the labels of the newest pod that a workload has, those of its namespace,
 * addresses. `epoch` rises when that changed for an end that was asked for.
 */
export class PolicyEnds {
  readonly #view: ClusterView;
  readonly #kept = new Map<string, WorkloadEnd>();
  /** Those of `#kept` of which a pod or the namespace changed since. */
  readonly #stale = new Map<string, WorkloadPeer>();
  epoch = 0;

  constructor(view: ClusterView) {
    this.#view = view;
  }

  /** To be called after the view took the change. */
  apply(change: ClusterChange): void {
    if (change.type === 'pod') {
      const entry = this.#view.pods.byPodUid(change.pod.uid, undefined);
      if (entry !== undefined) this.#markStale(change.pod.namespace, entry.name, entry.kind);
    } else if (change.type === 'namespace') {
      for (const { name, kind } of this.#view.pods.inNamespace(change.namespace.name)) this.#markStale(change.namespace.name, name, kind);
    }
  }

  /** Looks at what changed, so that `epoch` is true. */
  refresh(): void {
    for (const peer of this.#stale.values()) this.ofWorkload(peer);
  }

  /** Undefined when nothing is known of a peer's labels. `edgeClass` tells a node's own traffic from others' (rule 19). */
  endOf(peer: Peer, edgeClass: EdgeClass): PolicyEnd | undefined {
    switch (peer.type) {
      case 'workload':
        return this.ofWorkload(peer)?.end;
      case 'internet':
        return {
          type: 'outside',
          addresses: peer.addresses ?? [],
          ...(peer.addressCount !== undefined && { addressCount: peer.addressCount }),
        };
      case 'service':
        return { type: 'outside', addresses: this.#endpointsOf(peer) ?? peer.addresses ?? [] };
      case 'apiServer':
        return { type: 'outside', addresses: this.#endpointsOf(API_SERVICE) ?? [] };
      case 'node':
        return { type: 'node', addresses: this.#nodeAddresses(peer.name), sameNode: edgeClass === 'system' };
      case 'aws':
      case 'gcp':
      case 'azure':
        return { type: 'outside' };
      case 'unknown':
        return undefined;
    }
  }

  ofWorkload(peer: WorkloadPeer): WorkloadEnd | undefined {
    if (peer.cluster !== this.#view.cluster) return undefined;
    const key = keyOf(peer.namespace, peer.name, peer.kind);
    const kept = this.#kept.get(key);
    if (kept !== undefined && !this.#stale.delete(key)) return kept;
    const fresh = this.#look(peer);
    if (fresh === undefined) return kept ?? this.#fromLabels(peer);
    if (kept !== undefined && isSame(kept, fresh)) {
      if (kept.end.addresses?.join() === fresh.end.addresses?.join()) return kept;
    } else if (kept !== undefined) {
      this.epoch += 1;
    }
    if (this.#kept.size >= MAX_KEPT) {
      this.#kept.clear();
      this.#stale.clear();
    }
    this.#kept.set(key, fresh);
    return fresh;
  }

  #markStale(namespace: string, name: string, kind: string): void {
    const key = keyOf(namespace, name, kind);
    if (this.#kept.has(key)) this.#stale.set(key, { type: 'workload', cluster: this.#view.cluster, namespace, name, kind });
  }

  #look(peer: WorkloadPeer): WorkloadEnd | undefined {
    const pods = [...this.#view.pods.ofWorkload(peer.namespace, peer.name)].filter((entry) => entry.kind === peer.kind);
    const alive = pods.filter((entry) => entry.to === Number.POSITIVE_INFINITY);
    const newest = (alive.length > 0 ? alive : pods).reduce<PodEntry | undefined>(
      (best, entry) => (best === undefined || entry.from > best.from ? entry : best),
      undefined,
    );
    if (newest === undefined) return undefined;
    const { namespace, labels, hostNetwork, ports, serviceAccount } = newest.record;
    const addresses = alive.slice(0, MAX_ADDRESSES).flatMap(({ record }) => (record.hostNetwork ? record.hostAddresses : record.addresses));
    return {
      end: { type: 'pod', namespace, namespaceLabels: this.#namespaceLabels(namespace), labels, addresses, hostNetwork, ports },
      ...(serviceAccount !== undefined && { serviceAccount }),
    };
  }

  /** No pod is known any more: the labels that the edge brought along. */
  #fromLabels({ namespace, labels }: WorkloadPeer): WorkloadEnd | undefined {
    return labels && { end: { type: 'pod', namespace, namespaceLabels: this.#namespaceLabels(namespace), labels } };
  }

  #namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    return this.#view.namespaces.get(namespace)?.labels ?? {};
  }

  #endpointsOf({ namespace, name }: { readonly namespace: string; readonly name: string }): readonly string[] | undefined {
    const entry = this.#view.services.named(namespace, name, Number.MAX_SAFE_INTEGER);
    if (entry === undefined) return undefined;
    return this.#view.services
      .endpointsOf(entry, Number.MAX_SAFE_INTEGER)
      .flatMap(({ addresses }) => addresses.map(({ address }) => address))
      .slice(0, MAX_ADDRESSES);
  }

  #nodeAddresses(name: string): readonly string[] {
    for (const node of this.#view.nodes.all()) if (node.name === name) return node.addresses;
    return [];
  }
}

function keyOf(namespace: string, name: string, kind: string): string {
  return `${namespace}/${name}/${kind}`;
}

/** Whether policies see no difference; a pod's own addresses come and go. */
function isSame(a: WorkloadEnd, b: WorkloadEnd): boolean {
  return text(a) === text(b);
}

function text({ end: { labels, namespaceLabels, hostNetwork, ports }, serviceAccount }: WorkloadEnd): string {
  return JSON.stringify([sorted(labels), sorted(namespaceLabels), hostNetwork, ports, serviceAccount]);
}

function sorted(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted();
}
