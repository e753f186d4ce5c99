/** A route of the node that leads to a neighbour without a gateway. */
export interface LinkRoute {
  readonly family: 4 | 6;
  readonly network: Uint8Array;
  readonly prefixLength: number;
}

const RTF_GATEWAY = 0x2;
const RTF_REJECT = 0x200;

/**
 * Routes from net/route and net/ipv6_route to what hangs on this node itself (pods on a bridge or their own veth):
 * without gateway, and not through a device that also carries a default route, which is the way to other machines.
 */
export function parseLocalRoutes(route4: string, route6: string): LinkRoute[] {
  const rows = [...parse4(route4), ...parse6(route6)];
  const uplinks = new Set(rows.filter(({ prefixLength, hasGateway }) => prefixLength === 0 && hasGateway).map(({ device }) => device));
  return rows.filter(({ device, hasGateway, prefixLength }) => !hasGateway && prefixLength > 0 && device !== 'lo' && !uplinks.has(device));
}

export function isOnRoute(routes: readonly LinkRoute[], address: Uint8Array): boolean {
  const family = address.length === 4 ? 4 : 6;
  return routes.some((route) => route.family === family && matches(route, address));
}

interface Row extends LinkRoute {
  readonly device: string;
  readonly hasGateway: boolean;
}

/** `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, words in the machine's (little-endian) order. */
function parse4(text: string): Row[] {
  return text.split('\n').flatMap((line): Row[] => {
    const [device, destination, , flags, , , , mask] = line.split('\t').map((field) => field.trim());
    if (device === undefined || destination === undefined || mask === undefined || !/^[0-9A-F]{8}$/i.test(destination)) return [];
    const bits = Number.parseInt(flags ?? '', 16);
    if (!Number.isFinite(bits) || (bits & RTF_REJECT) !== 0) return [];
    const network = Uint8Array.from(destination.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).toReversed();
    return [{ family: 4, network, prefixLength: bitCount(Number.parseInt(mask, 16)), device, hasGateway: (bits & RTF_GATEWAY) !== 0 }];
  });
}

/** `destination length source length next-hop metric refs use flags device`. */
function parse6(text: string): Row[] {
  return text.split('\n').flatMap((line): Row[] => {
    const [destination, length, , , , , , , flags, device] = line.trim().split(/\s+/);
    if (destination === undefined || device === undefined || !/^[0-9a-f]{32}$/i.test(destination)) return [];
    const bits = Number.parseInt(flags ?? '', 16);
    // Link-local and multicast networks are on every device.
    if ((bits & RTF_REJECT) !== 0 || /^f[ef]/i.test(destination)) return [];
    const network = Uint8Array.from(destination.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    return [{ family: 6, network, prefixLength: Number.parseInt(length ?? '', 16), device, hasGateway: (bits & RTF_GATEWAY) !== 0 }];
  });
}

function matches(route: LinkRoute, address: Uint8Array): boolean {
  for (let bit = 0; bit < route.prefixLength; bit += 8) {
    const keep = Math.min(8, route.prefixLength - bit);
    const mask = (0xff << (8 - keep)) & 0xff;
    if (((route.network[bit >> 3] ?? 0) & mask) !== ((address[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

function bitCount(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest > 0; rest = (rest & (rest - 1)) >>> 0) count += 1;
  return count;
}
