import { parseCidr } from '@nm/core';
import type { NodeRecord } from '@nm/core';
import { addressesOf, objectOf, objectsOf, textMapOf, textsOf } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { toMetadata } from './metadata.ts';
import { annotatedAddresses, annotatedRanges } from './node-annotations.ts';

/** A core/v1 Node; undefined without a name. */
export function toNodeRecord(object: JsonObject): NodeRecord | undefined {
  const metadata = toMetadata(object, 'Node', false);
  if (metadata === undefined) return undefined;
  const spec = objectOf(object['spec']);
  const annotations = textMapOf(objectOf(object['metadata'])['annotations']);
  const own = objectsOf(objectOf(object['status'])['addresses']).filter(
    (entry) => entry['type'] === 'InternalIP' || entry['type'] === 'ExternalIP',
  );
  const ranges = [...textsOf(spec['podCIDRs']), ...textsOf([spec['podCIDR']])].flatMap((text) => parseCidr(text)?.text ?? []);
  return {
    uid: metadata.uid,
    name: metadata.name,
    addresses: addressesOf([...own.map((entry) => entry['address']), ...annotatedAddresses(annotations)]),
    podCIDRs: [...new Set([...ranges, ...annotatedRanges(annotations)])],
    createdAt: metadata.createdAt,
  };
}
