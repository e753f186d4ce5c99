import type { EdgeUpdatePort } from './edge-update.ts';
import { peerKey } from './peer.ts';
import type { Peer } from './peer.ts';

/**
 * Identity of an edge. Peers without a name outside the cluster are told apart by the server port, because one such
 * peer stands for many addresses (rule 16); every other edge is its two peers.
 */
export function edgeKey(client: Peer, server: Peer, port: EdgeUpdatePort | undefined): string {
  const pair = `${peerKey(client)}>${peerKey(server)}`;
  return isNameless(client) || isNameless(server) ? `${pair}>${port?.port ?? ''}/${port?.protocol ?? ''}` : pair;
}

function isNameless(peer: Peer): boolean {
  return peer.type === 'internet' && peer.domain === undefined;
}
