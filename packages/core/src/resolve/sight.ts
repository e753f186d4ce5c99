import type { ClusterView } from '../cluster/cluster-view.ts';
import type { PodEntry } from '../cluster/pod-entry.ts';
import type { Observation } from '../model/observation.ts';
import type { HasSniffer } from './judge.ts';
import { FACTS } from './resolution.ts';
import type { Target } from './resolution.ts';

const DNS_PORT = 53;

/**
 * What a node can have seen: whoever has a sniffer's token reports for its node alone, and must not make edges between
 * pods of other nodes. A node sees what its own pods and its own addresses send and get, and what it forwards for others
 * (node ports, load balancers, gateways between networks). What it forwards for a pod is told by the sniffer of that pod's
 * node too: only with that sniffer's word is the forwarding node's not needed, and may be refused.
 */
export class Sight {
  private readonly view: ClusterView;
  private readonly hasSniffer: HasSniffer;
  private dns: { readonly generation: number; readonly nodes: ReadonlySet<string> } | undefined;

  constructor(view: ClusterView, hasSniffer: HasSniffer) {
    this.view = view;
    this.hasSniffer = hasSniffer;
  }

  /** Whether the observation's node has no part in it: not the client's, nor any server's. */
  isBeyond(observation: Observation, source: Target, servers: readonly Target[]): boolean {
    const { node, destination } = observation;
    if (node === undefined || !this.view.nodes.has(node)) return false;
    const client = source.firstPod;
    // A pod is named by its UID where its process runs, whatever its network.
    if (observation.source.podUid !== undefined && isOn(client, node) === false) return true;
    if (destination.podUid !== undefined && servers.length > 0 && servers.every((target) => isOn(target.firstPod, node) === false))
      return true;
    if (client === undefined || !isElsewhere(client, node)) return false;
    const at = observation.lastSeenAt;
    if (observation.vantage === 'server' && !this.hasSniffer(client.record.nodeName ?? '', at)) return false;
    if (observation.kind === 'dns') return !this.servesDns(node);
    return servers.every(({ pods, facts }) =>
      pods.length === 0 ? (facts & FACTS.internet) !== 0 : pods.every((pod) => isElsewhere(pod, node)),
    );
  }

  private servesDns(node: string): boolean {
    const { generation, nodes, services } = this.view;
    if (this.dns?.generation !== generation) this.dns = { generation, nodes: services.dnsNodes() };
    return this.dns.nodes.has(node) || nodes.listens(node, DNS_PORT, 'UDP');
  }
}

/** Undefined where nobody knows. */
function isOn(pod: PodEntry | undefined, node: string): boolean | undefined {
  return pod?.record.nodeName === undefined ? undefined : pod.record.nodeName === node;
}

/** Only pods with a network of their own: addresses of nodes, such as a bridge's, may be on several. */
function isElsewhere(pod: PodEntry, node: string): boolean {
  return !pod.record.hostNetwork && isOn(pod, node) === false;
}
