import { AppError } from '@nm/core';
import type { WatchedPod } from '../kube/watched-pod.ts';

/** Brokers to follow: the pods of an owner, one pod, or the pods of a Strimzi cluster. */
export interface BrokerSet {
  readonly name: string;
  readonly namespace: string;
  /** Container with the log; otherwise `kafka`, else the pod's first. */
  readonly container?: string;
  /** Instead of the name: `key=value` labels, as the API's label selector has them. */
  readonly selector?: string;
}

export type BrokerSetError = 'kafka-server-invalid';

const NAME = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;

/** Parses `name.namespace` (the namespace after the last dot) or `namespace/name`, both with `:container` if wanted. Throws AppError. */
export function parseBrokerSet(text: string): BrokerSet {
  const [server = '', container, ...more] = text.trim().split(':');
  const slash = server.indexOf('/');
  const dot = server.lastIndexOf('.');
  const name = slash >= 0 ? server.slice(slash + 1) : server.slice(0, Math.max(dot, 0));
  const namespace = slash >= 0 ? server.slice(0, slash) : server.slice(dot + 1);
  if (more.length > 0 || !NAME.test(name) || !NAME.test(namespace) || (container !== undefined && !NAME.test(container))) {
    throw new AppError<BrokerSetError>(
      'kafka-server-invalid',
      `"${text}" does not name Kafka servers. Write the name of their StatefulSet, StrimziPodSet or pod and their namespace as name.namespace, with :container if the log is not that of the container "kafka".`,
      { fields: { server: text } },
    );
  }
  return { name, namespace, ...(container === undefined ? {} : { container }) };
}

/** Whether a pod of the namespace is one of the brokers, by its name, its owner, its Strimzi cluster or its usual labels. */
export function isBrokerOf(set: BrokerSet, pod: WatchedPod): boolean {
  if (pod.namespace !== set.namespace) return false;
  if (set.selector !== undefined) return true;
  if (pod.name === set.name) return true;
  // A StatefulSet and a StrimziPodSet own their pods directly, a Deployment through a ReplicaSet with a hash in its name.
  const isOwned = pod.owners.some(({ kind, name }) => name === set.name || (kind === 'ReplicaSet' && isHashed(name, set.name)));
  if (isOwned) return true;
  const cluster = pod.labels['strimzi.io/cluster'];
  if (cluster === set.name) {
    const part = pod.labels['strimzi.io/name'] ?? '';
    // Other pods of the cluster (operators, exporter, bridge, connect) have other names.
    return (
      part === `${set.name}-kafka` || pod.labels['strimzi.io/broker-role'] !== undefined || pod.labels['strimzi.io/pool-name'] !== undefined
    );
  }
  return false;
}

function isHashed(replicaSet: string, name: string): boolean {
  return replicaSet.startsWith(`${name}-`) && /^[a-z0-9]{5,10}$/.test(replicaSet.slice(name.length + 1));
}

/** The container whose log is the broker's; undefined when the pod has none of that name. */
export function brokerContainer(set: BrokerSet, pod: WatchedPod): string | undefined {
  const names = pod.containers.map((container) => container.name);
  if (set.container !== undefined) return names.includes(set.container) ? set.container : undefined;
  return names.find((name) => name === 'kafka') ?? names.find((name) => name.includes('kafka') || name === 'broker') ?? names[0];
}
