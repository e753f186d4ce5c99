import { describe, expect, it } from 'vitest';
import { toWatchedPod } from '../kube/watched-pod.ts';
import type { WatchedPod } from '../kube/watched-pod.ts';
import { brokerContainer, isBrokerOf, parseBrokerSet } from './broker-pods.ts';

describe('names of servers', () => {
  it.each([
    ['kafka.shop', { name: 'kafka', namespace: 'shop' }],
    ['my.kafka.shop:broker', { name: 'my.kafka', namespace: 'shop', container: 'broker' }],
    ['shop/my-cluster-kafka', { name: 'my-cluster-kafka', namespace: 'shop' }],
  ])('%s', (text, expected) => {
    expect(parseBrokerSet(text)).toEqual(expected);
  });

  it.each(['kafka', '', '.shop', 'kafka.', 'a.b:c:d', 'Kafka.shop', 'a b.c'])('refuses "%s"', (text) => {
    expect(() => parseBrokerSet(text)).toThrow(/name\.namespace/);
  });
});

function pod(metadata: Record<string, unknown>, containers: readonly string[] = ['kafka']): WatchedPod {
  const value = toWatchedPod({ metadata: { namespace: 'ns', ...metadata }, spec: { containers: containers.map((name) => ({ name })) } });
  if (value === undefined) throw new Error('no pod');
  return value;
}

describe('which pods are brokers of "kafka" in "ns"', () => {
  const rows: readonly [string, Record<string, unknown>, boolean][] = [
    ['the pod itself', { name: 'kafka' }, true],
    ['of a StatefulSet', { name: 'kafka-0', ownerReferences: [{ kind: 'StatefulSet', name: 'kafka' }] }, true],
    ['of a StrimziPodSet', { name: 'kafka-9', ownerReferences: [{ kind: 'StrimziPodSet', name: 'kafka' }] }, true],
    ['of a Deployment', { name: 'kafka-7d9f8b6c5-x2lqz', ownerReferences: [{ kind: 'ReplicaSet', name: 'kafka-7d9f8b6c5' }] }, true],
    ['of a Strimzi cluster', { name: 'kafka-pool-0', labels: { 'strimzi.io/cluster': 'kafka', 'strimzi.io/name': 'kafka-kafka' } }, true],
    ['of a Strimzi node pool', { name: 'kafka-pool-0', labels: { 'strimzi.io/cluster': 'kafka', 'strimzi.io/pool-name': 'pool' } }, true],
    [
      'the operator of a Strimzi cluster',
      { name: 'kafka-entity-operator-x', labels: { 'strimzi.io/cluster': 'kafka', 'strimzi.io/name': 'kafka-entity-operator' } },
      false,
    ],
    ['of another StatefulSet', { name: 'kafka-ui-0', ownerReferences: [{ kind: 'StatefulSet', name: 'kafka-ui' }] }, false],
    [
      'of another Deployment',
      { name: 'kafka-ui-7d9f8b6c5-x', ownerReferences: [{ kind: 'ReplicaSet', name: 'kafka-ui-7d9f8b6c5' }] },
      false,
    ],
    ['in another namespace', { name: 'kafka', namespace: 'other' }, false],
  ];
  it.each(rows)('%s', (_, metadata, expected) => {
    expect(isBrokerOf({ name: 'kafka', namespace: 'ns' }, pod(metadata))).toBe(expected);
  });
});

it.each([
  ['kafka', ['istio-proxy', 'kafka'], undefined, 'kafka'],
  ['named', ['kafka', 'logs'], 'logs', 'logs'],
  ['cp-kafka-broker', ['metrics', 'cp-kafka-broker'], undefined, 'cp-kafka-broker'],
  ['the first', ['main', 'sidecar'], undefined, 'main'],
  ['a missing one', ['kafka'], 'broker', undefined],
])('the container with the log: %s', (_, containers, container, expected) => {
  expect(
    brokerContainer({ name: 'k', namespace: 'ns', ...(container === undefined ? {} : { container }) }, pod({ name: 'k' }, containers)),
  ).toBe(expected);
});
