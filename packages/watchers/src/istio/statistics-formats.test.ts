import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { MeshEdge } from './mesh-edges.ts';
import { printStatistics } from './print-statistics.ts';

/**
 * One counter of Istio's standard metrics as proxies of different versions write it. Sources: istio.io's reference of
 * standard metrics, the stats filter's order of tags, Envoy's admin interface, the Prometheus and OpenMetrics formats.
 */
const STANDARD = {
  reporter: 'source',
  source_workload: 'web',
  source_canonical_service: 'web',
  source_canonical_revision: 'latest',
  source_workload_namespace: 'shop',
  source_principal: 'spiffe://cluster.local/ns/shop/sa/web',
  source_app: 'web',
  source_version: 'v1',
  source_cluster: 'Kubernetes',
  destination_workload: 'cart',
  destination_workload_namespace: 'shop',
  destination_principal: 'spiffe://cluster.local/ns/shop/sa/cart',
  destination_app: 'cart',
  destination_version: 'v1',
  destination_service: 'cart.shop.svc.cluster.local',
  destination_canonical_service: 'cart',
  destination_canonical_revision: 'v1',
  destination_service_name: 'cart',
  destination_service_namespace: 'shop',
  destination_cluster: 'Kubernetes',
  request_protocol: 'http',
  response_code: '200',
  grpc_response_status: '',
  response_flags: '-',
  connection_security_policy: 'unknown',
};
const ADDED = { request_method: 'GET', request_path: '/a' };
type Change = Readonly<Record<string, string | undefined>>;

/** The standard tags in the proxy's order, added ones behind them sorted; `undefined` takes one away. */
function tags(change: Change): [string, string][] {
  const all: Change = { ...STANDARD, ...ADDED, ...change };
  const added = Object.keys(all).filter((key) => !(key in STANDARD));
  return [...Object.keys(STANDARD), ...added.sort()].flatMap((key) => {
    const value = all[key];
    return value === undefined ? [] : [[key, value] as [string, string]];
  });
}

const joined = (change: Change = {}, name = 'istiocustom.istio_requests_total'): string =>
  [name, ...tags(change).flatMap(([key, value]) => (value === '' ? [key] : [key, value]))].join('.');
const pairs = (change: Change = {}, prefix = ''): string =>
  `${prefix}${tags(change)
    .map(([key, value]) => `${key}=.=${value};.;`)
    .join('')}_istio_requests_total`;
const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const sample = (change: Change = {}, name = 'istio_requests_total'): string =>
  `${name}{${tags(change)
    .map(([key, value]) => `${key}="${escaped(value)}"`)
    .join(',')}}`;
const json = (...names: string[]): string => JSON.stringify({ stats: names.map((name) => ({ name, value: 3 })) });

async function read(text: string): Promise<string[]> {
  const edges: string[] = [];
  await printStatistics(Readable.from([Buffer.from(text)]), undefined, (line) => {
    const edge = JSON.parse(line) as MeshEdge;
    edges.push(
      `${edge.source}.${edge.sourceNamespace} > ${edge.destination}.${edge.destinationNamespace} ${edge.destinationService ?? '-'} ${edge.methods.join()} ${edge.path ?? '-'} ${edge.requests}`,
    );
  });
  return edges;
}

const edge = ({ host = 'cart.shop.svc.cluster.local', method = 'GET', path = '/a' } = {}): string[] => [
  `web.shop > cart.shop ${host} ${method} ${path} 3`,
];
const NONE: string[] = [];

describe('encodings', () => {
  const rows: readonly [string, string, string[]][] = [
    ['JSON', json(joined()), edge()],
    ['JSON, indented', JSON.stringify({ stats: [{ name: joined(), value: 3 }] }, null, 1), edge()],
    [
      'JSON of several proxies one after the other',
      `${json(joined())}\n${json(joined({ request_path: '/b' }))}\n`,
      [...edge(), ...edge({ path: '/b' })],
    ],
    ['JSON of Istio 1.16 and before', json(pairs()), edge()],
    ['the same in the namespace of the WebAssembly filter', json(pairs({}, 'wasmcustom.')), edge()],
    ['the same behind istiocustom', json(pairs({}, 'istiocustom.')), edge()],
    [
      'a path that holds the metric’s name',
      json(pairs({ request_path: '/istio_requests_total/x' })),
      edge({ path: '/istio_requests_total/x' }),
    ],
    ['text of the admin interface', `server.live: 1\n${joined()}: 3\n`, edge()],
    ['text of Istio 1.16 and before', `${pairs()}: 3\n`, edge()],
    ['the same in the namespace of the WebAssembly filter', `wasmcustom.${pairs()}: 3\n`, edge()],
    ['pairs in another order', `${pairs({ reporter: undefined })}: 3\n`, edge()],
    ['Prometheus', `# TYPE istio_requests_total counter\n${sample()} 3\n`, edge()],
    ['OpenMetrics', `# TYPE istio_requests counter\n${sample()} 3.0\n${sample({}, 'istio_requests_created')} 1.7e9\n# EOF\n`, edge()],
    ['OpenMetrics with an exemplar', `${sample()} 3 # {trace_id="abc"} 1.0 1520879607.789\n# EOF\n`, edge()],
    ['a family without _total', `${sample({}, 'istio_requests')} 3\n`, edge()],
    ['JSON without _total', json(joined({}, 'istiocustom.istio_requests')), edge()],
    ['the prefix of a proxy without custom namespaces', `${sample({}, 'envoy_wasmcustom_istio_requests_total')} 3\n`, edge()],
    ['a mangled prefix', `${sample({}, 'x__istio_requests_total')} 3\n`, edge()],
    ['a time', `${sample()} 3 1395066363000\n`, edge()],
    [
      'other metrics of Istio',
      `${sample({}, 'istio_request_bytes_sum')} 3\n${sample({}, 'istio_request_duration_milliseconds_bucket')} 3\n`,
      NONE,
    ],
  ];
  it.each(rows)('%s', async (_, text, expected) => {
    expect(await read(text)).toEqual(expected);
  });
});

describe.each([
  ['JSON', (change: Change): string => json(joined(change))],
  ['Prometheus', (change: Change): string => `${sample(change)} 3\n`],
  ['pairs', (change: Change): string => json(pairs(change))],
])('labels in %s', (_format, write) => {
  const rows: readonly [string, Change, string[]][] = [
    [
      'gRPC',
      { request_protocol: 'grpc', grpc_response_status: '0', request_method: 'POST', request_path: '/p.v1.S/M' },
      edge({ method: 'POST', path: '/p.v1.S/M' }),
    ],
    ['a client that went away', { response_code: '0', response_flags: 'DC' }, edge()],
    ['several flags', { response_code: '503', response_flags: 'URX,UF' }, edge()],
    [
      'a waypoint',
      { reporter: 'waypoint', destination_version: '', destination_canonical_revision: '', destination_principal: '' },
      edge(),
    ],
    [
      'own values that are empty',
      { source_app: '', source_version: '', source_canonical_service: '', source_canonical_revision: '' },
      edge(),
    ],
    [
      'the other end of several clusters',
      { reporter: 'destination', source_cluster: 'eu.west-1', destination_cluster: 'us.east-1' },
      edge(),
    ],
    ['dots in versions', { source_version: '1.2.3', destination_version: 'v1.2', source_canonical_revision: '1.2' }, edge()],
    ['a host with a port', { destination_service: 'cart:8080' }, edge({ host: 'cart:8080' })],
    [
      'a host with the words of keys',
      { destination_service: 'evil.destination_workload.bad' },
      edge({ host: 'evil.destination_workload.bad' }),
    ],
    [
      'a host with the word of the next key',
      { destination_service: 'x.destination_canonical_service.y' },
      edge({ host: 'x.destination_canonical_service.y' }),
    ],
    ['a host with the word of the path', { destination_service: 'x.request_path.y' }, edge({ host: 'x.request_path.y' })],
    ['tags that were taken away', { response_code: undefined, grpc_response_status: undefined, source_principal: undefined }, edge()],
    [
      'a path with the word of one',
      { connection_security_policy: undefined, request_path: '/x.connection_security_policy.y' },
      edge({ path: '/x.connection_security_policy.y' }),
    ],
    [
      'a path with many',
      { request_path: '/r/source_workload.x.destination_workload.y.request_path.z' },
      edge({ path: '/r/source_workload.x.destination_workload.y.request_path.z' }),
    ],
    ['added tags in front', { a_custom: 'x.y', env: 'prod' }, edge()],
    ['a query', { request_path: '/a.b?x=1.request_method.y' }, edge({ path: '/a.b' })],
    ['a query without a path', { request_path: '?x' }, edge({ path: '' })],
    ['an absolute target', { request_path: 'http://cart.shop:80/a?x' }, edge()],
    ['percent-encoding', { request_path: '/a%2Fb%3Fc' }, edge({ path: '/a%2Fb%3Fc' })],
    ['quotes and backslashes', { request_path: '/a"b\\c' }, edge({ path: '/a"b\\c' })],
    ['other alphabets', { request_path: '/grüße/日本' }, edge({ path: '/grüße/日本' })],
    ['CONNECT without a path', { request_method: 'CONNECT', request_path: 'unknown' }, edge({ method: 'CONNECT', path: '-' })],
    ['HEAD', { request_method: 'HEAD' }, edge({ method: 'HEAD' })],
    ['the tag that Istio’s documentation calls by another name', { request_path: undefined, request_url_path: '/a' }, edge()],
    ['inbound passthrough', { reporter: 'destination', destination_service_name: 'InboundPassthroughCluster' }, edge()],
    [
      'passthrough',
      { destination_workload: 'unknown', destination_workload_namespace: 'unknown', destination_service_name: 'PassthroughCluster' },
      NONE,
    ],
    ['black hole', { destination_service_name: 'BlackHoleCluster', destination_service: 'BlackHoleCluster' }, NONE],
    ['unknown client', { reporter: 'destination', source_workload: 'unknown', source_workload_namespace: 'unknown' }, NONE],
  ];
  it.each(rows)('%s', async (_, change, expected) => {
    expect(await read(write(change))).toEqual(expected);
  });
});
