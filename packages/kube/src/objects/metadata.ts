import type { OwnerRef } from '@nm/core';
import { instantOf, objectOf, objectsOf, textMapOf, textOf } from './fields.ts';
import type { JsonObject } from './fields.ts';

/** What every record takes from `metadata`. */
export interface Metadata {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly OwnerRef[];
  /** 0 when the object does not say. */
  readonly createdAt: number;
  /** When the deletion was asked for: `deletionTimestamp` lies the grace period after that. */
  readonly deletionRequestedAt?: number;
}

/** Annotations longer than this are left out (characters); those that say who a pod is are short. */
const MAX_ANNOTATION_LENGTH = 2048;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Metadata of an object; undefined without a name. A missing UID is replaced by kind, namespace and name. */
export function toMetadata(object: JsonObject, kind: string, namespaced: boolean): Metadata | undefined {
  const meta = objectOf(object['metadata']);
  const name = textOf(meta['name']);
  if (name === undefined) return undefined;
  const namespace = namespaced ? (textOf(meta['namespace']) ?? 'default') : (textOf(meta['namespace']) ?? '');
  const deletion = instantOf(meta['deletionTimestamp']);
  const graceSeconds = typeof meta['deletionGracePeriodSeconds'] === 'number' ? meta['deletionGracePeriodSeconds'] : 0;
  return {
    uid: textOf(meta['uid']) ?? `${kind}/${namespace}/${name}`,
    namespace,
    name,
    labels: textMapOf(meta['labels']),
    annotations: shortAnnotations(textMapOf(meta['annotations'])),
    owners: objectsOf(meta['ownerReferences']).flatMap(toOwnerRef),
    createdAt: instantOf(meta['creationTimestamp']) ?? 0,
    ...(deletion === undefined ? {} : { deletionRequestedAt: deletion - graceSeconds * 1000 }),
  };
}

function toOwnerRef(ref: JsonObject): OwnerRef[] {
  const kind = textOf(ref['kind']);
  const name = textOf(ref['name']);
  if (kind === undefined || name === undefined) return [];
  return [
    { apiVersion: textOf(ref['apiVersion']) ?? '', kind, name, uid: textOf(ref['uid']) ?? '', controller: ref['controller'] === true },
  ];
}

function shortAnnotations(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(annotations);
  const isShort = ([key, value]: [string, string]): boolean => key !== LAST_APPLIED && value.length <= MAX_ANNOTATION_LENGTH;
  return entries.every(isShort) ? annotations : Object.fromEntries(entries.filter(isShort));
}
