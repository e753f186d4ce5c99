import type { ClusterChange } from '@nm/core';
import { objectOf, textOf } from '../objects/fields.ts';
import { toClusterChanges } from '../objects/to-cluster-changes.ts';
import { createSharedValues } from './shared-values.ts';

/**
 * The objects of one kind as last seen: what turns a repeated list into the changes since, deletions included.
 * Memory: one record per object that exists (shared with whoever got the change), so bounded by the cluster.
 */
export interface KnownObjects {
  readonly size: () => number;
  /** Changes of an object that exists now; none when its version is the one already known. */
  see(object: unknown, at: number): ClusterChange[];
  /** Changes of an object that a watch says was deleted. */
  remove(object: unknown, at: number): ClusterChange[];
  /** Between these, `see` marks what a list holds; `endList` gives the deletion of everything else. */
  beginList(): void;
  endList(at: number): ClusterChange[];
  /** The deletion of everything: the kind itself is gone. */
  endAll(at: number): ClusterChange[];
}

interface Known {
  version: string | undefined;
  change: ClusterChange;
  list: number;
}

export function createKnownObjects(kind: string, apiVersion: () => string, onSkipped: (reason: string) => void): KnownObjects {
  const known = new Map<string, Known>();
  const share = createSharedValues();
  let list = 0;
  const convert = (object: unknown, at: number, deleted: boolean): ClusterChange[] =>
    toClusterChanges(object, { kind, apiVersion: apiVersion(), at, deleted }, onSkipped).map(share);
  const endList = (at: number): ClusterChange[] => {
    const gone: ClusterChange[] = [];
    for (const [key, entry] of known) {
      if (entry.list === list || entry.change.type === 'range') continue;
      known.delete(key);
      gone.push({ ...entry.change, at, deleted: true });
    }
    return gone;
  };
  return {
    size: () => known.size,
    see(object, at) {
      const meta = objectOf(objectOf(object)['metadata']);
      const version = textOf(meta['resourceVersion']);
      const uid = textOf(meta['uid']);
      const same = uid === undefined ? undefined : known.get(uid);
      if (same !== undefined && version !== undefined && same.version === version) {
        same.list = list;
        return [];
      }
      const changes = convert(object, at, false);
      for (const change of changes) {
        const key = keyOf(change);
        if (key !== undefined) known.set(key, { version, change, list });
      }
      return changes;
    },
    remove(object, at) {
      const changes = convert(object, at, true);
      for (const change of changes) {
        const key = keyOf(change);
        if (key !== undefined) known.delete(key);
      }
      return changes;
    },
    beginList() {
      list += 1;
    },
    endList,
    endAll(at) {
      list += 1;
      return endList(at);
    },
  };
}

/** What tells two records apart; EndpointSlices are replaced by name. */
function keyOf(change: ClusterChange): string | undefined {
  switch (change.type) {
    case 'pod':
      return change.pod.uid;
    case 'service':
      return change.service.uid;
    case 'endpoints':
      return change.endpoints.id;
    case 'node':
      return change.node.uid;
    case 'namespace':
      return change.namespace.uid;
    case 'owner':
      return change.owner.uid;
    case 'entry':
      return change.entry.uid;
    case 'networkPolicy':
    case 'authorizationPolicy':
    case 'clientIntents':
      return change.uid;
    case 'range':
      return undefined;
  }
}
