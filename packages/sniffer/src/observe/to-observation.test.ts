import type { DnsAnswer, Observation } from '@nm/core';
import { expect, test } from 'vitest';
import { createAttributingSink, createNameFor, withName } from './to-observation.ts';

const answer = { name: 'api.example.com', chain: ['edge.example.net'], addresses: ['203.0.113.7'] } as unknown as DnsAnswer;
const nameFor = createNameFor(
  (client, address) => (client === '10.1.0.5' && (address === '203.0.113.7' || address === '2001:db8::7') ? answer : undefined),
  (address) => (address === 'fd00::5' ? ['10.1.0.4', '10.1.0.5', 'fd00::5'] : []),
);

function socket(vantage: 'client' | 'server', source: string, destination: Omit<Observation['destination'], 'protocol'>): Observation {
  return {
    kind: 'socket',
    vantage,
    count: 1,
    firstSeenAt: 5,
    lastSeenAt: 5,
    source: { address: source },
    destination: { ...destination, protocol: 'TCP' },
  };
}

test.each<[string, Observation, string | undefined]>([
  [
    'a connection to an address that its client was given',
    socket('client', '10.1.0.5', { address: '203.0.113.7', port: 443 }),
    'api.example.com',
  ],
  [
    'the address that the client used, not the one behind it',
    socket('client', '10.1.0.5', { address: '10.1.0.9', port: 80, asked: { address: '203.0.113.7', port: 80 } }),
    'api.example.com',
  ],
  ['a pod that asked by its other address', socket('client', 'fd00::5', { address: '2001:db8::7', port: 443 }), 'api.example.com'],
  ['another client', socket('client', '10.1.0.6', { address: '203.0.113.7', port: 443 }), undefined],
  ['the server side, where the name is not ours to know', socket('server', '10.1.0.5', { address: '203.0.113.7', port: 443 }), undefined],
])('%s', (_, observation, name) => {
  const named = withName(observation, nameFor);
  expect(named.destination.name).toBe(name);
  expect(named.destination.canonicalName).toBe(name === undefined ? undefined : 'edge.example.net');
});

test('an attempt from another address of the pod that asked has the name', () => {
  const seen: Observation[] = [];
  const owners = { podOf: () => undefined, isLocal: () => true };
  const sink = createAttributingSink(
    owners,
    nameFor,
    () => [],
    (observation) => void seen.push(observation),
  );
  for (const client of ['fd00::5', 'fd00::6']) sink.tcp({ client, destination: '2001:db8::7', port: 443 }, 1, 5, 5);
  expect(seen.map(({ destination }) => destination.name)).toEqual(['api.example.com', undefined]);
});
