import { describe, expect, test } from 'vitest';
import { only } from '../testing/only-change.ts';
import { toClusterChanges } from './to-cluster-changes.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');

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
