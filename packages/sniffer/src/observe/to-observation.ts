import type { DnsAnswer, Observation, ObservationSink, TcpFlow } from '@nm/core';
import { MAX_ANSWER_ADDRESSES } from '@nm/core';

/** Who is on this node. */
export interface LocalOwners {
  podOf(address: string, at: number): string | undefined;
  isLocal(address: string): boolean;
}

/** Names what the observer drains: from which side it was seen (rule 20), and the pods that the node itself knows. */
export function createAttributingSink(owners: LocalOwners, onObservation: (observation: Observation) => void): ObservationSink {
  const podUid = (address: string, at: number): { readonly podUid?: string } => {
    const uid = owners.podOf(address, at);
    return uid === undefined ? {} : { podUid: uid };
  };
  return {
    dns(client, answer, count, firstSeenAt, lastSeenAt) {
      onObservation({
        kind: 'dns',
        vantage: owners.isLocal(client) ? 'client' : 'server',
        source: { address: client, ...podUid(client, lastSeenAt) },
        destination: { ...nameOf(answer), protocol: 'UDP', addresses: answer.addresses.slice(0, MAX_ANSWER_ADDRESSES) },
        count,
        firstSeenAt,
        lastSeenAt,
      });
    },
    tcp(flow, count, firstSeenAt, lastSeenAt) {
      onObservation({
        kind: 'tcp',
        vantage: owners.isLocal(flow.client) ? 'client' : 'server',
        source: { address: flow.client, ...podUid(flow.client, lastSeenAt) },
        destination: {
          address: flow.destination,
          port: flow.port,
          protocol: 'TCP',
          ...podUid(flow.destination, lastSeenAt),
          ...(flow.answer === undefined ? {} : nameOf(flow.answer)),
          ...askedOf(flow),
        },
        count,
        firstSeenAt,
        lastSeenAt,
      });
    },
  };
}

function nameOf(answer: DnsAnswer): { readonly name: string; readonly canonicalName?: string } {
  const canonicalName = answer.chain.at(-1);
  return canonicalName === undefined ? { name: answer.name } : { name: answer.name, canonicalName };
}

function askedOf(flow: TcpFlow): { readonly asked?: { readonly address: string; readonly port: number } } {
  if (flow.askedAddress === undefined) return {};
  return { asked: { address: flow.askedAddress, port: flow.askedPort ?? flow.port } };
}
