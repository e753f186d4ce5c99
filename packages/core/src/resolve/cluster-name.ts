import { canonicalAddress } from '../model/address.ts';

/**
 * What a name under the cluster's domain means (Kubernetes DNS specification 1.1). `other` is a name of the cluster
 * that stands for nothing that can be called; undefined is a name of the world outside.
 */
export type ClusterName =
  | { readonly type: 'service'; readonly namespace: string; readonly service: string }
  | { readonly type: 'endpoint'; readonly namespace: string; readonly service: string; readonly hostname: string }
  | { readonly type: 'pod'; readonly namespace: string; readonly address: string }
  | { readonly type: 'other' };

/** Suffixes are matched on whole labels: `db.notcluster.local` is not in the domain `cluster.local`. */
export function parseClusterName(name: string, domains: readonly string[]): ClusterName | undefined {
  const domain = domains.find((candidate) => name === candidate || name.endsWith(`.${candidate}`));
  if (domain === undefined) return undefined;
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
  const kind = labels.pop();
  const namespace = labels.pop();
  const last = labels.pop();
  if (namespace === undefined || last === undefined) return { type: 'other' };
  if (kind === 'pod') {
    const address = labels.length === 0 ? dashedAddress(last) : undefined;
    return address === undefined ? { type: 'other' } : { type: 'pod', namespace, address };
  }
  if (kind !== 'svc') return { type: 'other' };
  if (labels.length === 0) return { type: 'service', namespace, service: last };
  const hostname = labels.pop();
  // `_port._protocol.service` has SRV records only; a pod's name under a headless Service has one label.
  if (hostname === undefined || labels.length > 0) return { type: 'other' };
  return { type: 'endpoint', namespace, service: last, hostname };
}

/** `10-1-2-3` or `fd00--1`: an address with dashes for dots or colons. */
export function dashedAddress(label: string): string | undefined {
  return canonicalAddress(label.replaceAll('-', '.')) ?? canonicalAddress(label.replaceAll('-', ':'));
}
