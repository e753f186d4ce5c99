import type { EdgeUpdate, Peer } from '@nm/core';
import type { DetailKind } from '../schema/tables.ts';
import type { EdgeEntry, IdentityCache } from './identity-cache.ts';
import { clean } from './peer-row.ts';

const MAX_VALUE = 500;
const BYTES_SENT = 'sent';

/** What a plan adds to one row of the table detail. */
export interface DetailChange {
  readonly edge: EdgeEntry;
  readonly kind: DetailKind;
  readonly value: string;
  count: number;
  first: number;
  last: number;
}

/** Adds what an update says beyond counts: topics, paths, actions, names, addresses, waypoint. */
export function collectDetails(
  changes: Map<string, DetailChange>,
  cache: IdentityCache,
  edge: EdgeEntry,
  update: EdgeUpdate,
  first: number,
  last: number,
): void {
  const add = (kind: DetailKind, value: string, count = 0): void => {
    const key = `${edge.client.ref}>${edge.server.ref}>${edge.port}|${kind}|${value}`;
    const known = cache.details.get(key);
    if (count === 0 && known !== undefined && known.first <= first && known.last >= last) return;
    cache.details.set(key, { first: Math.min(first, known?.first ?? first), last: Math.max(last, known?.last ?? last) });
    if (known === undefined) edge.newDetails += 1;
    edge.changed = true;
    const change = changes.get(key);
    if (change === undefined) {
      changes.set(key, { edge, kind, value, count, first, last });
      return;
    }
    change.count += count;
    change.first = Math.min(change.first, first);
    change.last = Math.max(change.last, last);
  };
  if (update.kafka !== undefined) {
    const { topic, operation, allowed, resourceType, principal } = update.kafka;
    add('kafka', JSON.stringify([cut(topic), cut(operation), allowed, resourceType ?? '', cut(principal ?? '')]));
  }
  if (update.http !== undefined) {
    const path = cut(update.http.path);
    for (const method of update.http.methods.length === 0 ? [''] : update.http.methods) add('http', JSON.stringify([path, method]));
  }
  for (const { action, count } of update.actions ?? []) add('action', cut(clean(action)), count);
  if (update.name !== undefined) add('name', cut(clean(update.name)));
  if (update.bytes !== undefined && update.bytes > 0) add('bytes', BYTES_SENT, update.bytes);
  if (update.via !== undefined) add('via', JSON.stringify(withoutLabels(update.via)));
  for (const address of addressesOf(update.client)) add('client-address', address);
  for (const address of addressesOf(update.server)) add('server-address', address);
}

/** Values are part of an index, whose rows are bounded in PostgreSQL. */
function cut(text: string): string {
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

function addressesOf(peer: Peer): readonly string[] {
  return peer.type === 'internet' || peer.type === 'service' ? (peer.addresses ?? []) : [];
}

function withoutLabels(peer: Peer): Peer {
  if (peer.type !== 'workload') return peer;
  const { type, cluster, namespace, name, kind } = peer;
  return { type, cluster, namespace, name, kind };
}

/**
 * A uniform 32-bit hash of a value. Of too many values those with the smallest stay: whatever the order in which
 * they came, the same ones, and a uniform sample, from which the number of all can be estimated.
 */
export function rankOf(value: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < value.length; index += 1) hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193);
  // FNV-1a alone is far from uniform for short texts: murmur3's finalizer mixes the bits.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Number of distinct values, of which only the `bound` smallest ranks were kept (k minimum values). */
export function estimateDistinct(kept: number, bound: number, largestRank: number): number {
  if (kept < bound) return kept;
  return Math.max(kept, Math.round((bound - 1) / ((largestRank + 1) / 2 ** 32)));
}
