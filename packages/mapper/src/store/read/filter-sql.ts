import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Backend } from '../backend.ts';
import type { EdgeFilter, PeerSelector, Window, WorkloadSelector } from '../query.ts';
import { bucketOf } from '../schema/buckets.ts';

type Condition = RawBuilder<unknown>;

/** Everything that an edge must be, on `edge e`. */
export function edgeWhere(filter: EdgeFilter, window: Window, kind: Backend['kind']): Condition {
  const conditions = [...edgeConditions(filter, kind), evidenceCondition(filter, window), windowCondition(window)];
  return join(conditions.filter((condition) => condition !== undefined));
}

/** Conditions on `edge e` as SQL; an empty filter gives none. Values are always parameters. */
function edgeConditions(filter: EdgeFilter, kind: Backend['kind']): Condition[] {
  const conditions: Condition[] = [];
  const end = (column: 'client_id' | 'server_id', selector: PeerSelector): Condition =>
    sql`${sql.ref(`e.${column}`)} in (${peersMatching(selector, kind)})`;
  const either = (selector: PeerSelector): Condition => sql`(${end('client_id', selector)} or ${end('server_id', selector)})`;
  for (const selector of filter.either ?? []) if (!isEmpty(selector)) conditions.push(either(selector));
  if (filter.client !== undefined && !isEmpty(filter.client)) conditions.push(end('client_id', filter.client));
  if (filter.server !== undefined && !isEmpty(filter.server)) conditions.push(end('server_id', filter.server));
  if (filter.clientCalls !== undefined) {
    conditions.push(sql`e.client_id in (select c.client_id from edge c where c.server_id in (${peersMatching(filter.clientCalls, kind)}))`);
  }
  for (const selector of filter.exclude?.either ?? []) if (!isEmpty(selector)) conditions.push(sql`not ${either(selector)}`);
  for (const selector of filter.exclude?.client ?? []) if (!isEmpty(selector)) conditions.push(sql`not ${end('client_id', selector)}`);
  for (const selector of filter.exclude?.server ?? []) if (!isEmpty(selector)) conditions.push(sql`not ${end('server_id', selector)}`);
  if (hasValues(filter.classes)) conditions.push(sql`e.class in (${list(filter.classes)})`);
  if (filter.ids !== undefined) conditions.push(filter.ids.length === 0 ? sql`1 = 0` : isOneOf('e.id', filter.ids, kind));
  return conditions;
}

/** Evidence that an edge must have, in the window if there is one. */
function evidenceCondition(filter: EdgeFilter, window: Window): Condition | undefined {
  const parts: Condition[] = [];
  if (hasValues(filter.evidence)) parts.push(sql`v.kind in (${list(filter.evidence)})`);
  if (hasValues(filter.ports)) parts.push(sql`v.port in (${list(filter.ports)})`);
  if (hasValues(filter.protocols)) parts.push(sql`v.protocol in (${list(filter.protocols)})`);
  if (parts.length === 0) return undefined;
  if (window.since !== undefined) parts.push(sql`v.last_bucket >= ${bucketOf(window.since)}`);
  if (window.until !== undefined) parts.push(sql`v.first_at < ${window.until}`);
  return sql`exists (select 1 from evidence v where v.edge_id = e.id and ${join(parts)})`;
}

/**
 * Edges with activity in the window. Buckets of the edge's row decide, except for a window that ended before the
 * edge did: there the activity itself must be asked.
 */
export function windowCondition(window: Window): Condition | undefined {
  const parts: Condition[] = [];
  if (window.since !== undefined) parts.push(sql`e.last_bucket >= ${bucketOf(window.since)}`);
  if (window.until !== undefined) {
    const until = Math.ceil(window.until / 60_000);
    const from = window.since === undefined ? 0 : Math.floor(window.since / 60_000);
    parts.push(sql`e.first_bucket < ${until}`);
    parts.push(sql`(e.last_bucket < ${until} or exists (
      select 1 from evidence v join activity a on a.evidence_id = v.id
      where v.edge_id = e.id and a.width in (5, 60, 1440) and a.start >= ${from} and a.start < ${until}))`);
  }
  return parts.length === 0 ? undefined : join(parts);
}

/** Query for the ids of the peers that a selector means. */
export function peersMatching(selector: PeerSelector, kind: Backend['kind']): Condition {
  return sql`select p.id from peer p where ${peerCondition(selector, kind)}`;
}

/** Condition on `peer p`. */
export function peerCondition(selector: PeerSelector, kind: Backend['kind']): Condition {
  const parts: Condition[] = [];
  if (hasValues(selector.types)) parts.push(sql`p.type in (${list(selector.types)})`);
  if (hasValues(selector.namespaces)) parts.push(sql`p.namespace in (${list(selector.namespaces)})`);
  if (hasValues(selector.clusters)) parts.push(inClusters(selector.clusters));
  if (hasValues(selector.environments)) {
    parts.push(sql`exists (select 1 from namespace n where n.cluster_id = p.cluster_id and n.name = p.namespace
      and n.environment in (${list(selector.environments)}))`);
  }
  if (hasValues(selector.names)) parts.push(sql`p.type in ('workload', 'service', 'node') and p.name in (${list(selector.names)})`);
  if (hasValues(selector.workloads)) parts.push(sql`(${sql.join(selector.workloads.map(workloadCondition), sql` or `)})`);
  for (const { key, value } of selector.labels ?? []) {
    // Labels are JSON with no spaces, and quotes inside a string are escaped there: this text is found only as a member.
    const member = value === undefined ? `${JSON.stringify(key)}:"` : `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    parts.push(sql`p.type = 'workload' and ${contains('p.attributes', member, kind)}`);
  }
  if (hasValues(selector.domains)) parts.push(sql`(${sql.join(selector.domains.map(domainCondition), sql` or `)})`);
  if (selector.text !== undefined && selector.text !== '') parts.push(contains('p.search', selector.text.toLowerCase(), kind));
  return parts.length === 0 ? sql`1 = 1` : join(parts);
}

export function join(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`1 = 1` : sql`(${sql.join([...conditions], sql` and `)})`;
}

/** `column` is one of the ids: one parameter, so that the statement's text does not depend on how many there are. */
export function isOneOf(column: string, ids: readonly number[], kind: Backend['kind']): Condition {
  return kind === 'sqlite'
    ? sql`${sql.ref(column)} in (select value from json_each(${JSON.stringify(ids)}))`
    : sql`${sql.ref(column)} = any(${ids}::bigint[])`;
}

export function list(values: readonly (string | number)[]): Condition {
  return sql.join([...values]);
}

function inClusters(names: readonly string[]): Condition {
  return sql`p.cluster_id in (select c.id from cluster c where c.name in (${list(names)}))`;
}

function workloadCondition(workload: WorkloadSelector): Condition {
  const parts: Condition[] = [sql`p.type in ('workload', 'service')`, sql`p.name = ${workload.name}`];
  if (workload.namespace !== undefined) parts.push(sql`p.namespace = ${workload.namespace}`);
  if (workload.kind !== undefined) parts.push(sql`p.kind = ${workload.kind}`);
  if (workload.cluster !== undefined) parts.push(inClusters([workload.cluster]));
  return join(parts);
}

function domainCondition(domain: string): Condition {
  const name = domain.toLowerCase();
  if (!name.startsWith('*.')) return sql`p.domain = ${name}`;
  const suffix = name.slice(1).replaceAll(/[\\%_]/g, String.raw`\$&`);
  return sql`p.domain like ${`%${suffix}`} escape '\\'`;
}

function contains(column: string, text: string, kind: Backend['kind']): Condition {
  const needle = kind === 'sqlite' ? sql`instr(${sql.ref(column)}, ${text})` : sql`strpos(${sql.ref(column)}, ${text})`;
  return sql`${needle} > 0`;
}

function isEmpty(selector: PeerSelector): boolean {
  return Object.values(selector).every(
    (value: unknown) => value === undefined || value === '' || (Array.isArray(value) && value.length === 0),
  );
}

function hasValues<T>(values: readonly T[] | undefined): values is readonly T[] {
  return values !== undefined && values.length > 0;
}
