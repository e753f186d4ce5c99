import type { ClusterChange } from '@nm/core';
import { instantOf, isJsonObject, objectOf, optional, textOf } from '../objects/fields.ts';
import type { JsonObject } from '../objects/fields.ts';
import { kindOf, toClusterChanges } from '../objects/to-cluster-changes.ts';
import type { ObjectContext } from '../objects/to-cluster-changes.ts';
import { newestTimeOf } from './observed-time.ts';
import type { TroubleCount } from './warnings.ts';

/** One object of a dump, converted; the API object itself is not kept. */
export interface Entry {
  /** Kind and API group: what a list of that kind covers. */
  readonly kindKey: string;
  /** The object by UID, or by name where records have none. */
  readonly identity: string;
  /** Kind, namespace and name: at most one object at a time has it. */
  readonly nameKey: string;
  readonly namespace: string;
  readonly resourceVersion?: string;
  readonly createdAt?: number;
  readonly newestAt?: number;
  /** deletionTimestamp: when the grace period of a deletion is over. */
  readonly deletionAt?: number;
  /** Records without `at`; at most one that is not a range. */
  readonly changes: readonly ClusterChange[];
}

/** An item of a file: an object, or an event of a watch. */
export type DumpItem =
  | { readonly type: 'object'; readonly entry: Entry }
  | { readonly type: 'event'; readonly entry: Entry; readonly deleted: boolean; readonly time?: number };

/** The content of one document. */
export interface DumpContent {
  readonly items: readonly DumpItem[];
  /** Kinds of which this is a list: an object that is not in it did not exist. */
  readonly listed: ReadonlySet<string>;
  /** Version of the whole list, where the API server gave one. */
  readonly listVersion?: string;
}

const EVENTS = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);
const NOTHING: DumpContent = { items: [], listed: new Set() };

/** Reads a document: a List (also `PodList`, whose items have no kind), an array, a single object, a watch event. */
export function toContent(document: unknown, where: string, troubles: TroubleCount): DumpContent {
  if (Array.isArray(document)) return toList(document, {}, undefined, where, troubles);
  if (!isJsonObject(document)) {
    troubles.add('not-an-object', where);
    return NOTHING;
  }
  if (isWatchEvent(document)) return { items: toEvent(document, where, troubles), listed: new Set() };
  const items = document['items'];
  const kind = textOf(document['kind']);
  if (Array.isArray(items) && (kind === undefined || kind.endsWith('List'))) {
    const context = itemContext(kind, textOf(document['apiVersion']));
    return toList(items, context, textOf(objectOf(document['metadata'])['resourceVersion']), where, troubles);
  }
  const entry = toEntry(document, {}, where, troubles);
  return entry === undefined ? NOTHING : { items: [{ type: 'object', entry }], listed: new Set() };
}

function toList(
  list: readonly unknown[],
  context: ObjectContext,
  listVersion: string | undefined,
  where: string,
  troubles: TroubleCount,
): DumpContent {
  const reader = createListReader(where, troubles);
  for (const value of list) reader.add(value, context);
  return reader.content(listVersion);
}

/** Takes the items of a list one by one. */
export interface ListReader {
  add(value: unknown, context: ObjectContext): void;
  content(listVersion: string | undefined): DumpContent;
}

export function createListReader(where: string, troubles: TroubleCount): ListReader {
  const items: DumpItem[] = [];
  const listed = new Set<string>();
  let count = 0;
  return {
    add(value, context) {
      count += 1;
      const place = `${where} item ${count}`;
      if (isJsonObject(value) && isWatchEvent(value)) items.push(...toEvent(value, place, troubles));
      else if (isJsonObject(value) && Array.isArray(value['items']) && textOf(value['kind'])?.endsWith('List') === true) {
        const inner = toContent(value, place, troubles);
        for (const item of inner.items) items.push(item);
        for (const kind of inner.listed) listed.add(kind);
      } else {
        const entry = toEntry(value, context, place, troubles);
        if (entry === undefined) return;
        items.push({ type: 'object', entry });
        listed.add(entry.kindKey);
      }
    },
    content: (listVersion) => ({ items, listed, ...optional('listVersion', listVersion) }),
  };
}

/** What a list says of its items: `PodList` of `v1` holds Pods; a plain List says nothing. */
export function itemContext(kind: string | undefined, apiVersion: string | undefined): ObjectContext {
  return kind === undefined || kind === 'List' ? {} : { kind: kind.slice(0, -'List'.length), ...optional('apiVersion', apiVersion) };
}

function isWatchEvent(value: JsonObject): boolean {
  return typeof value['type'] === 'string' && EVENTS.has(value['type']) && value['object'] !== undefined && value['kind'] === undefined;
}

function toEvent(event: JsonObject, where: string, troubles: TroubleCount): DumpItem[] {
  if (event['type'] === 'BOOKMARK') return [];
  if (event['type'] === 'ERROR') {
    troubles.add('watch-error', where);
    return [];
  }
  const entry = toEntry(event['object'], {}, where, troubles);
  if (entry === undefined) return [];
  return [{ type: 'event', entry, deleted: event['type'] === 'DELETED', ...optional('time', instantOf(event['time'])) }];
}

function toEntry(object: unknown, context: ObjectContext, where: string, troubles: TroubleCount): Entry | undefined {
  const changes = toClusterChanges(object, context, (trouble, kind) => {
    if (trouble !== 'irrelevant') troubles.add(trouble, kind === '' ? where : `${where}, ${kind}`);
  });
  if (!isJsonObject(object)) return undefined;
  const kind = kindOf(object, context);
  const meta = objectOf(object['metadata']);
  const name = textOf(meta['name']);
  // Objects that are no records (events, leases) still tell the time.
  if (kind === undefined || name === undefined) return undefined;
  const namespace = textOf(meta['namespace']) ?? '';
  const version = textOf(object['apiVersion']) ?? context.apiVersion ?? '';
  const kindKey = version.includes('/') ? `${kind}.${version.slice(0, version.indexOf('/'))}` : kind;
  const nameKey = `${kindKey}|${namespace}|${name}`;
  return {
    kindKey,
    nameKey,
    identity: changes.some((change) => change.type === 'endpoints') ? nameKey : `${nameKey}|${textOf(meta['uid']) ?? ''}`,
    namespace,
    ...optional('resourceVersion', textOf(meta['resourceVersion'])),
    ...optional('createdAt', instantOf(meta['creationTimestamp'])),
    ...optional('newestAt', newestTimeOf(object)),
    ...optional('deletionAt', instantOf(meta['deletionTimestamp'])),
    changes,
  };
}
