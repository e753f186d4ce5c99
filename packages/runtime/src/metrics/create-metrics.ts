import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** One metric of a part: the single source for registration and docs. */
export interface MetricDefinition<Type extends MetricType = MetricType, Label extends string = string> {
  readonly type: Type;
  /** Base unit and suffix per Prometheus: `_seconds`, `_bytes`, `_total`. Compatible names are kept as they were. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
  /** Upper bounds, for histograms. */
  readonly buckets?: readonly number[];
}

export type MetricType = 'counter' | 'gauge' | 'histogram';

export type MetricTable = Readonly<Record<string, MetricDefinition>>;

type LabelOf<Definition> = Definition extends { readonly labels: readonly (infer Label extends string)[] } ? Label : never;

export type Metrics<Table extends MetricTable> = {
  readonly [Name in keyof Table]: Table[Name]['type'] extends 'counter'
    ? Counter<LabelOf<Table[Name]>>
    : Table[Name]['type'] extends 'gauge'
      ? Gauge<LabelOf<Table[Name]>>
      : Histogram<LabelOf<Table[Name]>>;
};

/** Keeps the literal types of a table, so that a wrong label does not compile. */
export function defineMetrics<const Table extends MetricTable>(table: Table): Table {
  return table;
}

/** Registers every metric of a table. Counters and gauges without labels show 0 from the start. */
export function createMetrics<Table extends MetricTable>(table: Table, register: Registry): Metrics<Table> {
  const metrics = Object.entries(table).map(([key, definition]) => [key, createMetric(definition, register)] as const);
  return Object.fromEntries(metrics) as Metrics<Table>;
}

function createMetric(definition: MetricDefinition, register: Registry): Counter | Gauge | Histogram {
  const settings = { name: definition.name, help: definition.help, labelNames: [...(definition.labels ?? [])], registers: [register] };
  switch (definition.type) {
    case 'counter':
      return new Counter(settings);
    case 'gauge':
      return new Gauge(settings);
    case 'histogram':
      return new Histogram(definition.buckets === undefined ? settings : { ...settings, buckets: [...definition.buckets] });
  }
}
