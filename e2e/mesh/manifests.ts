import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toBootstrap } from '@nm/watchers/testing';

/**
 * A mesh without Istio and a Kafka without brokers, for the watchers on a real cluster: two applications whose sidecars
 * are real Envoys (one native, one regular), stand-ins for proxies that serve recorded statistics, and a StatefulSet
 * that prints a real broker's log.
 */
export const MESH = 'mesh';
export const EVENTS = 'events';
export const BUYERS = 'buyers';
export const SERVICE = 'cart.mesh.svc.cluster.local:8080';

const WATCHERS = fileURLToPath(new URL('../../packages/watchers/src', import.meta.url));
const fixture = (name: string): string => readFileSync(`${WATCHERS}/${name}`, 'utf8');
const TLS_MODE = { 'security.istio.io/tlsMode': 'istio' };

const series = (metric: string, reporter: string, source: string, destination: string, path = ''): string =>
  `${metric}{reporter="${reporter}",source_workload="${source}",source_workload_namespace="mesh",destination_workload="${destination}",destination_workload_namespace="mesh",destination_service="${destination}.mesh.svc.cluster.local"${path}} @N\n`;
const GET = (path: string): string => `,request_method="GET",request_path="${path}"`;
const REQUESTS = 'istio_requests_total';

/** Files of the programs, in one ConfigMap. */
const FILES: Readonly<Record<string, string>> = {
  'web.json': JSON.stringify(
    toBootstrap('0.0.0.0', {
      workload: 'web',
      namespace: MESH,
      application: { host: '127.0.0.1', port: 8080 },
      server: { workload: 'cart', namespace: MESH, service: SERVICE, address: 'cart.mesh.svc.cluster.local', port: 15006 },
    }),
  ),
  'cart.json': JSON.stringify(
    toBootstrap('0.0.0.0', { workload: 'cart', namespace: MESH, application: { host: '127.0.0.1', port: 8080 } }),
  ),
  'agent.prom': fixture('istio/fixtures/frontend/merged_15020.prom'),
  'gateway.prom': series(REQUESTS, 'source', 'gateway', 'cart', GET('/from-outside')),
  'waypoint.prom': series(REQUESTS, 'waypoint', 'web', 'ledger', GET('/entries')),
  'ztunnel.prom': `# TYPE istio_tcp_connections_opened counter\n${series('istio_tcp_connections_opened_total', 'source', 'web', 'redis')}# EOF\n`,
  'locked.prom': series(REQUESTS, 'source', 'locked', 'cart', GET('/by-exec')),
};

const image = 'sidecar:e2e';
const files = { name: 'files', configMap: { name: 'files' } };
const volumeMounts = [{ name: 'files', mountPath: '/files' }];
const node = (name: string, ...args: readonly string[]): object => ({ name, image, command: ['node', ...args], volumeMounts });
const envoy = (config: string): object => ({
  name: 'istio-proxy',
  image,
  command: ['/usr/local/bin/envoy', '-c', `/files/${config}`, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'],
  volumeMounts,
});
const recorded = (file: string, host: string, port: number): object =>
  node('istio-proxy', '/app/recorded-proxy.mjs', host, String(port), `/files/${file}`);
const native = (container: object): object => ({ ...container, restartPolicy: 'Always' });
const idle = node('app', '-e', 'setInterval(() => {}, 1e6)');

function workload(
  kind: 'Deployment' | 'DaemonSet' | 'StatefulSet',
  namespace: string,
  name: string,
  spec: object,
  labels: Readonly<Record<string, string>> = {},
): object {
  const selector = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { namespace, name },
    spec: {
      selector: { matchLabels: selector },
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      template: {
        metadata: { labels: { ...selector, ...labels } },
        spec: { terminationGracePeriodSeconds: 1, volumes: [files], ...spec },
      },
    },
  };
}

const service = (namespace: string, name: string, port: number, headless = false): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { selector: { app: name }, ports: [{ port }], ...(headless ? { clusterIP: 'None', publishNotReadyAddresses: true } : {}) },
});

const filesIn = (namespace: string, data: Readonly<Record<string, string>>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name: 'files' },
  data,
});

export function meshManifests(): object {
  const broker = ['/app/broker.mjs', '/files/kafka.log', `10.244.1.11=orders.${BUYERS}`, `10.244.1.12=billing.${BUYERS}`];
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...[MESH, EVENTS, BUYERS].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      filesIn(MESH, FILES),
      filesIn(EVENTS, { 'kafka.log': fixture('kafka/fixtures/kafka-4.3.1-kraft.log') }),
      filesIn(BUYERS, {}),
      service(MESH, 'cart', 15006),
      workload(
        'Deployment',
        MESH,
        'web',
        { initContainers: [native(envoy('web.json'))], containers: [node('app', '/app/client.mjs')] },
        TLS_MODE,
      ),
      workload(
        'Deployment',
        MESH,
        'cart',
        {
          containers: [
            node('app', '-e', "require('node:http').createServer((_, answer) => answer.end('ok')).listen(8080, '127.0.0.1')"),
            envoy('cart.json'),
          ],
        },
        TLS_MODE,
      ),
      // Only the agent's port: as with a proxy whose own port of statistics is closed.
      workload(
        'Deployment',
        MESH,
        'agent',
        { initContainers: [native(recorded('agent.prom', '0.0.0.0', 15020))], containers: [idle] },
        TLS_MODE,
      ),
      // Statistics for its own pod only.
      workload(
        'Deployment',
        MESH,
        'locked',
        { initContainers: [native(recorded('locked.prom', '127.0.0.1', 15000))], containers: [idle] },
        TLS_MODE,
      ),
      workload('Deployment', MESH, 'gateway', { containers: [recorded('gateway.prom', '0.0.0.0', 15090)] }, { istio: 'ingressgateway' }),
      workload(
        'Deployment',
        MESH,
        'waypoint',
        { containers: [recorded('waypoint.prom', '0.0.0.0', 15020)] },
        { 'gateway.networking.k8s.io/gateway-name': 'waypoint' },
      ),
      workload('DaemonSet', MESH, 'ztunnel', { containers: [recorded('ztunnel.prom', '0.0.0.0', 15020)] }),
      service(EVENTS, 'kafka', 9092, true),
      workload('StatefulSet', EVENTS, 'kafka', {
        containers: [node('exporter', '-e', "console.log('not a broker'); setInterval(() => {}, 1e6)"), node('broker', ...broker)],
      }),
      ...['orders', 'billing'].flatMap((name) => [
        service(BUYERS, name, 80, true),
        workload('Deployment', BUYERS, name, { containers: [idle] }),
      ]),
    ],
  };
}
