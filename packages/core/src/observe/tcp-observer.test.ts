import { decodeDnsAnswer } from '@nm/wire';
import { expect, test } from 'vitest';
import { T } from '../testing/cluster.ts';
import { synPacket } from '../testing/packets.ts';
import { createObserver } from './observer.ts';
import { ATTEMPT, ATTEMPT_FROM_NODE, ATTEMPT_OF_NEW_SENDER } from './sink.ts';

const NODE = '10.0.0.1';
const FIRST = ATTEMPT | ATTEMPT_OF_NEW_SENDER;

/** An attempt of a sender's; a sequence number tells it from others. */
type Attempt = readonly [from: string, sequence: number, at?: number, to?: string];

test.each<[string, readonly Attempt[], readonly number[]]>([
  ['the first of a sender', [['10.244.1.5 40000', 1]], [FIRST]],
  ['over IPv6', [['fd00:1::5 40000', 1, T, 'fd00:2::9 80']], [FIRST]],
  [
    'a copy is none, nor is one behind address translation',
    [
      ['10.244.1.5 40000', 1],
      ['10.244.1.5 40000', 1, T + 0.1],
      ['10.244.1.5 40000', 1, T + 0.2, '10.244.2.7 8080'],
    ],
    [FIRST, 0, 0],
  ],
  [
    'another one of the same sender',
    [
      ['10.244.1.5 40000', 1],
      ['10.244.1.5 40001', 2, T + 1],
    ],
    [FIRST, ATTEMPT],
  ],
  [
    'who was only asked for has sent nothing',
    [
      ['10.244.1.5 40000', 1, T, '10.244.1.6 80'],
      ['10.244.1.6 40000', 2, T + 1],
    ],
    [FIRST, FIRST],
  ],
  [
    'a sender that was silent for more than a minute is new again',
    [
      ['10.244.1.5 40000', 1],
      ['10.244.1.5 40001', 2, T + 70_000],
    ],
    [FIRST, FIRST],
  ],
  [
    'of a node’s own address',
    [
      [`${NODE} 40000`, 1],
      [`${NODE} 40001`, 2, T + 1],
    ],
    [FIRST | ATTEMPT_FROM_NODE, ATTEMPT | ATTEMPT_FROM_NODE],
  ],
])('what is said of an attempt: %s', (_name, attempts, expected) => {
  const observer = createObserver({ decodeDnsAnswer, sink: { dns: () => undefined, tcp: () => undefined } });
  observer.setNodeAddresses([NODE]);
  const said = attempts.map(([from, sequence, at = T, to = '10.96.1.5 80']) => observer.tcpSyn(synPacket({ from, to, sequence, at })));
  expect(said).toEqual(expected);
});
