import { describe, expect, test } from 'vitest';
import type { ClusterChange } from '@nm/core';
import { toClusterChanges } from './to-cluster-changes.ts';
import type { ObjectContext, ObjectTrouble } from './to-cluster-changes.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');

function only<Type extends ClusterChange['type']>(
  type: Type,
  object: unknown,
  context?: ObjectContext,
): Extract<ClusterChange, { type: Type }> {
  const found = toClusterChanges(object, context).filter(
    (change): change is Extract<ClusterChange, { type: Type }> => change.type === type,
  );
  expect(found).toHaveLength(1);
  return found[0] as Extract<ClusterChange, { type: Type }>;
}

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

describe('services', () => {
  test('every field', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cart', namespace: 'shop', uid: 's1', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.7',
        clusterIPs: ['10.96.0.7', 'FD00:10:96::7'],
        externalIPs: ['203.0.113.5', 'x'],
        selector: { app: 'cart' },
        publishNotReadyAddresses: true,
        ports: [
          { name: 'http', port: 80, targetPort: 'web', nodePort: 30080 },
          { port: 53, targetPort: 5353, protocol: 'UDP' },
          { port: 81, targetPort: '8081', nodePort: 0 },
          { port: 82 },
          { port: 0 },
        ],
      },
      status: { loadBalancer: { ingress: [{ ip: '198.51.100.9' }, { hostname: 'LB.example.com.' }] } },
    };
    expect(only('service', object).service).toEqual({
      uid: 's1',
      namespace: 'shop',
      name: 'cart',
      type: 'LoadBalancer',
      headless: false,
      clusterIPs: ['10.96.0.7', 'fd00:10:96::7'],
      externalIPs: ['203.0.113.5'],
      loadBalancerIPs: ['198.51.100.9'],
      loadBalancerHostnames: ['lb.example.com'],
      selector: { app: 'cart' },
      ports: [
        { name: 'http', port: 80, targetPort: 'web', nodePort: 30080, protocol: 'TCP' },
        { port: 53, targetPort: 5353, protocol: 'UDP' },
        { port: 81, targetPort: 8081, protocol: 'TCP' },
        { port: 82, protocol: 'TCP' },
      ],
      publishNotReady: true,
      createdAt: T0,
    });
  });

  test.each([
    ['headless', { clusterIP: 'None', selector: { a: 'b' } }, { headless: true, clusterIPs: [], type: 'ClusterIP' }],
    ['ExternalName', { type: 'ExternalName', externalName: 'DB.Example.com.' }, { type: 'ExternalName', externalName: 'db.example.com' }],
    ['single clusterIP of an old API server', { clusterIP: '10.96.0.1' }, { clusterIPs: ['10.96.0.1'] }],
  ])('%s', (_name, spec, expected) =>
    expect(only('service', { kind: 'Service', metadata: { name: 's' }, spec }).service).toMatchObject(expected),
  );

  test('an empty selector is none', () => {
    expect(only('service', { kind: 'Service', metadata: { name: 's' }, spec: { selector: {} } }).service).not.toHaveProperty('selector');
  });

  test('the Service of another API group is an owner', () => {
    const knative = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'hello', namespace: 'fn', uid: 'k' } };
    expect(toClusterChanges(knative)).toMatchObject([{ type: 'owner', owner: { kind: 'Service', name: 'hello' } }]);
  });
});

describe('endpoints', () => {
  test('Endpoints: ready and not ready, subsets together', () => {
    const object = {
      kind: 'Endpoints',
      metadata: { name: 'cart', namespace: 'shop' },
      subsets: [
        {
          addresses: [{ ip: '10.244.0.5', hostname: 'cart-0', targetRef: { kind: 'Pod', uid: 'p1' } }],
          ports: [{ name: 'http', port: 8080 }],
        },
        { notReadyAddresses: [{ ip: '10.244.0.6' }, { ip: '' }], ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
      ],
    };
    expect(only('endpoints', object).endpoints).toEqual({
      id: 'Endpoints/shop/cart',
      namespace: 'shop',
      service: 'cart',
      addresses: [
        { address: '10.244.0.5', podUid: 'p1', ready: true, hostname: 'cart-0' },
        { address: '10.244.0.6', ready: false },
      ],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    });
  });

  test.each(['discovery.k8s.io/v1', 'discovery.k8s.io/v1beta1'])('EndpointSlice %s', (apiVersion) => {
    const object = {
      apiVersion,
      kind: 'EndpointSlice',
      metadata: { name: 'cart-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'cart' } },
      addressType: 'IPv6',
      endpoints: [
        { addresses: ['FD00::5'], conditions: {}, targetRef: { kind: 'Pod', uid: 'p1' } },
        { addresses: ['fd00::6'], conditions: { ready: false, serving: true, terminating: true } },
      ],
      ports: [{ name: '', port: 8080, protocol: 'TCP' }, { port: null }],
    };
    expect(only('endpoints', object).endpoints).toEqual({
      id: 'EndpointSlice/shop/cart-x',
      namespace: 'shop',
      service: 'cart',
      addresses: [
        { address: 'fd00::5', podUid: 'p1', ready: true },
        { address: 'fd00::6', ready: false },
      ],
      ports: [{ port: 8080, protocol: 'TCP' }],
    });
  });

  test('a slice without the label belongs to its owner', () => {
    const metadata = { name: 'x', namespace: 'n', ownerReferences: [{ kind: 'Service', name: 'cart', uid: 's' }] };
    expect(only('endpoints', { kind: 'EndpointSlice', metadata }).endpoints.service).toBe('cart');
  });
});

describe('nodes (rule 8)', () => {
  test.each<[string, Record<string, string>, string[]]>([
    [
      'flannel',
      {
        'flannel.alpha.coreos.com/public-ip': '192.0.2.1',
        'flannel.alpha.coreos.com/public-ipv6': 'FD00::1',
        'flannel.alpha.coreos.com/backend-data': '{"VtepMAC":"1.2.3.4"}',
      },
      ['192.0.2.1', 'fd00::1'],
    ],
    [
      'Calico',
      {
        'projectcalico.org/IPv4Address': '192.0.2.1/24',
        'projectcalico.org/IPv4IPIPTunnelAddr': '10.1.0.0',
        'projectcalico.org/IPv4VXLANTunnelAddr': '10.2.0.0',
        'projectcalico.org/IPv6VXLANTunnelAddr': 'fd00::2',
        'projectcalico.org/IPv4WireguardInterfaceAddr': '10.3.0.0',
        'projectcalico.org/IPv6WireguardInterfaceAddr': 'fd00::3',
        'projectcalico.org/IPv6Address': 'fd00::1/64',
      },
      ['192.0.2.1', '10.1.0.0', '10.2.0.0', 'fd00::2', '10.3.0.0', 'fd00::3', 'fd00::1'],
    ],
    [
      'Cilium',
      {
        'network.cilium.io/ipv4-cilium-host': '10.0.0.1',
        'network.cilium.io/ipv4-health-ip': '10.0.0.2',
        'network.cilium.io/ipv6-Ingress-ip': 'fd00::9',
      },
      ['10.0.0.1', '10.0.0.2', 'fd00::9'],
    ],
    [
      'Cilium before 1.13',
      { 'io.cilium.network.ipv4-cilium-host': '10.0.0.1', 'io.cilium.network.ipv6-health-ip': 'fd00::2' },
      ['10.0.0.1', 'fd00::2'],
    ],
    [
      'OVN-Kubernetes',
      {
        'k8s.ovn.org/host-cidrs': '["192.0.2.1/24","fd00::1/64"]',
        'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.0.2.1/24","ipv6":""}',
        'k8s.ovn.org/l3-gateway-config': '{"default":{"ip-addresses":["192.0.2.3/24"],"next-hops":["192.0.2.254"]}}',
        'k8s.ovn.org/node-subnets': '{"default":["10.128.4.0/23"]}',
      },
      ['192.0.2.1', 'fd00::1', '192.0.2.3', '10.128.4.2'],
    ],
    ['Kube-OVN', { 'ovn.kubernetes.io/ip_address': '100.64.0.2,fd00:100:64::2' }, ['100.64.0.2', 'fd00:100:64::2']],
    ['Antrea', { 'node.antrea.io/transport-addresses': '192.0.2.7,fd00::7' }, ['192.0.2.7', 'fd00::7']],
    ['k3s', { 'k3s.io/internal-ip': '192.0.2.8, fd00::8' }, ['192.0.2.8', 'fd00::8']],
    ['kube-router', { 'kube-router.io/bgp-local-addresses': '192.0.2.10' }, ['192.0.2.10']],
    ['others and nonsense', { 'node.alpha.kubernetes.io/ttl': '0', 'example.com/ip': '1.2.3.4', 'k8s.ovn.org/host-cidrs': '[broken' }, []],
  ])('%s', (_name, annotations, expected) => {
    const object = {
      kind: 'Node',
      metadata: { name: 'n', annotations },
      status: {
        addresses: [
          { type: 'InternalIP', address: '172.18.0.2' },
          { type: 'Hostname', address: 'n' },
          { type: 'ExternalIP', address: '203.0.113.2' },
        ],
      },
    };
    const { node } = only('node', object);
    expect(node.addresses.slice(0, 2)).toEqual(['172.18.0.2', '203.0.113.2']);
    expect(node.addresses.slice(2).toSorted()).toEqual(expected.toSorted());
  });

  test('pod ranges of the spec and of the plugin', () => {
    const metadata = {
      name: 'n',
      annotations: { 'network.cilium.io/ipv4-pod-cidr': '10.9.1.0/24', 'kube-router.io/pod-cidrs': '10.8.0.0/24,fd00:8::/64' },
    };
    const { node } = only('node', {
      kind: 'Node',
      metadata,
      spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'FD00:10:244:1::/64'] },
    });
    expect(node.podCIDRs).toEqual(['10.244.1.0/24', 'fd00:10:244:1::/64', '10.9.1.0/24', '10.8.0.0/24', 'fd00:8::/64']);
  });
});

describe('owners, namespaces, ranges', () => {
  test.each(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicationController', 'Rollout'])(
    '%s is an owner',
    (kind) => {
      const object = {
        apiVersion: 'x/v1',
        kind,
        metadata: { name: 'a', namespace: 'n', uid: 'u', ownerReferences: [{ apiVersion: 'y/v1', kind: 'Up', name: 'b', uid: 'v' }] },
      };
      expect(only('owner', object).owner).toEqual({
        uid: 'u',
        apiVersion: 'x/v1',
        kind,
        namespace: 'n',
        name: 'a',
        owners: [{ apiVersion: 'y/v1', kind: 'Up', name: 'b', uid: 'v', controller: false }],
      });
    },
  );

  test('PartialObjectMetadata takes its kind from the request', () => {
    const object = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: { name: 'a', namespace: 'n', uid: 'u' } };
    expect(only('owner', object, { kind: 'ReplicaSet', apiVersion: 'apps/v1' }).owner).toMatchObject({
      kind: 'ReplicaSet',
      apiVersion: 'apps/v1',
    });
    expect(toClusterChanges(object)).toEqual([]);
  });

  test('items of a PodList have no kind of their own', () => {
    expect(only('pod', { ...podObject, kind: undefined }, { kind: 'Pod', apiVersion: 'v1' }).pod.uid).toBe('u1');
  });

  test('namespace', () => {
    expect(only('namespace', { kind: 'Namespace', metadata: { name: 'shop', uid: 'n1', labels: { env: 'prod' } } }).namespace).toEqual({
      name: 'shop',
      uid: 'n1',
      labels: { env: 'prod' },
    });
  });

  test.each<[string, unknown, unknown[]]>([
    [
      'ServiceCIDR',
      { kind: 'ServiceCIDR', metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16', 'fd00:10:96::/112', 'x'] } },
      [
        { type: 'range', cidr: '10.96.0.0/16', use: 'service' },
        { type: 'range', cidr: 'fd00:10:96::/112', use: 'service' },
      ],
    ],
    [
      'Calico IPPool',
      { kind: 'IPPool', metadata: { name: 'p' }, spec: { cidr: '192.168.0.0/16' } },
      [{ type: 'range', cidr: '192.168.0.0/16', use: 'pod' }],
    ],
    [
      'OpenShift Network',
      {
        kind: 'Network',
        metadata: { name: 'cluster' },
        status: { clusterNetwork: [{ cidr: '10.128.0.0/14' }], serviceNetwork: ['172.30.0.0/16'] },
      },
      [
        { type: 'range', cidr: '10.128.0.0/14', use: 'pod' },
        { type: 'range', cidr: '172.30.0.0/16', use: 'service' },
      ],
    ],
  ])('%s', (_name, object, expected) => expect(toClusterChanges(object)).toEqual(expected));

  test.each<[unknown, ObjectTrouble]>([
    [null, 'not-an-object'],
    ['text', 'not-an-object'],
    [[], 'not-an-object'],
    [{}, 'no-kind'],
    [{ kind: 'Pod' }, 'no-name'],
    [{ kind: 'Pod', metadata: { name: 7 } }, 'no-name'],
    [{ kind: 'EndpointSlice', metadata: { name: 'x' } }, 'no-service'],
    [{ kind: 'Secret', metadata: { name: 'x' } }, 'irrelevant'],
  ])('%j: %s', (object, expected) => {
    const troubles: ObjectTrouble[] = [];
    expect(toClusterChanges(object, {}, (trouble) => troubles.push(trouble))).toEqual([]);
    expect(troubles).toEqual([expected]);
  });
});

describe('what restricts calls', () => {
  const metadata = { name: 'p', namespace: 'shop', uid: 'u' };

  test.each<[string, string, string, object, ClusterChange['type']]>([
    ['a NetworkPolicy', 'networking.k8s.io/v1', 'NetworkPolicy', { podSelector: {} }, 'networkPolicy'],
    ['an AuthorizationPolicy', 'security.istio.io/v1', 'AuthorizationPolicy', {}, 'authorizationPolicy'],
    ['ClientIntents', 'k8s.otterize.com/v2beta1', 'ClientIntents', { workload: { name: 'web' }, targets: [] }, 'clientIntents'],
    ['older ClientIntents', 'k8s.otterize.com/v1alpha3', 'ClientIntents', { service: { name: 'web' }, calls: [] }, 'clientIntents'],
  ])('%s', (_, apiVersion, kind, spec, type) => {
    const changes = toClusterChanges({ apiVersion, kind, metadata, spec }, { at: T0, deleted: true });
    expect(changes).toMatchObject([{ type, uid: 'u', at: T0, deleted: true }]);
  });

  test.each([
    ['projectcalico.org/v3', 'NetworkPolicy'],
    ['policy.linkerd.io/v1alpha1', 'AuthorizationPolicy'],
  ])('%s has a %s of its own, which is none', (apiVersion, kind) => {
    const troubles: ObjectTrouble[] = [];
    expect(toClusterChanges({ apiVersion, kind, metadata, spec: { podSelector: {} } }, {}, (trouble) => troubles.push(trouble))).toEqual(
      [],
    );
    expect(troubles).toEqual(['irrelevant']);
  });
});

describe('where the outside comes in', () => {
  const metadata = { name: 'edge', namespace: 'shop', uid: 'u' };
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata,
    spec: {
      rules: [
        {
          host: 'Shop.Example.com',
          http: {
            paths: [
              { path: '/', backend: { service: { name: 'web', port: { number: 80 } } } },
              { path: '/api', backend: { service: { name: 'api', port: { name: 'http' } } } },
            ],
          },
        },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }, { hostname: 'LB-1.example.net.' }] } },
  };

  test('an Ingress', () => {
    expect(only('entry', ingress).entry).toEqual({
      uid: 'u',
      kind: 'Ingress',
      namespace: 'shop',
      name: 'edge',
      addresses: ['203.0.113.7'],
      hostnames: ['lb-1.example.net'],
      hosts: ['shop.example.com'],
      backends: [
        { host: 'shop.example.com', namespace: 'shop', service: 'web', port: 80 },
        { host: 'shop.example.com', namespace: 'shop', service: 'api', port: 'http' },
      ],
      parents: [],
    });
  });

  test('an Ingress of before v1, with a default backend', () => {
    const old = { apiVersion: 'extensions/v1beta1', kind: 'Ingress', metadata, spec: { backend: { serviceName: 'web', servicePort: 80 } } };
    expect(only('entry', old).entry).toMatchObject({ hosts: [], backends: [{ namespace: 'shop', service: 'web', port: 80 }] });
  });

  test('a Gateway and its route', () => {
    const gateway = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata,
      spec: { listeners: [{ hostname: '*.example.com' }, {}] },
      status: { addresses: [{ value: '203.0.113.8' }, { type: 'Hostname', value: 'gw.example.net' }] },
    };
    const route = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { ...metadata, name: 'route', uid: 'r' },
      spec: {
        hostnames: ['shop.example.com'],
        parentRefs: [{ name: 'edge' }, { kind: 'Service', name: 'mesh' }],
        rules: [
          {
            backendRefs: [
              { name: 'web', port: 80 },
              { name: 'other', namespace: 'b' },
              { kind: 'S3', name: 'x' },
            ],
          },
        ],
      },
    };
    expect(only('entry', gateway).entry).toMatchObject({ addresses: ['203.0.113.8'], hostnames: ['gw.example.net'], hosts: [] });
    expect(only('entry', route).entry).toMatchObject({
      hosts: ['shop.example.com'],
      parents: ['shop/edge'],
      backends: [
        { namespace: 'shop', service: 'web', port: 80 },
        { namespace: 'b', service: 'other' },
      ],
    });
  });

  test('a Gateway of Istio is another kind', () => {
    expect(toClusterChanges({ apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata, spec: {} })).toEqual([]);
  });
});
