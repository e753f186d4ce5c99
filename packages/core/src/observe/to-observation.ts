import type { Vantage } from '../model/edge.ts';
import type { Observation } from '../model/observation.ts';
import { MAX_ANSWER_ADDRESSES } from '../model/observation.ts';
import type { DnsAnswer } from './dns-port.ts';
import type { TcpFlow } from './sink.ts';

/** Where something was seen. */
export interface SeenAt {
  readonly vantage: Vantage;
  readonly node?: string;
}

export function dnsObservation(
  client: string,
  answer: DnsAnswer,
  count: number,
  firstSeenAt: number,
  lastSeenAt: number,
  seen: SeenAt,
): Observation {
  const canonicalName = answer.chain.at(-1);
  return {
    kind: 'dns',
    ...seen,
    source: { address: client },
    destination: {
      protocol: 'UDP',
      name: answer.name,
      ...(canonicalName === undefined ? {} : { canonicalName }),
      // The same list as long as it fits: it is what kept resolutions are found by.
      addresses: answer.addresses.length <= MAX_ANSWER_ADDRESSES ? answer.addresses : answer.addresses.slice(0, MAX_ANSWER_ADDRESSES),
    },
    count,
    firstSeenAt,
    lastSeenAt,
  };
}

export function tcpObservation(flow: TcpFlow, count: number, firstSeenAt: number, lastSeenAt: number, seen: SeenAt): Observation {
  const { answer, askedAddress, askedPort } = flow;
  const canonicalName = answer?.chain.at(-1);
  return {
    kind: 'tcp',
    ...seen,
    source: { address: flow.client },
    destination: {
      protocol: 'TCP',
      address: flow.destination,
      port: flow.port,
      ...(answer === undefined ? {} : { name: answer.name }),
      ...(canonicalName === undefined ? {} : { canonicalName }),
      ...(askedAddress === undefined || askedPort === undefined ? {} : { asked: { address: askedAddress, port: askedPort } }),
    },
    count,
    firstSeenAt,
    lastSeenAt,
  };
}
