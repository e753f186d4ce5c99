import { lookup } from 'node:dns';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { LookupFunction } from 'node:net';

/** Never the way to anything that a name stands for: this host, this link, the cloud's metadata, multicast (RFC 6890). */
const NOWHERE = subnets(['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8', 'fd00:ec2::/32']);
/** Inside: the cluster's own addresses and the networks around it. */
const INSIDE = subnets(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** IPv4 addresses as a translator shows them (RFC 6052): what lies behind counts. */
const TRANSLATED = subnets(['64:ff9b::/96']);

function subnets(list: readonly string[]): BlockList {
  const blocked = new BlockList();
  for (const item of list) {
    const [net = '', bits = ''] = item.split('/');
    blocked.addSubnet(net, Number(bits), isIPv6(net) ? 'ipv6' : 'ipv4');
  }
  return blocked;
}

/** Whether the proxy may connect there: AWS may have addresses inside (PrivateLink), other names may not. */
export function isAllowedAddress(address: string, mayBeInside: boolean): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? (isIPv6(address) && TRANSLATED.check(address, 'ipv6') ? lastFourBytes(address) : address);
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  if (isIP(plain) === 0 || NOWHERE.check(plain, family)) return false;
  return mayBeInside || !INSIDE.check(plain, family);
}

/** The end of an IPv6 address, as an IPv4 address. */
function lastFourBytes(address: string): string {
  const [high = 0, low = 0] = address
    .split(':')
    .slice(-2)
    .map((group) => Number.parseInt(group, 16) || 0);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** A name as certificates and browsers know it: no address, no single label, nothing that a resolver reads as a number. */
export function isHostName(host: string): boolean {
  return host.length <= 253 && /^(?=.*\.)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(host);
}

/** Looks a name up and leaves out addresses that nobody may reach through us, so that the proxy opens no door into the cluster. */
export function createSafeLookup(mayBeInside: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const allowed = found.filter(({ address }) => isAllowedAddress(address, mayBeInside));
      const [first] = allowed;
      if (first === undefined)
        return callback(
          Object.assign(new Error(`${hostname} has no address that may be reached through the proxy`), { code: 'EACCES' }),
          [],
        );
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}
