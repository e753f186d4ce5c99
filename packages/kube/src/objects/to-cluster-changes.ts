import type { ClusterChange, OwnerRecord } from '@nm/core';
import { toEndpointSliceRecord, toEndpointsRecord } from './endpoints.ts';
import { isJsonObject, optional, textOf } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { isEntryVersion, toEntryRecord } from './entry.ts';
import { toMetadata } from './metadata.ts';
import { toNodeRecord } from './node.ts';
import { toPodRecord } from './pod.ts';
import { toPolicyChange } from './policy.ts';
import { hasRanges, rangesOfPod, toRangeChanges } from './ranges.ts';
import { toServiceRecord } from './service.ts';

/** What the surroundings of an object say of it. */
export interface ObjectContext {
  /** Kind and apiVersion where the object itself has none (items of a PodList) or only says PartialObjectMetadata. */
  readonly kind?: string;
  readonly apiVersion?: string;
  /** When this state was observed (milliseconds since the Unix epoch). */
  readonly at?: number;
  readonly deleted?: boolean;
}

/** Why an object gave no record. `irrelevant`: a kind that owns no address and no pod. */
export type ObjectTrouble = 'not-an-object' | 'no-kind' | 'no-name' | 'no-service' | 'irrelevant';

/** Kinds that are never an owner of pods, many of them numerous or secret: not even their names are kept. */
const IRRELEVANT = new Set([
  'Event',
  'Lease',
  'Secret',
  'ConfigMap',
  'ServiceAccount',
  'ControllerRevision',
  'Status',
  'Table',
  'IPAddress',
  'PodMetrics',
  'NodeMetrics',
]);

const PARTIAL = 'PartialObjectMetadata';
/** Owners that certainly live in a namespace: "default" where a hand-written object leaves it out. */
const NAMESPACED_OWNERS = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicationController']);

/**
 * Records of one Kubernetes API object, whatever its apiVersion: a Pod, Service, Endpoints, EndpointSlice, Node or
 * Namespace gives its own record, objects that name address ranges give those, everything else is an owner.
 * Never throws; fields of a wrong type count as absent.
 */
export function toClusterChanges(
  object: unknown,
  context: ObjectContext = {},
  onTrouble?: (trouble: ObjectTrouble, kind: string) => void,
): ClusterChange[] {
  if (!isJsonObject(object)) {
    onTrouble?.('not-an-object', context.kind ?? '');
    return [];
  }
  const kind = kindOf(object, context);
  if (kind === undefined) {
    onTrouble?.('no-kind', '');
    return [];
  }
  const changes = convert(object, kind, context);
  if (typeof changes !== 'string') return changes;
  onTrouble?.(changes, kind);
  return [];
}

/** Kind of an object with what its surroundings say of it. */
export function kindOf(object: JsonObject, context: ObjectContext = {}): string | undefined {
  const own = textOf(object['kind']);
  return own === undefined || own === PARTIAL ? context.kind : own;
}

function convert(object: JsonObject, kind: string, context: ObjectContext): ClusterChange[] | ObjectTrouble {
  const observed = { ...optional('at', context.at), ...(context.deleted === true ? { deleted: true } : {}) };
  switch (kind) {
    case 'Pod': {
      const pod = toPodRecord(object);
      return pod === undefined ? 'no-name' : [...rangesOfPod(object), { type: 'pod', pod, ...observed }];
    }
    case 'Service': {
      // Knative's Service has the same kind and is an owner.
      if (!isCoreVersion(object, context)) break;
      const service = toServiceRecord(object);
      return service === undefined ? 'no-name' : [{ type: 'service', service, ...observed }];
    }
    case 'Endpoints': {
      const endpoints = toEndpointsRecord(object);
      return endpoints === undefined ? 'no-name' : [{ type: 'endpoints', endpoints, ...observed }];
    }
    case 'EndpointSlice': {
      const endpoints = toEndpointSliceRecord(object);
      return endpoints === undefined ? 'no-service' : [{ type: 'endpoints', endpoints, ...observed }];
    }
    case 'Node': {
      const node = toNodeRecord(object);
      return node === undefined ? 'no-name' : [{ type: 'node', node, ...observed }];
    }
    case 'Namespace': {
      const metadata = toMetadata(object, kind, false);
      if (metadata === undefined) return 'no-name';
      return [{ type: 'namespace', namespace: { name: metadata.name, uid: metadata.uid, labels: metadata.labels }, ...observed }];
    }
    case 'Ingress':
    case 'Gateway':
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'TLSRoute':
    case 'TCPRoute': {
      const entry = isEntryVersion(versionOf(object, context)) ? toEntryRecord(object, kind) : undefined;
      return entry === undefined ? 'irrelevant' : [{ type: 'entry', entry, ...observed }];
    }
    case 'NetworkPolicy':
    case 'AuthorizationPolicy':
    case 'ClientIntents': {
      const change = toPolicyChange(object, kind, versionOf(object, context));
      return change === undefined ? 'irrelevant' : [{ ...change, ...observed }];
    }
    default:
      if (hasRanges(kind)) return [...toRangeChanges(object, kind)];
  }
  if (IRRELEVANT.has(kind)) return 'irrelevant';
  const owner = toOwnerRecord(object, kind, context);
  return owner === undefined ? 'no-name' : [{ type: 'owner', owner, ...observed }];
}

function toOwnerRecord(object: JsonObject, kind: string, context: ObjectContext): OwnerRecord | undefined {
  const metadata = toMetadata(object, kind, NAMESPACED_OWNERS.has(kind));
  if (metadata === undefined) return undefined;
  return {
    uid: metadata.uid,
    apiVersion: versionOf(object, context) ?? '',
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    owners: metadata.owners,
  };
}

function versionOf(object: JsonObject, context: ObjectContext): string | undefined {
  return textOf(object['kind']) === PARTIAL ? context.apiVersion : (textOf(object['apiVersion']) ?? context.apiVersion);
}

/** True without a group: `v1`. An absent version is taken for the core's. */
function isCoreVersion(object: JsonObject, context: ObjectContext): boolean {
  return !(versionOf(object, context) ?? 'v1').includes('/');
}
