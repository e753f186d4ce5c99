import type { schema } from '@nm/api';
import { edgeKey } from '@nm/core';
import type { MapDocument } from '@nm/core';
import type { UiEdge } from '../graph/ui-edge.ts';

/**
 * An edge as GraphQL answers it, as the UI keeps it: fields that are null are absent. The schema is the map file's form
 * with nulls, so nothing else differs; the server's answers are trusted as far as their types go.
 */
export function toUiEdge(answer: object): UiEdge {
  return dropNulls(answer) as UiEdge;
}

/** A call that ClientIntents declare and nobody ever saw: an edge without evidence. */
export function toDeclaredEdge({ client, server, topics, ports }: schema.DeclaredCall): UiEdge {
  const ends = { client: dropNulls(client) as UiEdge['client'], server: dropNulls(server) as UiEdge['server'] };
  return {
    ...ends,
    id: `declared ${edgeKey(ends.client, ends.server, undefined)}`,
    class: 'app',
    shared: false,
    evidence: {},
    ports: (ports ?? []).map((port) => ({ port, protocol: 'TCP', evidence: {} })),
    ...(topics == null || topics.length === 0 ? {} : { kafka: topics.map((topic) => ({ topic, operation: 'declared', allowed: true })) }),
    protection: { intents: 'unseen' },
  };
}

/** The edges of a map file under the identities that a mapper would use; one that comes twice keeps both by number. */
export function toUiEdges(document: MapDocument): UiEdge[] {
  const seen = new Map<string, number>();
  return document.edges.map((edge) => {
    const key = edgeKey(edge.client, edge.server, edge.ports[0]);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return { ...edge, id: before === 0 ? key : `${key}#${before}` };
  });
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== null && item !== undefined) result[key] = typeof item === 'object' ? dropNulls(item) : item;
  }
  return result;
}
