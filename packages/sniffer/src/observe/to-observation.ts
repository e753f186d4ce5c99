import type { DnsAnswer, Observation, ObservationSink, TcpFlow } from '@nm/core';
import { MAX_ANSWER_ADDRESSES } from '@nm/core';
import type { OwnedAttempts } from '../sockets/host-attempts.ts';

/** Who is on this node. */
export interface LocalOwners {
  podOf(address: string, at: number): string | undefined;
  isLocal(address: string): boolean;
}

/** The answer by which a client was given an address (rule 14). */
export type NameFor = (client: string, address: string, at: number) => DnsAnswer | undefined;

/** The same also where a pod asked by another of its addresses than it connects from (IPv4 and IPv6). */
export function createNameFor(own: NameFor, addressesWith: (address: string, at: number) => readonly string[]): NameFor {
  return (client, address, at) => {
    const answer = own(client, address, at);
    if (answer !== undefined) return answer;
    for (const other of addressesWith(client, at)) {
      const found = other === client ? undefined : own(other, address, at);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Who of this node's own processes is behind attempts from its addresses. */
export type TakeOwned = (flow: TcpFlow, until: number) => readonly OwnedAttempts[];

/** Names what the observer drains: from which side it was seen (rule 20), and the pods that the node itself knows. */
export function createAttributingSink(
  owners: LocalOwners,
  nameFor: NameFor,
  takeOwned: TakeOwned,
  onObservation: (observation: Observation) => void,
): ObservationSink {
  const podUid = (address: string, at: number): { readonly podUid?: string } => {
    const uid = owners.podOf(address, at);
    return uid === undefined ? {} : { podUid: uid };
  };
  return {
    // A busy node hands out ten thousands of these at once: objects are written out, not put together from others.
    dns(client, answer, count, firstSeenAt, lastSeenAt) {
      const uid = owners.podOf(client, lastSeenAt);
      onObservation({
        kind: 'dns',
        // Whoever is a pod of this node is on it.
        vantage: uid !== undefined || owners.isLocal(client) ? 'client' : 'server',
        source: uid === undefined ? { address: client } : { address: client, podUid: uid },
        destination: {
          name: answer.name,
          canonicalName: answer.chain.at(-1),
          protocol: 'UDP',
          addresses: boundedAddresses(answer),
        },
        count,
        firstSeenAt,
        lastSeenAt,
      });
    },
    tcp(flow, count, firstSeenAt, lastSeenAt) {
      const answer = flow.answer ?? nameFor(flow.client, flow.askedAddress ?? flow.destination, lastSeenAt);
      const destination = {
        address: flow.destination,
        port: flow.port,
        protocol: 'TCP' as const,
        ...podUid(flow.destination, lastSeenAt),
        ...(answer === undefined ? {} : nameOf(answer)),
        ...askedOf(flow),
      };
      const vantage = owners.isLocal(flow.client) ? 'client' : 'server';
      let rest = count;
      for (const { podUid: uid, asked, ...own } of takeOwned(flow, lastSeenAt)) {
        rest -= own.count;
        const source = { address: flow.client, podUid: uid };
        onObservation({
          kind: 'tcp',
          vantage,
          source,
          destination: asked === undefined ? destination : { ...destination, asked },
          ...own,
        });
      }
      if (rest <= 0) return;
      onObservation({
        kind: 'tcp',
        vantage,
        source: { address: flow.client, ...podUid(flow.client, lastSeenAt) },
        destination,
        count: rest,
        firstSeenAt,
        lastSeenAt,
      });
    },
  };
}

/** A connection that was seen as a socket, with the name by which its client was given the address (rule 14). */
export function withName(observation: Observation, nameFor: NameFor): Observation {
  const { source, destination } = observation;
  if (observation.vantage !== 'client' || source.address === undefined || destination.address === undefined) return observation;
  // The address that the client used, before it was translated.
  const asked = destination.asked?.address ?? destination.address;
  const answer = nameFor(source.address, asked, observation.lastSeenAt);
  return answer === undefined ? observation : { ...observation, destination: { ...destination, ...nameOf(answer) } };
}

function boundedAddresses({ addresses }: DnsAnswer): readonly string[] {
  return addresses.length <= MAX_ANSWER_ADDRESSES ? addresses : addresses.slice(0, MAX_ANSWER_ADDRESSES);
}

function nameOf(answer: DnsAnswer): { readonly name: string; readonly canonicalName?: string } {
  const canonicalName = answer.chain.at(-1);
  return canonicalName === undefined ? { name: answer.name } : { name: answer.name, canonicalName };
}

function askedOf(flow: TcpFlow): { readonly asked?: { readonly address: string; readonly port: number } } {
  if (flow.askedAddress === undefined) return {};
  return { asked: { address: flow.askedAddress, port: flow.askedPort ?? flow.port } };
}
