import type { Clock, Edge, EvidenceKind } from '@nm/core';
import { endpointKey, toEndpoint } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import type { TakeGrowth } from '../edge-feed.ts';
import type { Growth } from '../growth-book.ts';
import { SeriesBook } from '../series-book.ts';
import type { Series } from '../series-book.ts';

export type Attributes = Readonly<Record<string, string | boolean>>;

export interface ServiceGraph {
  readonly take: TakeGrowth;
  values(): Iterable<Series<Attributes>>;
  readonly size: number;
}

/** What a series is of. Attributes are made of it when they are sent: they take several times its memory. */
interface Ends {
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly type: string;
}

/** A peer, and what stands for it in the keys of series: a number, or its long name, which has `|` in it. */
interface Named {
  readonly key: string;
  readonly endpoint: Endpoint;
}

/** OpenTelemetry's mark of the series that takes what a cardinality limit refuses (metrics SDK specification). */
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

/** Connections between peers with the attributes of the collector's service graph, and those that keep equal names apart. */
export function createServiceGraph(
  deps: { readonly clock: Clock; readonly onOverflow: (count: number) => void },
  options: { readonly maxSeries: number },
): ServiceGraph {
  const book = new SeriesBook<Ends | undefined>({ max: options.maxSeries, overflow: undefined, onOverflow: deps.onOverflow });
  const peers = new Map<string, Named>();

  /** One value for each peer, with a short name for it: thousands of edges share them. Those beyond the bound go by their long name. */
  function named(endpoint: Endpoint): Named {
    const key = endpointKey(endpoint);
    const known = peers.get(key);
    if (known !== undefined) return known;
    if (peers.size >= options.maxSeries) return { key, endpoint };
    const made = { key: String(peers.size), endpoint };
    peers.set(key, made);
    return made;
  }

  return {
    take(edge, grown) {
      const count = connectionsOf(edge, grown);
      if (count <= 0) return;
      const client = named(toEndpoint(edge.client));
      const server = named(toEndpoint(edge.server));
      const type = connectionType(edge);
      const lastSeenAt = Math.max(...grown.map((one) => one.lastSeenAt));
      const toEnds = (): Ends => ({ client: client.endpoint, server: server.endpoint, type });
      book.add(`${client.key}>${server.key}>${type}`, toEnds, { count, lastSeenAt }, deps.clock.now());
    },
    *values() {
      for (const series of book.values()) yield { ...series, labels: series.labels === undefined ? OVERFLOW : toAttributes(series.labels) };
    },
    get size() {
      return book.size;
    },
  };
}

/**
 * An attempt and the open socket that it left are one connection; so the larger counts, with UDP flows beside. Where
 * no transport was seen, requests of the mesh, uses of topics or, for a peer that was only looked up, lookups stand for it.
 */
export function connectionsOf(edge: Edge, grown: readonly Growth[]): number {
  const sum = (kind: EvidenceKind): number => grown.reduce((total, one) => (one.kind === kind ? total + one.count : total), 0);
  const { tcp, socket, udp } = edge.evidence;
  if (tcp !== undefined || socket !== undefined || udp !== undefined) return Math.max(sum('tcp'), sum('socket')) + sum('udp');
  return Math.max(sum('http'), sum('kafka'), sum('aws'), sum('dns'));
}

/** As the service graph connector has them: messaging_system, virtual_node for what sends no telemetry itself, else empty. */
function connectionType(edge: Edge): string {
  if (edge.evidence.kafka !== undefined) return 'messaging_system';
  return edge.client.type === 'internet' || edge.server.type === 'internet' ? 'virtual_node' : '';
}

function toAttributes({ client, server, type }: Ends): Attributes {
  return { client: client.name, server: server.name, connection_type: type, ...sideOf('client', client), ...sideOf('server', server) };
}

/** `…_service_namespace` is what Grafana's service graph groups by. */
function sideOf(side: 'client' | 'server', { namespace, kind, cluster }: Endpoint): Attributes {
  return {
    [`${side}_kind`]: kind,
    ...(namespace !== '' && { [`${side}_namespace`]: namespace, [`${side}_service_namespace`]: namespace }),
    ...(cluster !== '' && { [`${side}_cluster`]: cluster }),
  };
}
