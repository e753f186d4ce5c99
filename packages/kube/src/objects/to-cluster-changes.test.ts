import type { ClusterChange } from '@nm/core';
import { describe, expect, test } from 'vitest';
import { only } from '../testing/only-change.ts';
import { toClusterChanges } from './to-cluster-changes.ts';
import type { ObjectTrouble } from './to-cluster-changes.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');

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
    expect(
      only('pod', { metadata: { name: 'cart', namespace: 'shop', uid: 'u1' }, spec: {} }, { kind: 'Pod', apiVersion: 'v1' }).pod.uid,
    ).toBe('u1');
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
