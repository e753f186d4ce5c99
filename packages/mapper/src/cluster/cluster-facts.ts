import type { ClusterChange } from '@nm/core';
import { isMeshSidecar } from '../auth/loopback.ts';

/** What the mapper itself needs of the cluster besides resolution; fed by the same changes as the cluster view. */
export class ClusterFacts {
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #nodes = new Set<string>();
  readonly #ownPod: { readonly namespace: string | undefined; readonly name: string | undefined };
  #uid: string | undefined;
  #hasMeshSidecar = false;
  /** Rises when a namespace or its labels changed. */
  namespaceVersion = 0;

  constructor(ownPod: { readonly namespace: string | undefined; readonly name: string | undefined }) {
    this.#ownPod = ownPod;
  }

  apply(change: ClusterChange): void {
    const deleted = 'deleted' in change && change.deleted === true;
    if (change.type === 'namespace') {
      const { name, uid, labels } = change.namespace;
      if (deleted) this.#namespaces.delete(name);
      else this.#namespaces.set(name, labels);
      if (name === 'kube-system' && !deleted) this.#uid = uid;
      this.namespaceVersion++;
    } else if (change.type === 'node') {
      if (deleted) this.#nodes.delete(change.node.name);
      else this.#nodes.add(change.node.name);
    } else if (change.type === 'pod' && !deleted) {
      const { namespace, name, containers } = change.pod;
      if (name !== this.#ownPod.name || namespace !== this.#ownPod.namespace) return;
      this.#hasMeshSidecar = containers.some((container) => isMeshSidecar(container.name));
    }
  }

  /** UID of the namespace kube-system: the identity of the cluster. */
  get clusterUid(): string | undefined {
    return this.#uid;
  }

  get hasMeshSidecar(): boolean {
    return this.#hasMeshSidecar;
  }

  get nodes(): ReadonlySet<string> {
    return this.#nodes;
  }

  /** Labels by namespace. */
  get namespaces(): ReadonlyMap<string, Readonly<Record<string, string>>> {
    return this.#namespaces;
  }
}
