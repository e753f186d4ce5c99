import type { Vantage } from '../model/edge.ts';
import type { Observation } from '../model/observation.ts';
import { MAX_ANSWER_ADDRESSES } from '../model/observation.ts';
import type { Memo } from '../model/memo.ts';
import type { DnsAnswer } from './dns-port.ts';
import type { TcpFlow } from './sink.ts';

/** Where something was seen. */
export interface SeenAt {
  readonly vantage: Vantage;
  readonly node?: string | undefined;
}

export function dnsObservation(
  client: string,
  answer: DnsAnswer,
  count: number,
  firstSeenAt: number,
  lastSeenAt: number,
  seen: SeenAt,
  clientMemo?: Memo,
): Observation {
  const { name, chain, addresses, memo } = answer;
  return {
    kind: 'dns',
    vantage: seen.vantage,
    node: seen.node,
    source: { address: client, memo: clientMemo },
    destination: {
      protocol: 'UDP',
      memo,
      address: undefined,
      port: undefined,
      name,
      canonicalName: chain.length === 0 ? undefined : chain[chain.length - 1],
      // The same list as long as it fits: it is what kept resolutions are found by.
      addresses: addresses.length <= MAX_ANSWER_ADDRESSES ? addresses : addresses.slice(0, MAX_ANSWER_ADDRESSES),
      asked: undefined,
    },
    count,
    firstSeenAt,
    lastSeenAt,
  };
}

export function tcpObservation(flow: TcpFlow, count: number, firstSeenAt: number, lastSeenAt: number, seen: SeenAt): Observation {
  const { answer, askedAddress, askedPort } = flow;
  return {
    kind: 'tcp',
    vantage: seen.vantage,
    node: seen.node,
    source: { address: flow.client, memo: flow.clientMemo },
    destination: {
      protocol: 'TCP',
      memo: answer?.memo ?? flow.destinationMemo,
      address: flow.destination,
      port: flow.port,
      name: answer?.name,
      canonicalName: answer?.chain.at(-1),
      addresses: undefined,
      asked: askedAddress === undefined || askedPort === undefined ? undefined : { address: askedAddress, port: askedPort },
    },
    count,
    firstSeenAt,
    lastSeenAt,
  };
}
