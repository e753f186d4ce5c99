import type { ClusterView } from '../cluster/cluster-view.ts';
import type { DnsAnswer } from '../observe/dns-port.ts';
import type { TcpFlow } from '../observe/sink.ts';

/** The answer by which a client was given an address (rule 14). */
type NameFor = (client: string, address: string, at: number) => DnsAnswer | undefined;

/**
 * Adds to connections what only the cluster view can tell. A pod asks by one of its addresses and connects from another
 * (IPv4 and IPv6), and a node's questions to its own DNS pod come from its bridge: the name was given to the same client.
 * A capture of a bridge shows connections after address translation only: whoever was given the address of a Service
 * without selector, and connects to its endpoint, asked for the Service.
 */
export function createFlowCompletion(view: ClusterView, nameFor: NameFor): (flow: TcpFlow, at: number) => TcpFlow {
  const addressesOfNodes = new Map<string, string[]>();
  for (const address of view.nodes.addresses()) {
    const node = view.nodes.nodeOf(address);
    if (node === undefined) continue;
    const known = addressesOfNodes.get(node);
    if (known === undefined) addressesOfNodes.set(node, [address]);
    else known.push(address);
  }

  const addressesOf = (client: string, at: number): readonly string[] => {
    const pod = view.pods.ownerAt(client, at);
    if (pod !== undefined) return pod.record.addresses;
    const node = view.nodes.nodeOf(client);
    return (node === undefined ? undefined : addressesOfNodes.get(node)) ?? [];
  };

  const namedFor = (clients: readonly string[], address: string, at: number, except?: string): DnsAnswer | undefined => {
    for (const client of clients) {
      if (client === except) continue;
      const answer = nameFor(client, address, at);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };

  return (flow, at) => {
    if (flow.answer !== undefined) return flow;
    const clients = addressesOf(flow.client, at);
    if (clients.length === 0) return flow;
    const answer = namedFor(clients, flow.askedAddress ?? flow.destination, at, flow.client);
    if (answer !== undefined) return { ...flow, answer };
    if (flow.askedAddress !== undefined) return flow;
    for (const service of view.services.withEndpoint(flow.destination, flow.port, at)) {
      const asked = service.addresses.find((address) => namedFor(clients, address, at) !== undefined);
      if (asked !== undefined) return { ...flow, askedAddress: asked, askedPort: service.port };
    }
    return flow;
  };
}
