import { peerKey, peerName, peerNamespace } from '../model/peer.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';

interface Sortable {
  readonly client: Peer;
  readonly server: Peer;
  readonly ports: readonly {
    readonly port?: number;
    readonly protocol: string;
    readonly service?: ServiceRef;
    readonly servicePort?: number;
  }[];
}

/** Sorts after every character that a name can hold, so that "a" comes before "a-b" in a joined key. */
const SEPARATOR = '\u0000';

/**
 * Edges in the map file's order: client namespace, client name, then server namespace and name; what is left equal is
 * told apart by the rest of the peers' identity and by the ports, so the order is total and repeatable.
 */
export function sortEdges<E extends Sortable>(edges: readonly E[]): E[] {
  const keys = new Map<Peer, string>();
  const keyOf = (peer: Peer): string => {
    const known = keys.get(peer);
    if (known !== undefined) return known;
    const key = [peerNamespace(peer) ?? '', sortName(peer), peerKey(peer)].join(SEPARATOR);
    keys.set(peer, key);
    return key;
  };
  return edges
    .map((edge) => ({
      edge,
      key: `${keyOf(edge.client)}${SEPARATOR}${keyOf(edge.server)}${SEPARATOR}${edge.ports.map(portKey).join(SEPARATOR)}`,
    }))
    .toSorted((a, b) => compareText(a.key, b.key))
    .map(({ edge }) => edge);
}

/** Compares peers as `sortEdges` does. */
export function comparePeers(a: Peer, b: Peer): number {
  return (
    compareText(peerNamespace(a) ?? '', peerNamespace(b) ?? '') ||
    compareText(sortName(a), sortName(b)) ||
    compareText(peerKey(a), peerKey(b))
  );
}

/** A nameless peer is not told apart by the addresses that happen to be its sample. */
function sortName(peer: Peer): string {
  return peer.type === 'internet' ? (peer.domain ?? '') : peerName(peer);
}

/** Ports by number, protocol, then the Service asked for. */
export function sortPorts<P extends Sortable['ports'][number]>(ports: readonly P[]): P[] {
  return ports.length < 2 ? [...ports] : ports.toSorted((a, b) => compareText(portKey(a), portKey(b)));
}

/** Compares by UTF-16 code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function portKey(port: Sortable['ports'][number]): string {
  const service = port.service === undefined ? '' : `${port.service.namespace}/${port.service.name}`;
  return `${String(port.port ?? 0).padStart(5, '0')}/${port.protocol}/${service}/${port.servicePort ?? ''}`;
}
