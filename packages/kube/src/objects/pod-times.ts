import { instantOf, isJsonObject, objectOf, objectsOf } from './fields.ts';
import type { JsonObject } from './fields.ts';

/**
 * Earliest start of a container, when no restart hides it: a status keeps only the current and the previous run.
 * Init containers run one after the other before all others, so the first one alone decides where there is one.
 */
export function firstContainerStart(status: JsonObject): number | undefined {
  const init = objectsOf(status['initContainerStatuses']);
  const first = init[0];
  if (first !== undefined) {
    const start = firstStart(first);
    return start === 'hidden' ? undefined : start;
  }
  let earliest: number | undefined;
  for (const container of objectsOf(status['containerStatuses'])) {
    const start = firstStart(container);
    if (start === 'hidden') return undefined;
    if (start !== undefined && (earliest === undefined || start < earliest)) earliest = start;
  }
  return earliest;
}

/** Start of a container's first run; undefined when it never ran. */
function firstStart(container: JsonObject): number | 'hidden' | undefined {
  const restarts = typeof container['restartCount'] === 'number' ? container['restartCount'] : 0;
  const state = objectOf(container['state']);
  const current = state['running'] ?? state['terminated'];
  if (isJsonObject(current) && restarts === 0) return instantOf(current['startedAt']);
  const previous = objectOf(container['lastState'])['terminated'];
  // While a container waits for its restart, lastState is the run that the count has not passed yet.
  const previousRun = isJsonObject(current) ? restarts - 1 : restarts;
  if (isJsonObject(previous) && previousRun === 0) return instantOf(previous['startedAt']) ?? 'hidden';
  return restarts === 0 ? undefined : 'hidden';
}

/**
 * When the last container finished. A container that is about to be restarted keeps the pod alive, so outside the
 * final phases all must have terminated for good: no restart by policy, or the pod is being deleted.
 */
export function podFinish(object: JsonObject, deleting: boolean): number | undefined {
  const spec = objectOf(object['spec']);
  const status = objectOf(object['status']);
  const isFinal = status['phase'] === 'Succeeded' || status['phase'] === 'Failed';
  if (isFinal) return latestEnd(status) ?? endWithoutContainers(object, status);
  const containers = objectsOf(status['containerStatuses']);
  const expected = objectsOf(spec['containers']).length;
  if (containers.length === 0 || containers.length < expected) return undefined;
  const sidecars = objectsOf(spec['initContainers']).filter((container) => container['restartPolicy'] === 'Always');
  const sidecarNames = new Set(sidecars.map((container) => container['name']));
  const running = objectsOf(status['initContainerStatuses']).filter((container) => sidecarNames.has(container['name']));
  const policy = spec['restartPolicy'] ?? 'Always';
  const isOver = (container: JsonObject): boolean => {
    const ended = objectOf(container['state'])['terminated'];
    return isJsonObject(ended) && (deleting || policy === 'Never' || (policy === 'OnFailure' && ended['exitCode'] === 0));
  };
  const sidecarIsOver = (container: JsonObject): boolean => isJsonObject(objectOf(container['state'])['terminated']);
  return containers.every(isOver) && running.every(sidecarIsOver) ? latestEnd(status) : undefined;
}

function latestEnd(status: JsonObject): number | undefined {
  const all = [...objectsOf(status['containerStatuses']), ...objectsOf(status['initContainerStatuses'])];
  return latest(
    all
      .flatMap((container) => [objectOf(container['state'])['terminated'], objectOf(container['lastState'])['terminated']])
      .map((run) => objectOf(run)['finishedAt']),
  );
}

/** Evicted and rejected pods have no container statuses: the last change of their status says when they ended. */
function endWithoutContainers(object: JsonObject, status: JsonObject): number | undefined {
  const meta = objectOf(object['metadata']);
  const conditions = objectsOf(status['conditions']).map((condition) => condition['lastTransitionTime']);
  const writes = objectsOf(meta['managedFields']).map((field) => field['time']);
  return latest(conditions) ?? latest(writes) ?? latest([status['startTime'], meta['creationTimestamp']]);
}

function latest(values: readonly unknown[]): number | undefined {
  const instants = values.map(instantOf).filter((instant) => instant !== undefined);
  return instants.length === 0 ? undefined : Math.max(...instants);
}
