import { describe, expect, test } from 'vitest';
import { only } from '../testing/only-change.ts';
import { toClusterChanges } from './to-cluster-changes.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');

const podObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'cart-7d-x',
    namespace: 'shop',
    uid: 'u1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'cart' },
    annotations: {
      'intents.otterize.com/workload-name': 'basket',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'k8s.v1.cni.cncf.io/network-status': '[{"name":"cbr0","ips":["10.244.1.5"]},{"name":"net1","ips":["192.168.7.9","FD00::9"]}]',
    },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Other', name: 'o', uid: 'u-o' },
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d', uid: 'u-rs', controller: true },
    ],
  },
  spec: {
    nodeName: 'node-1',
    hostname: 'h',
    subdomain: 's',
    initContainers: [{ name: 'proxy', image: 'p:1', restartPolicy: 'Always', ports: [{ containerPort: 15090 }] }],
    containers: [
      {
        name: 'cart',
        image: 'shop/cart:1',
        ports: [
          { name: 'http', containerPort: 8080 },
          { containerPort: 53, protocol: 'UDP', hostPort: 5353, hostIP: '10.0.0.1' },
          { containerPort: 'x' },
        ],
      },
    ],
  },
  status: {
    phase: 'Running',
    podIP: '10.244.1.5',
    podIPs: [{ ip: '10.244.1.5' }, { ip: 'FD00:10:244:1:0:0:0:5' }],
    hostIP: '10.0.0.1',
    startTime: '2026-01-01T00:00:01Z',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:09Z' }],
  },
};

describe('pods', () => {
  test('every field', () => {
    expect(only('pod', podObject, { at: 5, deleted: true })).toEqual({
      type: 'pod',
      at: 5,
      deleted: true,
      pod: {
        uid: 'u1',
        namespace: 'shop',
        name: 'cart-7d-x',
        labels: { app: 'cart' },
        annotations: expect.objectContaining({ 'intents.otterize.com/workload-name': 'basket' }),
        owners: [
          { apiVersion: 'v1', kind: 'Other', name: 'o', uid: 'u-o', controller: false },
          { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d', uid: 'u-rs', controller: true },
        ],
        nodeName: 'node-1',
        hostNetwork: false,
        phase: 'Running',
        addresses: ['10.244.1.5', 'fd00:10:244:1::5', '192.168.7.9', 'fd00::9'],
        hostAddresses: ['10.0.0.1'],
        createdAt: T0,
        startedAt: T0 + 1000,
        ready: { status: true, since: T0 + 9000 },
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { containerPort: 53, protocol: 'UDP', hostPort: 5353, hostIP: '10.0.0.1' },
          { containerPort: 15090, protocol: 'TCP' },
        ],
        containers: [{ name: 'cart', image: 'shop/cart:1' }],
        hostname: 'h',
        subdomain: 's',
      },
    });
    expect(only('pod', podObject).pod.annotations).not.toHaveProperty('kubectl.kubernetes.io/last-applied-configuration');
  });

  const at = (second: number): string => new Date(T0 + second * 1000).toISOString();
  const running = (start: number, restarts = 0, lastState: unknown = {}): unknown => ({
    restartCount: restarts,
    state: { running: { startedAt: at(start) } },
    lastState,
  });
  const ended = (start: number, end: number, exitCode = 0): unknown => ({
    restartCount: 0,
    state: { terminated: { startedAt: at(start), finishedAt: at(end), exitCode } },
  });
  const previous = (start: number): unknown => ({ terminated: { startedAt: at(start), finishedAt: at(start + 1) } });

  test.each<[string, unknown, number | undefined]>([
    ['earliest of two', { containerStatuses: [running(5), running(3)] }, 3],
    [
      'a container that has not started yet does not count',
      { containerStatuses: [running(5), { restartCount: 0, state: { waiting: {} } }] },
      5,
    ],
    ['the first init container decides', { initContainerStatuses: [ended(1, 2), ended(2, 3)], containerStatuses: [running(9, 4)] }, 1],
    ['one restart, the first run still known', { containerStatuses: [running(9, 1, previous(4))] }, 4],
    [
      'crashed once, waits for its first restart',
      { containerStatuses: [{ restartCount: 0, state: { waiting: {} }, lastState: previous(4) }] },
      4,
    ],
    ['two restarts hide it', { containerStatuses: [running(9, 2, previous(4)), running(10)] }, undefined],
    ['a second crash hides it', { containerStatuses: [{ restartCount: 1, state: { waiting: {} }, lastState: previous(4) }] }, undefined],
    ['no status', {}, undefined],
  ])('first container start: %s', (_name, status, expected) => {
    const start = only('pod', { ...podObject, status }).pod.firstContainerStartedAt;
    expect(start).toBe(expected === undefined ? undefined : T0 + expected * 1000);
  });

  const oneContainer = { containers: [{ name: 'a' }] };
  test.each<[string, { meta?: unknown; spec?: unknown; status: unknown }, number | undefined]>([
    ['Succeeded', { status: { phase: 'Succeeded', containerStatuses: [ended(1, 7)] } }, 7],
    ['Failed, several containers', { status: { phase: 'Failed', containerStatuses: [ended(1, 7, 1), ended(1, 9)] } }, 9],
    [
      'evicted: no container statuses',
      {
        status: {
          phase: 'Failed',
          reason: 'Evicted',
          startTime: at(1),
          conditions: [{ type: 'DisruptionTarget', lastTransitionTime: at(8) }],
        },
      },
      8,
    ],
    [
      'Never: all ended, phase not yet',
      { spec: { ...oneContainer, restartPolicy: 'Never' }, status: { phase: 'Running', containerStatuses: [ended(1, 7, 1)] } },
      7,
    ],
    [
      'OnFailure: ended well',
      { spec: { ...oneContainer, restartPolicy: 'OnFailure' }, status: { phase: 'Running', containerStatuses: [ended(1, 7)] } },
      7,
    ],
    [
      'OnFailure: will be restarted',
      { spec: { ...oneContainer, restartPolicy: 'OnFailure' }, status: { phase: 'Running', containerStatuses: [ended(1, 7, 1)] } },
      undefined,
    ],
    ['Always: between two runs', { spec: oneContainer, status: { phase: 'Running', containerStatuses: [ended(1, 7, 1)] } }, undefined],
    [
      'Always, but being deleted',
      {
        meta: { deletionTimestamp: at(36), deletionGracePeriodSeconds: 30 },
        spec: oneContainer,
        status: { phase: 'Running', containerStatuses: [ended(1, 7)] },
      },
      7,
    ],
    [
      'one still runs',
      {
        meta: { deletionTimestamp: at(36) },
        spec: { containers: [{}, {}] },
        status: { phase: 'Running', containerStatuses: [ended(1, 7), running(1)] },
      },
      undefined,
    ],
    [
      'one has no status yet',
      { spec: { containers: [{}, {}], restartPolicy: 'Never' }, status: { phase: 'Pending', containerStatuses: [ended(1, 7)] } },
      undefined,
    ],
    ['only an init container ended', { spec: oneContainer, status: { phase: 'Pending', initContainerStatuses: [ended(1, 7)] } }, undefined],
    [
      'a native sidecar still runs',
      {
        meta: { deletionTimestamp: at(36) },
        spec: { ...oneContainer, initContainers: [{ name: 's', restartPolicy: 'Always' }] },
        status: {
          phase: 'Running',
          containerStatuses: [ended(1, 7)],
          initContainerStatuses: [{ name: 's', state: { running: { startedAt: at(1) } } }],
        },
      },
      undefined,
    ],
  ])('finished: %s', (_name, { meta, spec, status }, expected) => {
    const object = { kind: 'Pod', metadata: { ...podObject.metadata, ...(meta as object) }, spec: spec ?? podObject.spec, status };
    expect(only('pod', object).pod.finishedAt).toBe(expected === undefined ? undefined : T0 + expected * 1000);
  });

  test('the deletion was asked for one grace period before deletionTimestamp', () => {
    const metadata = { ...podObject.metadata, deletionTimestamp: at(60), deletionGracePeriodSeconds: 30 };
    expect(only('pod', { ...podObject, metadata }).pod.deletionRequestedAt).toBe(T0 + 30_000);
  });

  test('fields of a wrong type are left out, the pod stays', () => {
    const odd = {
      kind: 'Pod',
      metadata: { name: 'p', labels: { a: 1, b: 'x' }, ownerReferences: 'no' },
      spec: [],
      status: { podIPs: [7, { ip: 'nonsense' }], podIP: '10.0.0.9', startTime: 'soon' },
    };
    expect(only('pod', odd).pod).toMatchObject({
      namespace: 'default',
      uid: 'Pod/default/p',
      labels: { b: 'x' },
      owners: [],
      addresses: ['10.0.0.9'],
      createdAt: 0,
    });
  });

  test('ranges on the command line of a control plane pod', () => {
    const object = {
      kind: 'Pod',
      metadata: { name: 'kube-controller-manager-n', namespace: 'kube-system', labels: { component: 'kube-controller-manager' } },
      spec: {
        containers: [
          {
            command: [
              'kube-controller-manager',
              '--cluster-cidr=10.244.0.0/16,fd00:10:244::/56',
              '--service-cluster-ip-range=10.96.0.0/12',
            ],
          },
        ],
      },
    };
    expect(toClusterChanges(object).filter((change) => change.type === 'range')).toEqual([
      { type: 'range', cidr: '10.244.0.0/16', use: 'pod' },
      { type: 'range', cidr: 'fd00:10:244::/56', use: 'pod' },
      { type: 'range', cidr: '10.96.0.0/12', use: 'service' },
    ]);
    expect(toClusterChanges({ ...object, metadata: { ...object.metadata, namespace: 'shop' } })).toHaveLength(1);
  });
});
