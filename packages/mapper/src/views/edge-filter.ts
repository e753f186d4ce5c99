import type { schema } from '@nm/api';
import { parseRfc3339 } from '@nm/core';
import { GraphQLError } from 'graphql';
import { MAX_PAGE } from '../store/query.ts';
import type { EdgeFilter, LabelSelector, PeerSelector, Window, WorkloadSelector } from '../store/query.ts';

/** Values of one list: more is no question that anybody asks, and databases bound the parameters of a statement. */
const MAX_VALUES = 500;

/** Refuses lists beyond the bound, wherever in the argument. @throws GraphQLError `ARGUMENT_INVALID` */
export function checkLists(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value) && value.length > MAX_VALUES)
    throw new GraphQLError(`${name} has ${value.length} values; at most ${MAX_VALUES} are looked for at once`, {
      extensions: { code: 'ARGUMENT_INVALID' },
    });
  for (const [key, inner] of Object.entries(value)) checkLists(inner, Array.isArray(value) ? name : key);
}

/** The store's filter for a filter of the API. @throws GraphQLError `ARGUMENT_INVALID` */
export function toStoreFilter(filter: schema.EdgeFilter | null | undefined): EdgeFilter {
  checkLists(filter, 'filter');
  const either: PeerSelector[] = [];
  const add = (selector: PeerSelector): void => {
    if (Object.keys(selector).length > 0) either.push(selector);
  };
  add(compact({ namespaces: filter?.namespaces }));
  add(compact({ clusters: filter?.clusters }));
  add(compact({ environments: filter?.environments }));
  add(compact({ domains: filter?.domains?.map((domain) => domain.toLowerCase()) }));
  add(filter?.text ? { text: filter.text } : {});
  if (filter?.peer) add(toPeerSelector(filter.peer));
  return {
    ...(either.length > 0 && { either }),
    ...(filter?.client && { client: toPeerSelector(filter.client) }),
    ...(filter?.server && { server: toPeerSelector(filter.server) }),
    ...(filter?.ids && filter.ids.length > 0 && { ids: toIds(filter.ids) }),
    ...compact({ evidence: filter?.evidence, ports: filter?.ports, protocols: filter?.protocols }),
    ...(filter?.includeSystem !== true && { classes: ['app'] }),
    ...(filter?.includeUnknown !== true && { exclude: { either: [{ types: ['unknown'] }] } }),
  };
}

/** Ids that no edge can have find nothing, as ids do that none has. */
function toIds(ids: readonly string[]): number[] {
  if (ids.length > MAX_PAGE) {
    throw new GraphQLError(`filter.ids has ${ids.length} values; ask for at most ${MAX_PAGE} at a time`, {
      extensions: { code: 'ARGUMENT_INVALID' },
    });
  }
  return ids.map(Number).map((id) => (Number.isSafeInteger(id) && id >= 0 ? id : -1));
}

function toPeerSelector(filter: schema.PeerFilter): PeerSelector {
  return {
    ...compact({
      types: filter.types,
      clusters: filter.clusters,
      namespaces: filter.namespaces,
      environments: filter.environments,
      names: filter.names,
      workloads: filter.workloads?.map(toWorkloadSelector),
      labels: filter.labels?.map(toLabelSelector),
      domains: filter.domains?.map((domain) => domain.toLowerCase()),
    }),
    ...(filter.text && { text: filter.text }),
  };
}

function toWorkloadSelector({ name, namespace, cluster, kind }: schema.WorkloadSelector): WorkloadSelector {
  return { name, ...(namespace != null && { namespace }), ...(cluster != null && { cluster }), ...(kind != null && { kind }) };
}

/** `key=value`, or `key` for any value. */
function toLabelSelector(text: string): LabelSelector {
  const equals = text.indexOf('=');
  return equals < 0 ? { key: text } : { key: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** The store's selector for a filter of workloads. */
export function toWorkloadFilter(filter: schema.WorkloadFilter | null | undefined): PeerSelector {
  checkLists(filter, 'filter');
  return {
    ...compact({
      namespaces: filter?.namespaces,
      clusters: filter?.clusters,
      environments: filter?.environments,
      workloads: filter?.workloads?.map(toWorkloadSelector),
    }),
    ...(filter?.text && { text: filter.text }),
  };
}

export function toWindow(since: string | null | undefined, until: string | null | undefined): Window {
  const from = since == null ? undefined : parseRfc3339(since);
  const to = until == null ? undefined : parseRfc3339(until);
  return { ...(from !== undefined && { since: from }), ...(to !== undefined && { until: to }) };
}

/** Without lists that are absent, null or empty: none of them is a filter. */
function compact<T extends Readonly<Record<string, readonly unknown[] | null | undefined>>>(
  lists: T,
): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list != null && list.length > 0)) as {
    [K in keyof T]?: Exclude<T[K], null | undefined>;
  };
}
