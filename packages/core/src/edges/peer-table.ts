import type { Peer } from '../model/peer.ts';
import { peerKey } from '../model/peer.ts';

/** Objects that are recognised without comparing text; all go when there are more. */
const MAX_KNOWN_OBJECTS = 65_536;

/** Numbers peers. Resolution gives the same object for the same end, so most look-ups compare no text. */
export class PeerTable {
  private readonly byKey = new Map<string, number>();
  private readonly byObject = new Map<Peer, number>();
  private readonly peers: Peer[] = [];

  idOf(peer: Peer): number {
    const known = this.byObject.get(peer);
    if (known !== undefined) return known;
    const key = peerKey(peer);
    let id = this.byKey.get(key);
    if (id === undefined) {
      id = this.peers.length;
      this.byKey.set(key, id);
      this.peers.push(peer);
    } else {
      this.peers[id] = newer(this.peers[id] ?? peer, peer);
    }
    if (this.byObject.size >= MAX_KNOWN_OBJECTS) this.byObject.clear();
    this.byObject.set(peer, id);
    return id;
  }

  /** Number of a peer that has one, else -1. */
  find(peer: Peer): number {
    return this.byObject.has(peer) || this.byKey.has(peerKey(peer)) ? this.idOf(peer) : -1;
  }

  peer(id: number): Peer {
    const peer = this.peers[id];
    if (peer === undefined) throw new RangeError(`no peer ${id}`);
    return peer;
  }

  /** Ids in the map's order, as ranks: `ranks[id]` is the place of that peer. */
  ranks(compare: (a: Peer, b: Peer) => number): Int32Array {
    const order = this.peers.map((_peer, id) => id).toSorted((a, b) => compare(this.peer(a), this.peer(b)));
    const ranks = new Int32Array(order.length);
    for (const [rank, id] of order.entries()) ranks[id] = rank;
    return ranks;
  }
}

/** The labels seen last win; a domain seen with a public address is public. */
function newer(known: Peer, seen: Peer): Peer {
  return known.type === 'internet' && seen.type === 'internet' && known.scope === 'public' ? known : seen;
}
