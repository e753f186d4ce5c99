import type { MeshLabels, MeshMetric, MeshSeries } from './mesh-series.ts';

/** Who reported a call: its client's proxy, its server's, or a waypoint between them. */
export type MeshReporter = 'source' | 'destination' | 'waypoint';

/**
 * What a series says about who is at its ends:
 * `known`: both workloads; `passthrough`: the client, and a host outside the mesh's registry; `service`: the client, and
 * the host of a server that has no proxy; `blackHole`: refused by the mesh; `half`: one end only; `unknown`: neither.
 */
export type MeshPeers = 'known' | 'passthrough' | 'service' | 'blackHole' | 'half' | 'unknown';

/** One series in our words. Names that the proxy does not know are absent. */
export interface MeshCall {
  readonly metric: MeshMetric;
  readonly reporter: MeshReporter;
  readonly peers: MeshPeers;
  readonly source: MeshWorkload;
  readonly destination: MeshWorkload;
  /** The host asked for: a name of the cluster, or the Host header's text; may hold a port. */
  readonly destinationService?: string;
  /** Without the query, bounded; absent when the mesh was not told to report it. */
  readonly path?: string;
  readonly method?: string;
  readonly count: number;
}

export interface MeshWorkload {
  readonly name?: string;
  readonly namespace?: string;
  /** The canonical service, for where the workload's name finds nothing. */
  readonly canonicalName?: string;
}

/** Longer paths are cut: what tells calls apart stands at the beginning. */
export const MAX_PATH_CHARACTERS = 1024;

/** Longest name of an object in Kubernetes (RFC 1123 subdomain); what is longer is nobody's. */
const MAX_NAME_CHARACTERS = 253;
/** A host with its port. */
const MAX_HOST_CHARACTERS = MAX_NAME_CHARACTERS + 6;

export function toMeshCall(series: MeshSeries): MeshCall {
  const { labels } = series;
  const source = workloadOf(labels, 'source');
  const destination = workloadOf(labels, 'destination');
  const service = known(labels.get('destination_service'), MAX_HOST_CHARACTERS);
  const path = known(labels.get('request_path') ?? labels.get('request_url_path'));
  const method = known(labels.get('request_method'));
  return {
    metric: series.metric,
    reporter: reporterOf(labels),
    peers: peersOf(labels, source, destination),
    source,
    destination,
    ...(service === undefined ? {} : { destinationService: service }),
    ...(path === undefined ? {} : { path: toPath(path) }),
    ...(method === undefined ? {} : { method: method.slice(0, 32) }),
    count: series.value,
  };
}

function workloadOf(labels: MeshLabels, side: 'source' | 'destination'): MeshWorkload {
  const name = known(labels.get(`${side}_workload`), MAX_NAME_CHARACTERS);
  const namespace = known(labels.get(`${side}_workload_namespace`), MAX_NAME_CHARACTERS);
  const canonicalName = known(labels.get(`${side}_canonical_service`), MAX_NAME_CHARACTERS);
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(canonicalName === undefined ? {} : { canonicalName }),
  };
}

/** Istio writes `unknown` for what it does not know and leaves a proxy's own unset values empty. */
function known(value: string | undefined, maxCharacters = Number.POSITIVE_INFINITY): string | undefined {
  return value === undefined || value === '' || value === 'unknown' || value.length > maxCharacters ? undefined : value;
}

function reporterOf(labels: MeshLabels): MeshReporter {
  const reporter = labels.get('reporter');
  return reporter === 'destination' || reporter === 'waypoint' ? reporter : 'source';
}

function peersOf(labels: MeshLabels, source: MeshWorkload, destination: MeshWorkload): MeshPeers {
  const service = labels.get('destination_service_name') ?? '';
  if (service === 'BlackHoleCluster') return 'blackHole';
  const hasSource = isNamed(source);
  if (hasSource && isNamed(destination)) return 'known';
  if (!hasSource) return isNamed(destination) ? 'half' : 'unknown';
  if (service === 'PassthroughCluster') return 'passthrough';
  return known(labels.get('destination_service'), MAX_HOST_CHARACTERS) === undefined ? 'half' : 'service';
}

/** Whether it can be found in the cluster: by its own name, or else by the mesh's canonical one. */
function isNamed({ name, canonicalName, namespace }: MeshWorkload): boolean {
  return (name ?? canonicalName) !== undefined && namespace !== undefined;
}

function isWorkload(workload: MeshWorkload): boolean {
  return workload.name !== undefined && workload.namespace !== undefined;
}

/** The path without its query (RFC 3986 section 3.4), percent-encoding kept; of a proxy's absolute target only the path. */
export function toPath(target: string): string {
  const query = target.indexOf('?');
  const whole = query < 0 ? target : target.slice(0, query);
  const path = whole.startsWith('http') ? whole.replace(/^https?:\/\/[^/]*/, '') || '/' : whole;
  return path.length <= MAX_PATH_CHARACTERS ? path : path.slice(0, MAX_PATH_CHARACTERS);
}

/** One HTTP edge as `istio-watcher --print` writes it. */
export interface MeshEdge {
  readonly source: string;
  readonly sourceNamespace: string;
  readonly destination: string;
  readonly destinationNamespace: string;
  /** The host asked for; of several the one without a port, then the first. */
  readonly destinationService?: string;
  readonly destinationServices: readonly string[];
  readonly path?: string;
  readonly methods: readonly string[];
  readonly requests: number;
}

interface EdgeCounts {
  readonly call: MeshCall;
  readonly services: Set<string>;
  readonly methods: Set<string>;
  readonly byReporter: Record<MeshReporter, number>;
}

/**
 * HTTP edges of the calls, one for each pair of workloads and path, sorted. A request that both ends (or a waypoint)
 * reported counts once: the largest of the three counts is taken.
 */
export function toMeshEdges(calls: Iterable<MeshCall>): MeshEdge[] {
  const edges = new Map<string, EdgeCounts>();
  for (const call of calls) {
    const { source, destination } = call;
    if (call.metric !== 'requests' || call.peers === 'blackHole' || call.count <= 0) continue;
    if (!isWorkload(source) || !isWorkload(destination)) continue;
    const key = JSON.stringify([source.name, source.namespace, destination.name, destination.namespace, call.path]);
    let edge = edges.get(key);
    if (edge === undefined) {
      edge = { call, services: new Set(), methods: new Set(), byReporter: { source: 0, destination: 0, waypoint: 0 } };
      edges.set(key, edge);
    }
    if (call.destinationService !== undefined) edge.services.add(call.destinationService);
    if (call.method !== undefined) edge.methods.add(call.method);
    edge.byReporter[call.reporter] += call.count;
  }
  return Array.from(edges.values(), toEdge).sort(byNames);
}

function toEdge({ call, services, methods, byReporter }: EdgeCounts): MeshEdge {
  const destinationServices = [...services].sort();
  const service = destinationServices.find((name) => !/:\d+$/.test(name)) ?? destinationServices[0];
  return {
    source: call.source.name ?? '',
    sourceNamespace: call.source.namespace ?? '',
    destination: call.destination.name ?? '',
    destinationNamespace: call.destination.namespace ?? '',
    ...(service === undefined ? {} : { destinationService: service }),
    destinationServices,
    ...(call.path === undefined ? {} : { path: call.path }),
    methods: [...methods].sort(),
    requests: Math.max(byReporter.source, byReporter.destination, byReporter.waypoint),
  };
}

function byNames(a: MeshEdge, b: MeshEdge): number {
  return (
    compare(a.source, b.source) ||
    compare(a.sourceNamespace, b.sourceNamespace) ||
    compare(a.destination, b.destination) ||
    compare(a.destinationNamespace, b.destinationNamespace) ||
    compare(a.path ?? '', b.path ?? '')
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
