import type { Peer } from '@nm/core';

/** One end of an edge as metrics name it. Absent parts are empty. */
export interface Endpoint {
  readonly name: string;
  readonly namespace: string;
  /** Kubernetes kind of a workload, else the peer's type: `internet`, `service`, `node` … */
  readonly kind: string;
  readonly cluster: string;
}

/** Addresses are no names: nameless peers have one each, or series would come and go with their samples. */
export function toEndpoint(peer: Peer): Endpoint {
  switch (peer.type) {
    case 'workload':
      return { name: peer.name, namespace: peer.namespace, kind: peer.kind === '' ? 'workload' : peer.kind, cluster: peer.cluster };
    case 'service':
      return { name: peer.name, namespace: peer.namespace, kind: 'service', cluster: peer.cluster };
    case 'node':
      return { name: peer.name, namespace: '', kind: 'node', cluster: peer.cluster };
    case 'apiServer':
      return { name: 'kubernetes', namespace: '', kind: 'apiServer', cluster: peer.cluster };
    case 'internet':
      return {
        name: peer.domain ?? (peer.scope === 'private' ? 'private network' : 'internet'),
        namespace: '',
        kind: 'internet',
        cluster: '',
      };
    case 'aws':
    case 'gcp':
    case 'azure':
      return { name: peer.resource, namespace: '', kind: peer.type, cluster: '' };
    case 'unknown':
      return { name: 'unknown', namespace: '', kind: 'unknown', cluster: peer.cluster };
  }
}

/** Equal for equal endpoints. */
export function endpointKey({ name, namespace, kind, cluster }: Endpoint): string {
  return `${cluster}|${namespace}|${kind}|${name}`;
}
