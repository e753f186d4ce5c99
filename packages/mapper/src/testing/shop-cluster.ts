/** A small cluster as objects of the Kubernetes API, for tests: a shop that uses a cart, Kafka, DNS and the internet. */
const CREATED = '2026-01-01T00:00:00Z';

export const ADDRESSES = {
  frontend: '10.1.0.1',
  cart: '10.1.0.2',
  cartTwo: '10.1.0.3',
  kafka: '10.1.0.4',
  dns: '10.1.0.5',
  cartService: '10.96.0.10',
  nodeOne: '10.0.0.1',
  nodeTwo: '10.0.0.2',
} as const;

function object(
  apiVersion: string,
  kind: string,
  namespace: string | undefined,
  name: string,
  rest: object = {},
  extra: object = {},
): object {
  const metadata = {
    name,
    uid: `${kind}-${namespace ?? ''}-${name}`,
    creationTimestamp: CREATED,
    ...(namespace !== undefined && { namespace }),
    ...extra,
  };
  return { apiVersion, kind, metadata, ...rest };
}

function pod(namespace: string, name: string, app: string, ownerKind: string, address: string, node: string): object {
  const owner = { apiVersion: 'apps/v1', kind: ownerKind, name: app, uid: `${ownerKind}-${namespace}-${app}`, controller: true };
  return object(
    'v1',
    'Pod',
    namespace,
    name,
    {
      spec: {
        nodeName: node,
        containers: [{ name: 'main', image: 'example.org/app:1', ports: [{ containerPort: 8080, protocol: 'TCP' }] }],
      },
      status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }], startTime: CREATED },
    },
    { labels: { app, tier: app === 'frontend' ? 'web' : 'back' }, ownerReferences: [owner] },
  );
}

function service(
  namespace: string,
  name: string,
  clusterIP: string,
  app: string,
  port: number,
  targetPort: number,
  protocol = 'TCP',
): object {
  return object('v1', 'Service', namespace, name, {
    spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], selector: { app }, ports: [{ port, targetPort, protocol }] },
  });
}

/** Every object of the cluster. */
export function shopObjects(): readonly object[] {
  const node = (name: string, address: string): object =>
    object('v1', 'Node', undefined, name, { spec: {}, status: { addresses: [{ type: 'InternalIP', address }] } });
  const namespace = (name: string, labels: Record<string, string> = {}): object =>
    object('v1', 'Namespace', undefined, name, {}, { labels });
  return [
    namespace('kube-system'),
    namespace('shop', { env: 'production' }),
    namespace('kafka'),
    node('node-1', ADDRESSES.nodeOne),
    node('node-2', ADDRESSES.nodeTwo),
    object('apps/v1', 'Deployment', 'shop', 'frontend'),
    object('apps/v1', 'Deployment', 'shop', 'cart'),
    object('apps/v1', 'StatefulSet', 'kafka', 'kafka'),
    object('apps/v1', 'Deployment', 'kube-system', 'coredns'),
    pod('shop', 'frontend-1', 'frontend', 'Deployment', ADDRESSES.frontend, 'node-1'),
    pod('shop', 'cart-1', 'cart', 'Deployment', ADDRESSES.cart, 'node-2'),
    pod('shop', 'cart-2', 'cart', 'Deployment', ADDRESSES.cartTwo, 'node-2'),
    pod('kafka', 'kafka-0', 'kafka', 'StatefulSet', ADDRESSES.kafka, 'node-2'),
    pod('kube-system', 'coredns-1', 'coredns', 'Deployment', ADDRESSES.dns, 'node-1'),
    service('shop', 'cart', ADDRESSES.cartService, 'cart', 80, 8080),
    service('kube-system', 'kube-dns', '10.96.0.2', 'coredns', 53, 1053, 'UDP'),
  ];
}
