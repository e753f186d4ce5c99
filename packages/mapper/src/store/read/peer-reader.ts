import type { Peer, UnknownReason } from '@nm/core';
import { sql } from 'kysely';
import type { Backend } from '../backend.ts';
import { undatedAttributes } from '../write/peer-row.ts';
import { isOneOf } from './filter-sql.ts';

export interface PeerRow {
  readonly id: number;
  readonly type: Peer['type'];
  readonly cluster: string | null;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly domain: string;
  readonly attributes: string;
}

export const PEER_COLUMNS = sql`p.id, p.type, c.name as cluster, p.namespace, p.name, p.kind, p.domain, p.attributes`;

/** Adds the peers with these ids to `known`, those only that it lacks. */
export async function loadPeers(
  backend: Pick<Backend, 'db' | 'kind'>,
  ids: Iterable<number>,
  known: Map<number, Peer>,
  withLabels = true,
): Promise<void> {
  const missing = new Set<number>();
  for (const id of ids) if (!known.has(id)) missing.add(id);
  if (missing.size === 0) return;
  const { rows } = await sql<PeerRow>`select ${PEER_COLUMNS} from peer p left join cluster c on c.id = p.cluster_id
    where ${isOneOf('p.id', [...missing], backend.kind)}`.execute(backend.db);
  for (const row of rows) known.set(row.id, toPeer(withLabels || row.type !== 'workload' ? row : { ...row, attributes: '' }));
}

export function toPeer(row: PeerRow): Peer {
  const text = undatedAttributes(row.attributes);
  const attributes: unknown = text === '' ? {} : JSON.parse(text);
  const cluster = row.cluster ?? '';
  const { namespace, name } = row;
  switch (row.type) {
    case 'workload':
      return { type: row.type, cluster, namespace, name, kind: row.kind, ...(attributes as { labels?: Record<string, string> }) };
    case 'service':
      return { type: row.type, cluster, namespace, name };
    case 'internet':
      return { type: row.type, ...(row.domain !== '' && { domain: row.domain }), scope: name === 'private' ? 'private' : 'public' };
    case 'apiServer':
      return { type: row.type, cluster };
    case 'node':
      return { type: row.type, cluster, name };
    case 'aws':
    case 'gcp':
    case 'azure':
      return { type: row.type, resource: name, ...(attributes as { service?: string; account?: string; region?: string }) };
    case 'unknown':
      return { type: row.type, cluster, ...(name !== '' && { address: name }), ...(attributes as { reason?: UnknownReason }) };
  }
}
