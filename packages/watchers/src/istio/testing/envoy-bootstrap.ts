import { isIP } from 'node:net';

/** What an Envoy stands for: the sidecar of `workload`, whose application listens at `application`. */
export interface SidecarOptions {
  readonly workload: string;
  readonly namespace: string;
  readonly application: { readonly host: string; readonly port: number };
  /** Where the workload's own calls go, and what the mesh knows about it. */
  readonly server?: {
    readonly workload: string;
    readonly namespace: string;
    readonly service: string;
    readonly address: string;
    readonly port: number;
  };
  /** A service known by its connections only. */
  readonly tcpServer?: { readonly workload: string; readonly namespace: string; readonly service: string; readonly port: number };
}

/** Istio's own ports (istio.io, "Application requirements"). */
export const ADMIN_PORT = 15000;
export const OUTBOUND_PORT = 15001;
export const INBOUND_PORT = 15006;
export const STATISTICS_PORT = 15090;
export const TCP_PORT = 16379;

const TYPE = 'type.googleapis.com/envoy.extensions';

/**
 * The configuration of a sidecar. Istio's own filter for statistics is not in a stock Envoy, so the access logger for
 * statistics writes the same counters: Istio's name, its tags in its order, method and path behind them.
 */
export function toBootstrap(address: string, options: SidecarOptions): object {
  const { server, tcpServer, application } = options;
  const clusters = [cluster('admin', address, ADMIN_PORT), cluster('application', application.host, application.port)];
  const listeners = [
    listener('statistics', address, STATISTICS_PORT, [httpFilter('statistics', 'admin', { prefix: '/stats/prometheus' })]),
    listener('inbound', address, INBOUND_PORT, [
      httpFilter('inbound', 'application', { prefix: '/' }, statistics(destinationTags(options))),
    ]),
  ];
  if (server !== undefined) {
    clusters.push(cluster('outbound', server.address, server.port));
    const log = statistics(sourceTags(options, server));
    listeners.push(listener('outbound', address, OUTBOUND_PORT, [httpFilter('outbound', 'outbound', { prefix: '/' }, log)]));
  }
  if (tcpServer !== undefined) {
    clusters.push(cluster('tcp', application.host, tcpServer.port));
    listeners.push(listener('tcp', address, TCP_PORT, [tcpFilter(tcpTags(options, tcpServer))]));
  }
  return {
    node: { id: options.workload, cluster: options.workload },
    admin: { address: socket(address, ADMIN_PORT) },
    static_resources: { listeners, clusters },
  };
}

interface Tag {
  readonly name: string;
  readonly value_format: string;
}

const METHOD_AND_PATH: readonly Tag[] = [
  { name: 'request_method', value_format: '%REQUEST_HEADER(:method)%' },
  { name: 'request_path', value_format: '%REQUEST_HEADER(:path)%' },
];

function sourceTags(options: SidecarOptions, server: NonNullable<SidecarOptions['server']>): Tag[] {
  return standardTags({
    reporter: 'source',
    source: options.workload,
    sourceNamespace: options.namespace,
    destination: server.workload,
    destinationNamespace: server.namespace,
    service: server.service,
    protocol: 'http',
    added: METHOD_AND_PATH,
  });
}

/** A server's proxy learns its client with the connection; here the request brings its name, and it is a neighbour. */
function destinationTags(options: SidecarOptions): Tag[] {
  return standardTags({
    reporter: 'destination',
    source: '%REQUEST_HEADER(x-client)%',
    sourceNamespace: options.namespace,
    destination: options.workload,
    destinationNamespace: options.namespace,
    service: '%REQUEST_HEADER(:authority)%',
    protocol: 'http',
    added: METHOD_AND_PATH,
  });
}

function tcpTags(options: SidecarOptions, server: NonNullable<SidecarOptions['tcpServer']>): Tag[] {
  return standardTags({
    reporter: 'source',
    source: options.workload,
    sourceNamespace: options.namespace,
    destination: server.workload,
    destinationNamespace: server.namespace,
    service: server.service,
    protocol: 'tcp',
    added: [],
  });
}

function standardTags(of: {
  readonly reporter: string;
  readonly source: string;
  readonly sourceNamespace: string;
  readonly destination: string;
  readonly destinationNamespace: string;
  readonly service: string;
  readonly protocol: 'http' | 'tcp';
  readonly added: readonly Tag[];
}): Tag[] {
  const isHttp = of.protocol === 'http';
  const app = of.destination;
  const values: readonly (readonly [string, string])[] = [
    ['reporter', of.reporter],
    ['source_workload', of.source],
    ['source_canonical_service', of.source],
    ['source_canonical_revision', 'latest'],
    ['source_workload_namespace', of.sourceNamespace],
    ['source_principal', `spiffe://cluster.local/ns/${of.sourceNamespace}/sa/${of.source}`],
    ['source_app', of.source],
    ['source_version', 'v1.2'],
    ['source_cluster', 'Kubernetes'],
    ['destination_workload', of.destination],
    ['destination_workload_namespace', of.destinationNamespace],
    ['destination_principal', `spiffe://cluster.local/ns/${of.destinationNamespace}/sa/${app}`],
    ['destination_app', app],
    ['destination_version', 'v1'],
    ['destination_service', of.service],
    ['destination_canonical_service', app],
    ['destination_canonical_revision', 'v1'],
    ['destination_service_name', app],
    ['destination_service_namespace', of.destinationNamespace],
    ['destination_cluster', 'Kubernetes'],
    ['request_protocol', of.protocol],
    ...(isHttp
      ? ([
          ['response_code', '%RESPONSE_CODE%'],
          ['grpc_response_status', '-'],
        ] as const)
      : []),
    ['response_flags', '%RESPONSE_FLAGS%'],
    ['connection_security_policy', of.reporter === 'source' ? 'unknown' : 'mutual_tls'],
  ];
  return [...values.map(([name, value]) => ({ name, value_format: value })), ...of.added];
}

function statistics(tags: readonly Tag[], name = 'istio_requests_total'): object[] {
  return [
    {
      name: 'envoy.access_loggers.stats',
      typed_config: {
        '@type': `${TYPE}.access_loggers.stats.v3.Config`,
        stats_scope: { prefix: 'istiocustom' },
        counters: [{ stat: { name, tags }, value_fixed: 1 }],
      },
    },
  ];
}

function httpFilter(name: string, target: string, match: object, accessLog: readonly object[] = []): object {
  return {
    name: 'http',
    typed_config: {
      '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      access_log: accessLog,
      normalize_path: false,
      http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } }],
      route_config: { virtual_hosts: [{ name, domains: ['*'], routes: [{ match, route: { cluster: target } }] }] },
    },
  };
}

function tcpFilter(tags: readonly Tag[]): object {
  return {
    name: 'tcp',
    typed_config: {
      '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: 'tcp',
      cluster: 'tcp',
      access_log: statistics(tags, 'istio_tcp_connections_opened_total'),
    },
  };
}

function listener(name: string, address: string, port: number, filters: readonly object[]): object {
  return { name, address: socket(address, port), filter_chains: [{ filters }] };
}

function cluster(name: string, address: string, port: number): object {
  return {
    name,
    type: isIP(address) === 0 ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: '2s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(address, port) } }] }] },
  };
}

function socket(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}
