import type { AuthorizationPolicyRecord } from '../policy/authorization-policy.ts';
import type { DeclaredIntents } from '../policy/declared-intents.ts';
import type { NetworkPolicyRecord } from '../policy/network-policy.ts';

/**
 * What the cluster view needs to know of Kubernetes objects, and nothing more. The package kube turns API objects
 * (dumps and watches) into these records; instants are milliseconds since the Unix epoch, addresses are canonical.
 */
export interface OwnerRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
}

export interface PodPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostIP?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface PodRecord {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly OwnerRef[];
  readonly nodeName?: string | undefined;
  readonly hostNetwork: boolean;
  readonly phase: string;
  /** status.podIPs, status.podIP and the secondary addresses of k8s.v1.cni.cncf.io/network-status. */
  readonly addresses: readonly string[];
  /** status.hostIPs and status.hostIP. */
  readonly hostAddresses: readonly string[];
  readonly createdAt: number;
  /** status.startTime. */
  readonly startedAt?: number | undefined;
  /** Earliest start of a container or init container, when no restart hides it. */
  readonly firstContainerStartedAt?: number | undefined;
  /** When the last container finished: only when all have, or the phase is Succeeded or Failed. */
  readonly finishedAt?: number | undefined;
  readonly deletionRequestedAt?: number | undefined;
  /** Ready condition, with the time at which it last changed. */
  readonly ready?: { readonly status: boolean; readonly since?: number } | undefined;
  readonly ports: readonly PodPort[];
  /** Images of the containers, sidecars included, with the container's name. */
  readonly containers: readonly { readonly name: string; readonly image: string }[];
  /** spec.hostname and spec.subdomain, for pod names under a headless Service. */
  readonly hostname?: string | undefined;
  readonly subdomain?: string | undefined;
  /** spec.serviceAccountName: whom a mesh takes it for. */
  readonly serviceAccount?: string | undefined;
}

export interface ServicePortRecord {
  readonly name?: string;
  readonly port: number;
  /** Number, or the name of a container port. Absent: same as `port`. */
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface ServiceRecord {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly headless: boolean;
  readonly clusterIPs: readonly string[];
  readonly externalIPs: readonly string[];
  readonly loadBalancerIPs: readonly string[];
  readonly loadBalancerHostnames: readonly string[];
  readonly externalName?: string;
  /** Absent or empty: no selector. */
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePortRecord[];
  readonly publishNotReady: boolean;
  readonly createdAt: number;
}

/** One Endpoints object or EndpointSlice. */
export interface EndpointsRecord {
  /** `Endpoints/ns/name` or `EndpointSlice/ns/name`: what replaces or deletes this record. */
  readonly id: string;
  readonly namespace: string;
  readonly service: string;
  readonly addresses: readonly {
    readonly address: string;
    readonly podUid?: string;
    readonly ready: boolean;
    readonly hostname?: string;
  }[];
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly protocol: 'TCP' | 'UDP' | 'SCTP' }[];
}

export interface NodeRecord {
  readonly uid: string;
  readonly name: string;
  /** status.addresses of type InternalIP and ExternalIP, and the CNI's node annotations (rule 8). */
  readonly addresses: readonly string[];
  readonly podCIDRs: readonly string[];
  readonly createdAt: number;
}

/** Anything that can own a pod, directly or further up; read as PartialObjectMetadata where possible. */
export interface OwnerRecord {
  readonly uid: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerRef[];
}

export interface NamespaceRecord {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * An Ingress, a Gateway (gateway.networking.k8s.io) or a route of one: where the outside comes in. Load balancers are
 * those of its status; what answers are Services.
 */
export interface EntryRecord {
  readonly uid: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  /** Host names of load balancers, lower case. */
  readonly hostnames: readonly string[];
  /** Names that the outside asks for, lower case, also `*.example.com`; none: any name. */
  readonly hosts: readonly string[];
  readonly backends: readonly EntryBackend[];
  /** Gateways that a route hangs on: `namespace/name`. */
  readonly parents: readonly string[];
}

export interface EntryBackend {
  /** Only for this name; absent: for all of `hosts`. */
  readonly host?: string;
  readonly namespace: string;
  readonly service: string;
  /** Number or name of the Service's port; absent: any. */
  readonly port?: number | string;
}

/**
 * A change of the cluster, in the order in which it was learned. `at` is when it was observed (watch time, dump time),
 * absent when unknown: the objects' own times count then. A deletion closes what the object owned.
 */
export type ClusterChange =
  | { readonly type: 'pod'; readonly pod: PodRecord; readonly at?: number; readonly deleted?: boolean }
  | {
      readonly type: 'service';
      readonly service: ServiceRecord;
      readonly at?: number;
      readonly deleted?: boolean;
      /** An older state than one that was told already: it was so before that. */
      readonly past?: boolean;
    }
  | { readonly type: 'endpoints'; readonly endpoints: EndpointsRecord; readonly at?: number; readonly deleted?: boolean }
  | { readonly type: 'node'; readonly node: NodeRecord; readonly at?: number; readonly deleted?: boolean }
  | { readonly type: 'owner'; readonly owner: OwnerRecord; readonly at?: number; readonly deleted?: boolean }
  | { readonly type: 'namespace'; readonly namespace: NamespaceRecord; readonly at?: number; readonly deleted?: boolean }
  | { readonly type: 'entry'; readonly entry: EntryRecord; readonly at?: number; readonly deleted?: boolean }
  /** What restricts calls; `uid` tells objects apart. */
  | {
      readonly type: 'networkPolicy';
      readonly uid: string;
      readonly policy: NetworkPolicyRecord;
      readonly at?: number;
      readonly deleted?: boolean;
    }
  | {
      readonly type: 'authorizationPolicy';
      readonly uid: string;
      readonly policy: AuthorizationPolicyRecord;
      readonly at?: number;
      readonly deleted?: boolean;
    }
  | {
      readonly type: 'clientIntents';
      readonly uid: string;
      readonly intents: DeclaredIntents;
      readonly at?: number;
      readonly deleted?: boolean;
    }
  /** Address ranges of the cluster that no node names: ServiceCIDR objects, options. */
  | { readonly type: 'range'; readonly cidr: string; readonly use: 'pod' | 'service' };
