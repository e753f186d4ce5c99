import type { schema } from '@nm/api';
import { toRfc3339 } from '@nm/core';
import type { ClusterView } from '@nm/core';

/** Pods of one workload that are answered at most. */
export const MAX_PODS = 500;

/** The pods that a workload of this cluster has now. */
export function toPodsView(
  view: Pick<ClusterView, 'cluster' | 'pods'>,
  { name, namespace, cluster, kind }: schema.WorkloadSelector,
): schema.Pod[] {
  if (namespace == null || (cluster != null && cluster !== view.cluster)) return [];
  return [...view.pods.ofWorkload(namespace, name)]
    .filter((entry) => !entry.deleted && entry.to === Number.POSITIVE_INFINITY && (kind == null || entry.kind === kind))
    .map(({ record }) => record)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MAX_PODS)
    .map((pod) => ({
      name: pod.name,
      addresses: [...pod.addresses],
      phase: pod.phase,
      createdAt: toRfc3339(pod.createdAt),
      node: pod.nodeName ?? null,
      ready: pod.ready?.status ?? null,
    }));
}
