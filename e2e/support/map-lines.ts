import type { Edge, Peer } from '@nm/core';

/** `Deployment/shop/front > Deployment/shop/cart, dns 2, tcp 1, 7070<70`: an edge of a map in one line, `shared` at its end. */
export function mapLine({ client, server, evidence, ports, shared }: Edge): string {
  const seen = Object.entries(evidence).map(([kind, { count }]) => `${kind} ${count}`);
  const at = ports.map(({ port, servicePort }) => `${port ?? '?'}${servicePort === undefined ? '' : `<${servicePort}`}`);
  return [`${mapName(client)} > ${mapName(server)}`, ...seen, ...at, ...(shared ? ['shared'] : [])].join(', ');
}

export function mapName(peer: Peer): string {
  switch (peer.type) {
    case 'workload':
      return `${peer.kind}/${peer.namespace}/${peer.name}`;
    case 'service':
      return `Service/${peer.namespace}/${peer.name}`;
    case 'internet':
      return peer.domain ?? peer.addresses?.join() ?? '';
    case 'node':
      return `node ${peer.name}`;
    case 'apiServer':
    case 'aws':
    case 'gcp':
    case 'azure':
    case 'unknown':
      return peer.type;
  }
}
