import type { EdgeProtection, MapEdge, Peer } from '@nm/core';

/** A peer as the UI shows it: the mapper adds the environment of its namespace. */
export type UiPeer = Peer & { readonly environment?: string };

/** An edge of the map file or of GraphQL, with the id under which it is kept here. */
export interface UiEdge extends Omit<MapEdge, 'client' | 'server'> {
  readonly id: string;
  readonly client: UiPeer;
  readonly server: UiPeer;
  /** What policies and declared intents say, where the source knows. */
  readonly protection?: EdgeProtection;
}
