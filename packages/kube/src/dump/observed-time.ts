import { instantOf, isJsonObject, objectOf, objectsOf } from '../objects/fields.ts';
import type { JsonObject } from '../objects/fields.ts';

/** Keys under which API objects keep instants that have passed (not `notAfter`, `expirationTimestamp` and the like). */
const PAST = new Set([
  'lastTransitionTime',
  'lastHeartbeatTime',
  'lastProbeTime',
  'lastUpdateTime',
  'lastScheduleTime',
  'lastSuccessfulTime',
  'startTime',
  'completionTime',
  'startedAt',
  'finishedAt',
  'renewTime',
  'acquireTime',
  'lastTimestamp',
  'eventTime',
]);
/** The endpoints controllers note which change made them act. */
const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time';
const MAX_DEPTH = 6;

/**
 * The newest instant of which an object tells: it was seen at that time or later. Undefined when it tells of none.
 * deletionTimestamp counts from when it was asked for, because it lies in the future by the grace period.
 */
export function newestTimeOf(object: JsonObject): number | undefined {
  const meta = objectOf(object['metadata']);
  let newest = instantOf(meta['creationTimestamp']) ?? -Infinity;
  const see = (instant: number | undefined): void => {
    if (instant !== undefined && instant > newest) newest = instant;
  };
  for (const field of objectsOf(meta['managedFields'])) see(instantOf(field['time']));
  const deletion = instantOf(meta['deletionTimestamp']);
  const graceSeconds = meta['deletionGracePeriodSeconds'];
  if (deletion !== undefined) see(deletion - (typeof graceSeconds === 'number' ? graceSeconds : 0) * 1000);
  see(instantOf(objectOf(meta['annotations'])[TRIGGER]));
  const walk = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    if (Array.isArray(value)) for (const item of value) walk(item, depth + 1);
    else if (isJsonObject(value)) {
      for (const key in value) {
        const field = value[key];
        if (typeof field === 'object') walk(field, depth + 1);
        else if (PAST.has(key)) see(instantOf(field));
      }
    }
  };
  walk(object['status'], 0);
  see(instantOf(objectOf(object['spec'])['renewTime']));
  see(instantOf(object['lastTimestamp']));
  see(instantOf(object['eventTime']));
  return newest === -Infinity ? undefined : newest;
}
