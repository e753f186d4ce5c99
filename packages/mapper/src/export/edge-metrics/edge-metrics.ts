import type { Clock, Edge, Peer } from '@nm/core';
import { peerNamespace } from '@nm/core';
import { Counter, Gauge } from 'prom-client';
import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client';
import type { TakeGrowth } from '../edge-feed.ts';
import { endpointKey, toEndpoint } from '../endpoint.ts';
import { SeriesBook } from '../series-book.ts';
import type { Series } from '../series-book.ts';

/** Labels of both metrics, in their order on the page. */
export const EDGE_LABELS = [
  'client',
  'client_namespace',
  'client_kind',
  'client_cluster',
  'server',
  'server_namespace',
  'server_kind',
  'server_cluster',
  'port',
  'protocol',
  'evidence',
] as const;
type EdgeLabel = (typeof EDGE_LABELS)[number];
export type EdgeLabels = Readonly<Record<EdgeLabel, string>>;

export const EDGE_CONNECTIONS = 'network_mapper_edge_connections_total';
export const EDGE_LAST_SEEN = 'network_mapper_edge_last_seen_timestamp_seconds';

const OVERFLOW_NAME = '(other)';

/** Registers the two metrics; `take` feeds them. They are written from one book, so a scrape copies nothing twice. */
export function createEdgeMetrics(
  deps: { readonly register: Registry; readonly clock: Clock; readonly onOverflow: (count: number) => void },
  options: { readonly maxSeries: number; readonly namespaces: readonly string[] },
): { readonly take: TakeGrowth; readonly size: () => number } {
  const book = new SeriesBook<EdgeLabels>({
    max: options.maxSeries,
    overflow: { ...emptyLabels(), client: OVERFLOW_NAME, server: OVERFLOW_NAME },
    onOverflow: deps.onOverflow,
  });
  const namespaces = new Set(options.namespaces);
  const isShown = (peer: Peer): boolean => namespaces.has(peerNamespace(peer) ?? '');
  const registers = [deps.register];
  const labelNames = [...EDGE_LABELS];
  new SeriesCounter(book, {
    name: EDGE_CONNECTIONS,
    help: 'Connections seen by client, server, port and evidence, since the mapper started.',
    labelNames,
    registers,
  });
  new LastSeenGauge(book, { name: EDGE_LAST_SEEN, help: 'When an edge was last seen, Unix time.', labelNames, registers });

  return {
    size: () => book.size,
    take(edge, grown) {
      if (namespaces.size > 0 && !isShown(edge.client) && !isShown(edge.server)) return;
      for (const growth of grown) {
        const port = growth.port === undefined ? '' : String(growth.port);
        const protocol = growth.protocol ?? '';
        const key = `${endpointKey(toEndpoint(edge.client))}>${endpointKey(toEndpoint(edge.server))}>${port}/${protocol}/${growth.kind}`;
        book.add(key, () => toLabels(edge, { port, protocol, evidence: growth.kind }), growth, deps.clock.now());
      }
    },
  };
}

interface Settings {
  readonly name: string;
  readonly help: string;
  readonly labelNames: EdgeLabel[];
  readonly registers: Registry[];
}

class SeriesCounter extends Counter<EdgeLabel> {
  readonly #book: SeriesBook<EdgeLabels>;
  constructor(book: SeriesBook<EdgeLabels>, settings: Settings) {
    super(settings);
    this.#book = book;
  }
  override async get(): Promise<MetricObjectWithValues<MetricValue<EdgeLabel>>> {
    return { ...(await super.get()), values: valuesOf(this.#book, ({ value }) => value) };
  }
}

class LastSeenGauge extends Gauge<EdgeLabel> {
  readonly #book: SeriesBook<EdgeLabels>;
  constructor(book: SeriesBook<EdgeLabels>, settings: Settings) {
    super(settings);
    this.#book = book;
  }
  override async get(): Promise<MetricObjectWithValues<MetricValue<EdgeLabel>>> {
    return { ...(await super.get()), values: valuesOf(this.#book, ({ lastSeenAt }) => lastSeenAt / 1_000) };
  }
}

function valuesOf(book: SeriesBook<EdgeLabels>, toValue: (series: Series<EdgeLabels>) => number): MetricValue<EdgeLabel>[] {
  return Array.from(book.values(), (series) => ({ value: toValue(series), labels: series.labels }));
}

function emptyLabels(): EdgeLabels {
  return Object.fromEntries(EDGE_LABELS.map((label) => [label, ''])) as EdgeLabels;
}

function toLabels(edge: Edge, rest: { readonly port: string; readonly protocol: string; readonly evidence: string }): EdgeLabels {
  const client = toEndpoint(edge.client);
  const server = toEndpoint(edge.server);
  return {
    client: client.name,
    client_namespace: client.namespace,
    client_kind: client.kind,
    client_cluster: client.cluster,
    server: server.name,
    server_namespace: server.namespace,
    server_kind: server.kind,
    server_cluster: server.cluster,
    ...rest,
  };
}
