import { randomUUID } from 'node:crypto';
import { apiVersionOf, collectionPath } from './resource-table.ts';
import type { FakeResource } from './resource-table.ts';

/** An API object; the store fills in what an API server would. */
export interface FakeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface FakeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: FakeObject;
}

/** Objects with one version counter for all, and per kind the events since the last compaction. */
export interface ObjectStore {
  readonly version: () => number;
  put(resource: FakeResource, object: FakeObject): FakeObject;
  remove(resource: FakeResource, namespace: string | undefined, name: string): FakeObject | undefined;
  get(resource: FakeResource, namespace: string | undefined, name: string): FakeObject | undefined;
  /** Sorted by namespace and name, as etcd's keys are. */
  list(resource: FakeResource, namespace?: string): readonly FakeObject[];
  /** Events after a version; undefined when they were compacted. */
  eventsAfter(resource: FakeResource, version: number): readonly FakeEvent[] | undefined;
  /** Forgets events: watches that are behind and pages that were begun get 410. */
  compact(): void;
  readonly compactedAt: () => number;
  onEvent(listener: (resource: FakeResource, event: FakeEvent) => void): void;
}

export function createObjectStore(now: () => number): ObjectStore {
  let version = 100;
  let compactedAt = 0;
  const objects = new Map<string, Map<string, FakeObject>>();
  const events = new Map<string, FakeEvent[]>();
  /** Lists as they are served; forgotten at every change. */
  const sorted = new Map<string, readonly FakeObject[]>();
  const listeners: ((resource: FakeResource, event: FakeEvent) => void)[] = [];
  const of = <Value>(map: Map<string, Value>, resource: FakeResource, create: () => Value): Value => {
    const key = collectionPath(resource);
    let found = map.get(key);
    if (found === undefined) map.set(key, (found = create()));
    return found;
  };
  const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;
  const emit = (resource: FakeResource, event: FakeEvent): void => {
    sorted.delete(collectionPath(resource));
    of(events, resource, () => []).push(event);
    for (const listener of listeners) listener(resource, event);
  };
  return {
    version: () => version,
    put(resource, object) {
      version += 1;
      const namespace = resource.namespaced ? (object.metadata.namespace ?? 'default') : undefined;
      const held = of(objects, resource, () => new Map<string, FakeObject>());
      const key = keyOf(namespace, object.metadata.name);
      const before = held.get(key);
      const stored: FakeObject = {
        ...object,
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        metadata: {
          ...object.metadata,
          ...(namespace === undefined ? {} : { namespace }),
          uid: object.metadata.uid ?? before?.metadata.uid ?? randomUUID(),
          creationTimestamp:
            object.metadata.creationTimestamp ??
            before?.metadata.creationTimestamp ??
            new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
          resourceVersion: String(version),
        },
      };
      held.set(key, stored);
      emit(resource, { type: before === undefined ? 'ADDED' : 'MODIFIED', version, object: stored });
      return stored;
    },
    remove(resource, namespace, name) {
      const held = of(objects, resource, () => new Map<string, FakeObject>());
      const key = keyOf(resource.namespaced ? (namespace ?? 'default') : undefined, name);
      const before = held.get(key);
      if (before === undefined) return undefined;
      version += 1;
      held.delete(key);
      const last: FakeObject = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
      emit(resource, { type: 'DELETED', version, object: last });
      return last;
    },
    get: (resource, namespace, name) =>
      objects.get(collectionPath(resource))?.get(keyOf(resource.namespaced ? namespace : undefined, name)),
    list(resource, namespace) {
      const held = objects.get(collectionPath(resource)) ?? new Map<string, FakeObject>();
      const key = collectionPath(resource);
      let all = sorted.get(key);
      if (all === undefined) sorted.set(key, (all = [...held].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)));
      return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
    },
    eventsAfter(resource, after) {
      if (after < compactedAt) return undefined;
      return (events.get(collectionPath(resource)) ?? []).filter((event) => event.version > after);
    },
    compact() {
      version += 1;
      compactedAt = version;
      events.clear();
    },
    compactedAt: () => compactedAt,
    onEvent: (listener) => void listeners.push(listener),
  };
}
