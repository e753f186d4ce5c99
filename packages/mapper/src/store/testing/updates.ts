import type { EdgeUpdate, WorkloadPeer } from '@nm/core';
import type { StoredEdge } from '../query.ts';
import type { Store } from '../store.ts';

/** An instant on a bucket's border, so that tests can say what lies in which bucket. */
export const T0 = Date.UTC(2026, 0, 10, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function workload(name: string, rest: Partial<WorkloadPeer> = {}): WorkloadPeer {
  return { type: 'workload', cluster: 'one', namespace: 'shop', name, kind: 'Deployment', ...rest };
}

/** One TCP attempt from frontend to cart, seen from the client's side, unless said otherwise. */
export function update(rest: Partial<EdgeUpdate> = {}): EdgeUpdate {
  const at = rest.lastSeenAt ?? T0;
  return {
    client: workload('frontend'),
    server: workload('cart'),
    class: 'app',
    shared: false,
    evidence: 'tcp',
    vantage: 'client',
    count: 1,
    firstSeenAt: at,
    lastSeenAt: at,
    port: { port: 7070, protocol: 'TCP' },
    ...rest,
  };
}

export async function apply(store: Store, ...updates: EdgeUpdate[]): Promise<void> {
  await store.applyBatch({ parts: [{ updates }] });
}

export async function allEdges(store: Store): Promise<StoredEdge[]> {
  return (await collect(store.exportEdges({}))).flat();
}

/** `client->server` of each, in order. */
export function names(edges: readonly StoredEdge[]): string[] {
  return edges.map(({ edge }) => `${nameOf(edge.client)}->${nameOf(edge.server)}`);
}

function nameOf(peer: StoredEdge['edge']['client']): string {
  if ('name' in peer) return peer.name;
  if (peer.type === 'internet') return peer.domain ?? peer.scope;
  return peer.type;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
