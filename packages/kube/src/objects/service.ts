import type { ServicePortRecord, ServiceRecord } from '@nm/core';
import { addressesOf, objectOf, objectsOf, optional, portOf, protocolOf, textMapOf, textOf, textsOf } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { toMetadata } from './metadata.ts';

/** Predecessor of spec.publishNotReadyAddresses, still found on old manifests. */
const TOLERATE_UNREADY = 'service.alpha.kubernetes.io/tolerate-unready-endpoints';

/** A core/v1 Service; undefined without a name. */
export function toServiceRecord(object: JsonObject): ServiceRecord | undefined {
  const metadata = toMetadata(object, 'Service', true);
  if (metadata === undefined) return undefined;
  const spec = objectOf(object['spec']);
  const ingress = objectsOf(objectOf(objectOf(object['status'])['loadBalancer'])['ingress']);
  const clusterIPs = [...textsOf(spec['clusterIPs']), spec['clusterIP']];
  const externalName = textOf(spec['externalName']);
  const selector = textMapOf(spec['selector']);
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    type: serviceType(spec['type']),
    headless: clusterIPs.includes('None'),
    clusterIPs: addressesOf(clusterIPs),
    externalIPs: addressesOf(textsOf(spec['externalIPs'])),
    loadBalancerIPs: addressesOf(ingress.map((entry) => entry['ip'])),
    loadBalancerHostnames: ingress.flatMap((entry) => textOf(entry['hostname']) ?? []).map(toHostname),
    ...optional('externalName', externalName === undefined ? undefined : toHostname(externalName)),
    ...(Object.keys(selector).length === 0 ? {} : { selector }),
    ports: objectsOf(spec['ports']).flatMap(toServicePort),
    publishNotReady: spec['publishNotReadyAddresses'] === true || metadata.annotations[TOLERATE_UNREADY] === 'true',
    createdAt: metadata.createdAt,
  };
}

function serviceType(value: unknown): ServiceRecord['type'] {
  return value === 'NodePort' || value === 'LoadBalancer' || value === 'ExternalName' ? value : 'ClusterIP';
}

function toServicePort(port: JsonObject): ServicePortRecord[] {
  const number = portOf(port['port']);
  if (number === undefined) return [];
  return [
    {
      ...optional('name', textOf(port['name'])),
      port: number,
      ...optional('targetPort', targetPort(port['targetPort'])),
      ...optional('nodePort', portOf(port['nodePort'])),
      protocol: protocolOf(port['protocol']),
    },
  ];
}

/** A number, or a name: names have at least one letter (RFC 6335), so digits alone are a number. */
function targetPort(value: unknown): number | string | undefined {
  if (typeof value === 'string' && !/^\d+$/.test(value)) return textOf(value);
  return portOf(typeof value === 'string' ? Number(value) : value);
}

function toHostname(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
