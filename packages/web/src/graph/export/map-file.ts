import { MAP_SCHEMA } from '@nm/core';
import type { MapDocument, MapEdge } from '@nm/core';
import type { MapLink } from '../model.ts';
import type { UiEdge, UiPeer } from '../ui-edge.ts';

/** What is shown as a map file that every reading command takes. */
export function toMapFile(links: readonly MapLink[], window: MapDocument['window'], generatedAt: string): MapDocument {
  // What was never seen is no edge of a map.
  const seen = links.filter(({ lastSeenAt }) => lastSeenAt > 0);
  const edges = seen.toSorted((a, b) => compareText(sortText(a), sortText(b))).map(({ edge }) => toMapEdge(edge));
  return { schema: MAP_SCHEMA, generatedAt, window, edges };
}

function toMapEdge({ id: _id, protection: _protection, client, server, ...rest }: UiEdge): MapEdge {
  return { client: withoutEnvironment(client), server: withoutEnvironment(server), ...rest };
}

function withoutEnvironment({ environment: _environment, ...peer }: UiPeer): MapEdge['client'] {
  return peer;
}

function sortText({ client, server }: MapLink): string {
  return [client.namespace ?? '', client.name, server.namespace ?? '', server.name, server.id].join('\0');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
