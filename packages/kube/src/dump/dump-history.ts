import type { ClusterChange } from '@nm/core';
import { optional } from '../objects/fields.ts';
import type { DumpContent, Entry } from './entries.ts';
import type { TroubleCount } from './warnings.ts';

/** When a dump was taken, as far as can be told (milliseconds since the Unix epoch). */
export interface DumpTime {
  /** Its objects were seen like this at that time or later. */
  readonly seenAt?: number;
  /** What it lacks was gone by then. */
  readonly goneAt?: number;
}

/** When an event happened (milliseconds since the Unix epoch). */
export type EventTime =
  /** Its line says so. */
  | { readonly said: number }
  /** Else what its object tells of, and what the stream had told of before: it happened then or later. */
  | { readonly tells?: number; readonly after?: number };

/** Namespaces of which a dump's lists tell everything. */
export type Scope = 'all' | 'own';

interface Known {
  entry: Entry;
  isGone: boolean;
  /** When it was last seen. */
  at?: number;
}

/**
 * The cluster through a sequence of dumps and watches: says what each one changes. An object ends when a later list
 * of its kind lacks it, when another object takes its name, or when a watch says so. States older than one already
 * known (by resourceVersion) change nothing, except that a Service was as they say before. Memory: one record per object that the dumps hold.
 */
export interface DumpHistory {
  applyList(content: DumpContent, time: DumpTime, scope: Scope, where: string): ClusterChange[];
  applyEvent(entry: Entry, deleted: boolean, time: EventTime, where: string): ClusterChange[];
}

export function createDumpHistory(troubles: TroubleCount): DumpHistory {
  const known = new Map<string, Known>();
  const byKind = new Map<string, Map<string, Known>>();
  const byName = new Map<string, Known>();
  const ranges = new Set<string>();

  const see = (entry: Entry, at: number | undefined, where: string): ClusterChange[] => {
    const before = known.get(entry.identity);
    if (before !== undefined && isOlder(entry.resourceVersion, before.entry.resourceVersion)) {
      const past = entry.changes.flatMap((change) => (change.type === 'service' ? [{ ...change, ...optional('at', at), past: true }] : []));
      if (past.length > 0) return past;
      troubles.add('older-state', `${where}, ${entry.nameKey}`);
      return [];
    }
    const changes = displace(entry);
    if (before === undefined) {
      const added: Known = { entry, isGone: false, ...optional('at', at) };
      known.set(entry.identity, added);
      byName.set(entry.nameKey, added);
      kindOf(entry.kindKey).set(entry.identity, added);
    } else {
      before.entry = entry;
      if (at !== undefined) before.at = at;
      if (before.isGone) {
        before.isGone = false;
        kindOf(entry.kindKey).set(entry.identity, before);
      }
      byName.set(entry.nameKey, before);
    }
    return [
      ...changes,
      ...entry.changes.filter(isNewRange).map((change) => (change.type === 'range' ? change : { ...change, ...optional('at', at) })),
    ];
  };

  /** Two objects never have one name at the same time: the older one was gone when the newer one was made. */
  const displace = (entry: Entry): ClusterChange[] => {
    const holder = byName.get(entry.nameKey);
    if (holder === undefined || holder.isGone || holder.entry.identity === entry.identity) return [];
    if ((entry.createdAt ?? 0) < (holder.entry.createdAt ?? 0)) return [];
    return end(holder, entry.createdAt);
  };

  const end = (object: Known, at: number | undefined): ClusterChange[] => {
    object.isGone = true;
    kindOf(object.entry.kindKey).delete(object.entry.identity);
    const { deletionAt } = object.entry;
    // A pod that was seen ending was over with its grace period.
    const latest = at === undefined || deletionAt === undefined ? at : Math.min(at, deletionAt);
    const goneAt = latest === undefined || object.at === undefined ? latest : Math.max(latest, object.at);
    const changes = object.entry.changes.filter((change) => change.type !== 'range');
    object.entry = { ...object.entry, changes: [] };
    return changes.map((change) => ({ ...change, ...optional('at', goneAt), deleted: true }));
  };

  const kindOf = (kindKey: string): Map<string, Known> => {
    let objects = byKind.get(kindKey);
    if (objects === undefined) byKind.set(kindKey, (objects = new Map<string, Known>()));
    return objects;
  };

  const isNewRange = (change: ClusterChange): boolean => {
    if (change.type !== 'range') return true;
    const key = `${change.use} ${change.cidr}`;
    if (ranges.has(key)) return false;
    ranges.add(key);
    return true;
  };

  const endMissing = (content: DumpContent, time: DumpTime, scope: Scope): ClusterChange[] => {
    const present = new Set<string>();
    const namespaces = new Set<string>();
    for (const { entry } of content.items) {
      present.add(entry.identity);
      namespaces.add(`${entry.kindKey}|${entry.namespace}`);
    }
    const changes: ClusterChange[] = [];
    const isBefore = createIsBefore(content, time);
    for (const kindKey of content.listed) {
      for (const object of kindOf(kindKey).values()) {
        if (present.has(object.entry.identity)) continue;
        if (scope === 'own' && !namespaces.has(`${kindKey}|${object.entry.namespace}`)) continue;
        if (isBefore(object)) continue;
        changes.push(...end(object, time.goneAt));
      }
    }
    return changes;
  };

  return {
    applyList(content, time, scope, where) {
      const changes: ClusterChange[] = [];
      for (const item of content.items) {
        if (item.type === 'object') changes.push(...see(item.entry, time.seenAt, where));
        else changes.push(...this.applyEvent(item.entry, item.deleted, eventTime(item, undefined), where));
      }
      return content.listed.size === 0 ? changes : [...endMissing(content, time, scope), ...changes];
    },
    applyEvent(entry, deleted, time, where) {
      const at = 'said' in time ? time.said : whenLater(entry, time, deleted || known.has(entry.identity));
      const changes = see(entry, at, where);
      const object = known.get(entry.identity);
      if (!deleted || object === undefined || object.isGone || object.entry !== entry) return changes;
      // The last state and its end are one change: the deletion carries the state.
      return [...changes.filter((change) => change.type === 'range' || change.deleted === true), ...end(object, at)];
    },
  };
}

/**
 * Whether a list was taken before an object was seen: it cannot say that the object is gone. The list's own version tells;
 * kubectl leaves it empty, so then the newest version in the list does, unless its time says otherwise.
 */
function createIsBefore(content: DumpContent, time: DumpTime): (object: Known) => boolean {
  const { listVersion = '', items } = content;
  if (listVersion !== '') return ({ entry }) => isOlder(listVersion, entry.resourceVersion);
  let newest: string | undefined;
  for (const { entry } of items) if (newest === undefined || isOlder(newest, entry.resourceVersion)) newest = entry.resourceVersion;
  return ({ entry, at }) => {
    const isLater = time.seenAt !== undefined && at !== undefined && time.seenAt > at;
    return !isLater && isOlder(newest, entry.resourceVersion);
  };
}

/** The time of an item on a line of its own or in a list of events. @param after what the stream had told of before */
export function eventTime(item: DumpContent['items'][number], after: number | undefined): EventTime {
  const said = item.type === 'event' ? item.time : undefined;
  return said === undefined ? { ...optional('tells', item.entry.newestAt), ...optional('after', after) } : { said };
}

/** Services and the like tell only when they were made: that is no time of a later change or of the end. */
function whenLater(entry: Entry, { tells, after }: Exclude<EventTime, { said: number }>, isLater: boolean): number | undefined {
  if (!isLater || tells !== entry.createdAt) return tells;
  return after !== undefined && after > (tells ?? -Infinity) ? after : undefined;
}

/** Whether one resourceVersion is older than another: numbers of any length (KEP-5504); others cannot be compared. */
export function isOlder(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined || !/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}
