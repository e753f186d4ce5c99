import { canonicalAddress } from '@nm/core';
import type { PodPort, PodRecord } from '@nm/core';
import { addressesOf, instantOf, jsonOf, objectOf, objectsOf, optional, portOf, protocolOf, textOf, textsOf } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { toMetadata } from './metadata.ts';
import { firstContainerStart, podFinish } from './pod-times.ts';

/** Network Plumbing Working Group's multi-network annotation, and its name before version 1 of that standard. */
const NETWORK_STATUS = ['k8s.v1.cni.cncf.io/network-status', 'k8s.v1.cni.cncf.io/networks-status'];

/** A core/v1 Pod; undefined without a name. */
export function toPodRecord(object: JsonObject): PodRecord | undefined {
  const metadata = toMetadata(object, 'Pod', true);
  if (metadata === undefined) return undefined;
  const spec = objectOf(object['spec']);
  const status = objectOf(object['status']);
  const containers = objectsOf(spec['containers']);
  const startedAt = instantOf(status['startTime']);
  const { createdAt, deletionRequestedAt, ...identity } = metadata;
  return {
    ...identity,
    ...optional('nodeName', textOf(spec['nodeName'])),
    hostNetwork: spec['hostNetwork'] === true,
    phase: textOf(status['phase']) ?? 'Unknown',
    addresses: podAddresses(object, status),
    hostAddresses: addressesOf([...objectsOf(status['hostIPs']).map((entry) => entry['ip']), status['hostIP']]),
    createdAt: createdAt === 0 ? (startedAt ?? 0) : createdAt,
    ...optional('startedAt', startedAt),
    ...optional('firstContainerStartedAt', firstContainerStart(status)),
    ...optional('finishedAt', podFinish(object, deletionRequestedAt !== undefined)),
    ...optional('deletionRequestedAt', deletionRequestedAt),
    ...optional('ready', readiness(status)),
    ports: [...containers, ...objectsOf(spec['initContainers']).filter(isSidecar)].flatMap(containerPorts),
    containers: containers.map((container) => ({ name: textOf(container['name']) ?? '', image: textOf(container['image']) ?? '' })),
    ...optional('hostname', textOf(spec['hostname'])),
    ...optional('subdomain', textOf(spec['subdomain'])),
    ...optional('serviceAccount', textOf(spec['serviceAccountName'])),
  };
}

function podAddresses(object: JsonObject, status: JsonObject): readonly string[] {
  const own = [...objectsOf(status['podIPs']).map((entry) => entry['ip']), status['podIP']];
  const annotations = objectOf(objectOf(object['metadata'])['annotations']);
  const networks = NETWORK_STATUS.flatMap((key) => objectsOf(jsonOf(textOf(annotations[key]))));
  return addressesOf([...own, ...networks.flatMap((network) => textsOf(network['ips']))]);
}

function readiness(status: JsonObject): PodRecord['ready'] {
  const condition = objectsOf(status['conditions']).find((candidate) => candidate['type'] === 'Ready');
  if (condition === undefined) return undefined;
  return { status: condition['status'] === 'True', ...optional('since', instantOf(condition['lastTransitionTime'])) };
}

/** An init container that keeps running beside the others (KEP-753). */
function isSidecar(container: JsonObject): boolean {
  return container['restartPolicy'] === 'Always';
}

function containerPorts(container: JsonObject): PodPort[] {
  return objectsOf(container['ports']).flatMap((port) => {
    const containerPort = portOf(port['containerPort']);
    if (containerPort === undefined) return [];
    const hostIP = textOf(port['hostIP']);
    return [
      {
        ...optional('name', textOf(port['name'])),
        containerPort,
        ...optional('hostPort', portOf(port['hostPort'])),
        ...optional('hostIP', hostIP === undefined ? undefined : canonicalAddress(hostIP)),
        protocol: protocolOf(port['protocol']),
      },
    ];
  });
}
