import { MESH_DEFAULTS, toDeclaredIndex, toPolicyIndex } from '@nm/core';
import type {
  AuthorizationPolicyRecord,
  ClusterChange,
  DeclaredIndex,
  DeclaredIntents,
  NetworkPolicyRecord,
  PolicyIndex,
  WorkloadsBehind,
} from '@nm/core';

/** Declared Services are looked up again after this time: who is behind them changes. */
const DECLARED_FRESH_MS = 30_000;

/** The cluster's policies and declarations, ready to be asked. Memory: one record per object, so bounded by the cluster. */
export class PolicyBook {
  readonly #network = new Map<string, NetworkPolicyRecord>();
  readonly #mesh = new Map<string, AuthorizationPolicyRecord>();
  readonly #declared = new Map<string, DeclaredIntents>();
  readonly #workloadsBehind: WorkloadsBehind;
  readonly #now: () => number;
  #networkIndex: PolicyIndex | undefined;
  #meshList: readonly AuthorizationPolicyRecord[] | undefined;
  #meshNamespaces: ReadonlySet<string> = new Set();
  #declaredIndex: { readonly index: DeclaredIndex; readonly at: number } | undefined;
  /** Rises when an answer may have changed. */
  epoch = 0;

  constructor(deps: { readonly workloadsBehind: WorkloadsBehind; readonly now: () => number }) {
    this.#workloadsBehind = deps.workloadsBehind;
    this.#now = deps.now;
  }

  apply(change: ClusterChange): void {
    if (change.type === 'networkPolicy') {
      this.#networkIndex = undefined;
      this.#put(this.#network, change.uid, change.deleted === true ? undefined : change.policy);
    } else if (change.type === 'authorizationPolicy') {
      this.#meshList = undefined;
      this.#put(this.#mesh, change.uid, change.deleted === true ? undefined : change.policy);
    } else if (change.type === 'clientIntents') {
      this.#declaredIndex = undefined;
      this.#put(this.#declared, change.uid, change.deleted === true ? undefined : change.intents);
    }
  }

  get network(): PolicyIndex {
    this.#networkIndex ??= toPolicyIndex(this.#network.values());
    return this.#networkIndex;
  }

  get mesh(): readonly AuthorizationPolicyRecord[] {
    if (this.#meshList === undefined) {
      this.#meshList = [...this.#mesh.values()];
      this.#meshNamespaces = new Set(this.#meshList.map(({ namespace }) => namespace));
    }
    return this.#meshList;
  }

  /** Whether some AuthorizationPolicy may apply to pods of a namespace. */
  reachesMesh(namespace: string): boolean {
    return this.mesh.length > 0 && (this.#meshNamespaces.has(namespace) || this.#meshNamespaces.has(MESH_DEFAULTS.rootNamespace));
  }

  get declared(): readonly DeclaredIntents[] {
    return [...this.#declared.values()];
  }

  get declarations(): DeclaredIndex {
    const now = this.#now();
    if (this.#declaredIndex === undefined || (this.#declared.size > 0 && now - this.#declaredIndex.at > DECLARED_FRESH_MS)) {
      this.#declaredIndex = { index: toDeclaredIndex(this.declared, this.#workloadsBehind), at: now };
    }
    return this.#declaredIndex.index;
  }

  #put<Value>(map: Map<string, Value>, uid: string, value: Value | undefined): void {
    if (value === undefined) map.delete(uid);
    else map.set(uid, value);
    this.epoch += 1;
  }
}
